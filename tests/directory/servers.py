"""Servers on loopback that speak as PagerDuty and Opsgenie document it, their errors among it.

PagerDuty: developer.pagerduty.com, «List all of the on-calls», «Errors», «Rate Limiting». Opsgenie:
docs.opsgenie.com, «Who is On Call API», «Response», «API Rate Limiting».
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

TOKEN, KEY = "u+read-only", "6d2b9a30-read-only"
SCHEDULE = "2d1f6f3f-9c6a-4ef4-9e46-2f1c2a4c1c7e"


class Server:
    """What a server knows, what it was asked, and what goes wrong with it."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.weather: web.Response | float | None = None
        """An answer in place of the right one, or seconds of silence before it."""
        self.url = ""

    async def suffer(self, request: web.Request) -> web.Response | None:
        self.asked.append(request)
        if isinstance(self.weather, float):
            await asyncio.sleep(self.weather)
            return None
        return self.weather


class PagerDutyServer(Server):
    """`entries`: pairs of a schedule's id and a user who is on call by it."""

    def __init__(self, entries: list[tuple[str, dict[str, Any]]]) -> None:
        super().__init__()
        self.entries = entries

    async def oncalls(self, request: web.Request) -> web.Response:
        if (other := await self.suffer(request)) is not None:
            return other
        if request.headers.get("Authorization") != f"Token token={TOKEN}":
            return web.Response(status=401, text="")
        assert request.headers["Accept"] == "application/vnd.pagerduty+json;version=2"
        query = request.query
        wanted = query.getall("schedule_ids[]", [])
        limit, offset = int(query.get("limit", "25")), int(query.get("offset", "0"))
        if limit > 100:
            body = {
                "error": {"message": "Invalid Input Provided", "code": 2001, "errors": ["Limit too high"]}
            }
            return web.json_response(body, status=400)
        whole = "users" in query.getall("include[]", [])
        entries = [_entry(*each, whole=whole) for each in self.entries if not wanted or each[0] in wanted]
        page = entries[offset : offset + limit]
        more = offset + limit < len(entries)
        return web.json_response(
            {"oncalls": page, "limit": limit, "offset": offset, "more": more, "total": None}
        )


def _entry(schedule: str, user: dict[str, Any], *, whole: bool) -> dict[str, Any]:
    shown = {
        "id": user["id"],
        "summary": user.get("name"),
        "self": f"https://api.pagerduty.com/users/{user['id']}",
    }
    shown |= {"type": "user", **user} if whole else {"type": "user_reference"}
    return {
        "escalation_policy": {"id": "PT20YPA", "type": "escalation_policy_reference", "summary": "Platform"},
        "escalation_level": 1,
        "schedule": {"id": schedule, "type": "schedule_reference", "summary": "Daily Engineering Rotation"},
        "user": shown,
        "start": "2026-03-02T09:00:00Z",
        "end": "2026-03-09T09:00:00Z",
    }


class OpsgenieServer(Server):
    """`schedules`: names of users on call, by the id and name of a schedule."""

    def __init__(self, schedules: dict[tuple[str, str], list[str]]) -> None:
        super().__init__()
        self.schedules = schedules
        self.enabled = True

    async def on_calls(self, request: web.Request) -> web.Response:
        if (other := await self.suffer(request)) is not None:
            return other
        if request.headers.get("Authorization") != f"GenieKey {KEY}":
            return web.json_response(_failed("Could not authenticate"), status=401)
        wanted = request.match_info["identifier"]
        by = 1 if request.query.get("scheduleIdentifierType", "id") == "name" else 0
        for names, people in self.schedules.items():
            if names[by] == wanted:
                return web.json_response(self._flat(names, people))
        return web.json_response(_failed(f"No schedule exists with {wanted}"), status=404)

    def _flat(self, names: tuple[str, str], people: list[str]) -> dict[str, Any]:
        parent = {"id": names[0], "name": names[1], "enabled": self.enabled}
        return {
            "data": {"_parent": parent, "onCallRecipients": people},
            "took": 0.05,
            "requestId": "21d0e1a9",
        }


def _failed(message: str) -> dict[str, Any]:
    return {"message": message, "took": 0.001, "requestId": "3c4f9f1a"}


@asynccontextmanager
async def running(server: Server, *routes: web.RouteDef) -> AsyncIterator[Any]:
    """Run a server on any free port of loopback."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


def pagerduty(server: PagerDutyServer) -> Any:
    return running(server, web.get("/oncalls", server.oncalls))


def opsgenie(server: OpsgenieServer) -> Any:
    return running(server, web.get("/v2/schedules/{identifier}/on-calls", server.on_calls))
