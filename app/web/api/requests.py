"""`/v1/requests`: asking, looking, and waiting until it is settled."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Request, Response, Security

from app.domain.refusals import BadInput, Refused
from app.domain.request import Request as Asked
from app.domain.token import Scope
from app.web.api.models import OVER, SETTLED, Ask, Id, Listed, Shown, read_binding, read_duration, shown
from app.web.api.services import BEARER, Services, token_of
from app.workflow import Wish

LONGEST_WAIT = 60
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern="^[!-~]{1,128}$",
        description="The same key within an hour asks once, however often it is sent.",
    ),
]
Wait = Annotated[
    int,
    Query(ge=0, le=LONGEST_WAIT, description="Answer when it is settled, or after so many seconds."),
]


class KeyReused(Refused):
    """The same key came with another wish: which of the two is meant nobody can tell."""

    code = "key_reused"

    def __init__(self, request_id: str) -> None:
        super().__init__(
            f"This Idempotency-Key asked for {request_id}, which is something else. Use a new one."
        )


def routes(services: Services) -> APIRouter:
    """Make the routes."""
    api = APIRouter(prefix="/requests", tags=["requests"], dependencies=[Security(BEARER)])
    workflow = services.workflow

    @api.post("", status_code=201)
    async def ask(request: Request, response: Response, wish: Ask, key: Key = None) -> Shown:
        """Ask for access. It comes back denied, approved, or pending until people decide."""
        calling = await services.calling(request)
        calling.caller.require(Scope.REQUEST)
        by = calling.caller.by
        if wish.start_at is not None and wish.start_at.tzinfo is None:
            raise BadInput("Write the start with a zone, such as 2026-03-02T10:00:00Z.", field="start_at")
        asked = await workflow.request(
            Wish(
                action=wish.action,
                resource=wish.resource,
                duration=read_duration(wish.duration) if wish.duration else None,
                reason=wish.reason,
                source=calling.caller.source(wish.source),
                ip=calling.address.ip,
                ip_told_by=calling.address.told_by,
                run=calling.caller.token.run,
                delivery=f"api:{by.id}:{key}" if key else "",
                start_at=wish.start_at,
                binding=read_binding(wish.command, wish.parameters),
                heartbeat=wish.heartbeat,
            ),
            by,
        )
        if not _is_same(asked, wish, workflow.usual_seconds(asked)):
            raise KeyReused(asked.id)
        response.headers["Location"] = f"/v1/requests/{asked.id}"
        return shown(asked)

    @api.get("")
    async def mine(request: Request) -> Listed:
        """List one's own newest requests, and those that wait for one's decision."""
        calling = await services.calling(request)
        calling.caller.require(Scope.READ, Scope.REQUEST)
        by = calling.caller.by
        own = await workflow.mine(by)
        waiting = [] if calling.caller.is_machine else await workflow.waiting_for(by)
        return Listed(requests=[*map(shown, own)], waiting_for_you=[*map(shown, waiting)])

    @api.get("/{request_id}")
    async def one(
        request: Request, request_id: Id, wait: Wait = 0, until: Literal["settled", "ended"] = "settled"
    ) -> Shown:
        """Look at a request that concerns the caller.

        With `wait`, answer as soon as it is settled: access is there, or is not going to be. With
        `until=ended` as soon as access ends.
        """
        enough = SETTLED if until == "settled" else OVER
        calling = await services.calling(request)
        calling.caller.require(Scope.READ, Scope.REQUEST)
        found = await workflow.see(request_id, calling.caller.by)
        if wait == 0 or found.state in enough:
            return shown(found)
        async with services.watch.on(request_id) as changed, _until_gone(request) as gone:
            ends = asyncio.get_running_loop().time() + wait
            while True:
                changed.clear()
                found = await workflow.see(request_id, calling.caller.by)
                left = ends - asyncio.get_running_loop().time()
                if found.state in enough or left <= 0 or gone.done():
                    break
                await _first_of(changed, gone, left)
        caller = await services.tokens.caller(token_of(request))  # who waited a minute may be gone by now
        return shown(await workflow.see(request_id, caller.by))

    return api


def _is_same(asked: Asked, wish: Ask, usual: int | None) -> bool:
    """Tell whether a request is what this wish asked for; policy drops white space and control characters.

    `usual`: for how long it lasts where nothing is said, if that is known still.
    """
    if not _lasts_as_long(asked, wish, usual) or not _starts_then(asked, wish.start_at):
        return False
    if (asked.binding, asked.heartbeat) != (read_binding(wish.command, wish.parameters), wish.heartbeat):
        return False
    return _bare(asked.action, asked.asked_resource, asked.reason) == _bare(
        wish.action, wish.resource, wish.reason
    )


def _lasts_as_long(asked: Asked, wish: Ask, usual: int | None) -> bool:
    if asked.extended_by:  # it may last longer by now than was asked, and for how long that was is not kept
        return True
    seconds = read_duration(wish.duration).total_seconds() if wish.duration else usual
    return seconds is None or int(seconds) == asked.asked_seconds


def _starts_then(asked: Asked, start_at: datetime | None) -> bool:
    """Tell whether it was to start then; a start that had just passed as it was asked was at once."""
    at_once = start_at is None or start_at <= asked.created_at
    return asked.start_at is None if at_once else asked.start_at == start_at


def _bare(*texts: str) -> list[str]:
    return ["".join(filter(str.isalnum, text)) for text in texts]


@asynccontextmanager
async def _until_gone(request: Request) -> AsyncIterator["asyncio.Task[None]"]:
    """Give a task that is done as soon as the caller hangs up: nobody is waited for who waits no more."""

    async def until_gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    gone = asyncio.create_task(until_gone())
    try:
        yield gone
    finally:
        gone.cancel()


async def _first_of(changed: asyncio.Event, gone: "asyncio.Task[None]", within: float) -> None:
    """Wait for a change, for the caller to hang up, or for so many seconds."""
    change = asyncio.create_task(changed.wait())
    try:
        await asyncio.wait({change, gone}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    finally:
        change.cancel()
