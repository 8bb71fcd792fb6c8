"""Callers of the API: people who signed in by Slack, machines, and anybody with a socket."""

import asyncio
import hashlib
import json
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, NamedTuple

from app.domain.request import State
from app.domain.token import Scope
from tests.workplace import Workplace, at_work

VERIFIER = "v" * 43
SINGLE_USE = {"single_use": True}
ASK = {"action": "prod-db-debug", "resource": "orders-db", "duration": "30m", "reason": "INC-7: slow"}


def with_machines(policies: dict[str, Any]) -> None:
    policies["machines"] = {
        "checkout-gateway": {"scopes": ["check", "consume"]},
        "deploy-ci": {"scopes": ["request", "read"]},
    }


def single_use(policies: dict[str, Any]) -> None:
    """What production's databases are debugged by is good for one use."""
    policies["rules"]["prod-db-debug"]["obligations"] = SINGLE_USE
    policies["api"] = {"decide": True}


class Said(NamedTuple):
    """An answer."""

    status: int
    body: Any
    headers: Any

    @property
    def code(self) -> str:
        return self.body.get("code", "") if isinstance(self.body, dict) else ""


class Caller:
    """One who calls with one token."""

    def __init__(self, work: Workplace, token: str) -> None:
        self.work = work
        self.token = token

    async def call(
        self, method: str, path: str, *, body: Any = None, headers: Any = None, **more: Any
    ) -> Said:
        with_token = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with self.work.http.request(
            method, base(self.work) + path, json=body, headers=with_token | (headers or {}), **more
        ) as answer:
            text = await answer.text()
            try:
                said = json.loads(text) if text else {}
            except ValueError:
                said = text
            return Said(answer.status, said, answer.headers)

    async def get(self, path: str, **more: Any) -> Said:
        return await self.call("GET", path, **more)

    async def post(self, path: str, body: Any = None, **more: Any) -> Said:
        return await self.call("POST", path, body=body, **more)

    async def asks(self, **changed: Any) -> str:
        """Ask; gives the id."""
        said = await self.post("/v1/requests", ASK | changed)
        assert 201 == said.status, said.body
        return said.body["id"]

    async def verb(self, request_id: str, verb: str, body: Any = None) -> Said:
        return await self.post(f"/v1/requests/{request_id}/{verb}", body)

    async def check(
        self, subject: str = "ana", action: str = "prod-db-debug", resource: str = "orders-db"
    ) -> Said:
        return await self.get(
            "/v1/grants/check", params={"subject": subject, "action": action, "resource": resource}
        )


class Callers:
    """A workplace, and those who call its API."""

    def __init__(self, work: Workplace) -> None:
        self.work = work
        self.url = base(work)
        self.nobody = Caller(work, "")

    async def person(self, user: str) -> Caller:
        """Sign somebody in, by Slack."""
        code = await self.code()
        await self.confirms(user, code)
        collected = await self.collect(code)
        assert 200 == collected.status, collected.body
        return Caller(self.work, collected.body["token"])

    async def machine(self, name: str = "checkout-gateway", *scopes: str) -> Caller:
        wanted = [Scope(each) for each in scopes or ("check", "consume")]
        made = await self.work.bot.tokens.make_for_machine(name, wanted, timedelta(days=1))
        return Caller(self.work, made.text)

    async def code(self, device: str = "ana@laptop") -> str:
        challenge = hashlib.sha256(VERIFIER.encode()).hexdigest()
        asked = await self.nobody.post("/v1/login", {"device": device, "challenge": challenge})
        assert 201 == asked.status, asked.body
        return asked.body["code"]

    async def confirms(self, user: str, code: str) -> str:
        """Type the code and confirm the form; gives the answer that this person alone reads."""
        await self.work.hands.types(user, f"/jit login {code}")
        view = await self.work.view(user, "jit_login")
        return await self.work.answer(user, self.work.hands.submits(user, view, {}))

    async def collect(self, code: str, verifier: str = VERIFIER) -> Said:
        return await self.nobody.post("/v1/login/token", {"code": code, "verifier": verifier})

    async def live(self, requester: Caller, approver: Caller, **changed: Any) -> str:
        """Ask and approve through the API, and wait until access is there; gives the id."""
        request_id = await requester.asks(**changed)
        assert 200 == (await approver.verb(request_id, "approve")).status
        await self.work.reaches(request_id, State.ACTIVE)
        return request_id


def base(work: Workplace) -> str:
    return work.app.request_url.removesuffix("/slack/events")


@asynccontextmanager
async def at_the_api(workplace: Workplace, **how: Any) -> Any:
    """Open a workplace and its API."""
    async with at_work(workplace, **how) as work:
        yield Callers(work)


async def at_once(calls: Any) -> list[Any]:
    """Do many things at the same instant."""
    return list(await asyncio.gather(*calls))
