"""Reads and writes policies as wholes, the only way there is: so changes are put together, and never lost.

A policy is read, changed and written with the etag that was read; where somebody wrote meanwhile (409) it is begun
anew. What waits for the same policy in this process is written at once: fifty grants are a few writes.
https://cloud.google.com/iam/docs/retry-strategy
"""

import asyncio
import random
from collections.abc import Callable
from typing import Any, NamedTuple

import structlog

from app.connectors.gcp.bindings import Bindings
from app.connectors.gcp.google import Google, Hosts, Lost, Refused
from app.connectors.gcp.settings import Settings
from app.connectors.gcp.tokens import Tokens
from app.connectors.protocol import ConnectorFailed

WITHIN = 24.0
TRIES = 10
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
TOO_LATE, TOO_OFTEN = 409, 429
VERSION = 3
HIDDEN = "_withcond_"
"""In the name of a role whose condition is not shown: https://cloud.google.com/iam/docs/troubleshooting-withcond."""
log = structlog.get_logger(__name__)

Change = Callable[[Bindings], Bindings]
"""Gives the same bindings where nothing is to be changed. May raise ConnectorFailed."""


class Wish(NamedTuple):
    """A change, and who waits for the policy that has it."""

    change: Change
    done: "asyncio.Future[Bindings]"

    @property
    def is_open(self) -> bool:
        """Whether somebody still waits: who gave up wants it no more."""
        return not self.done.done()


class Policies:
    """The policies of projects, folders and organizations. Every call may raise ConnectorFailed."""

    def __init__(self, settings: Settings) -> None:
        self._manager = Hosts.of(settings.api).manager
        self._google = Google()
        self._tokens = Tokens(self._google, settings)
        self._waiting: dict[str, list[Wish]] = {}
        self._at_work: dict[str, asyncio.Task[None]] = {}

    async def change(self, place: str, change: Change) -> Bindings:
        """Change a policy, and give the bindings that it was read with."""
        wish = Wish(change, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(place, []).append(wish)
        if place not in self._at_work:
            self._at_work[place] = asyncio.create_task(self._work(place))
        return await wish.done

    async def bindings(self, place: str) -> Bindings:
        """Read what stands in a policy."""
        return _bindings_of(await self._read(place), place)

    async def lacking(self, place: str) -> list[str]:
        """Ask which permissions we lack to do all this."""
        kind = place.split("/", maxsplit=1)[0]
        needed = [f"resourcemanager.{kind}.{verb}IamPolicy" for verb in ("get", "set")]
        may = (await self._call(place, "testIamPermissions", {"permissions": needed})).get("permissions")
        return [each for each in needed if not isinstance(may, list) or each not in may]

    async def close(self) -> None:
        tasks = list(self._at_work.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._google.close()

    async def _work(self, place: str) -> None:
        """Write what waits, and what came meanwhile, one after the other: within a process nothing overtakes."""
        wishes: list[Wish] = []
        try:
            while wishes := self._waiting.pop(place, []):
                await self._settle(place, wishes)
        finally:
            del self._at_work[place]
            _fail([*wishes, *self._waiting.pop(place, [])], ConnectorFailed("the bot is stopping"))

    async def _settle(self, place: str, wishes: list[Wish]) -> None:
        try:
            async with asyncio.timeout(WITHIN):
                await self._write(place, wishes)
        except TimeoutError:
            _fail(wishes, ConnectorFailed(f"the policy of {place} was not written within {WITHIN:g} s"))
        except Refused as refused:
            left = [each for each in wishes if each.is_open]
            if refused.status != 400 or len(left) < 2:
                _fail(wishes, refused)
                return
            for wish in left:  # one that Google does not take must not be in the way of others
                await self._settle(place, [wish])
        except ConnectorFailed as failure:
            _fail(wishes, failure)
        except Exception as bug:
            log.exception("policy_not_written", place=place)
            _fail(
                wishes, ConnectorFailed(f"writing failed in a way that the log tells: {type(bug).__name__}")
            )

    async def _write(self, place: str, wishes: list[Wish]) -> None:
        """Read, change and write, anew after what may pass. An answer that was lost is seen by the next reading."""
        for tried in range(1, TRIES + 1):
            try:
                await self._write_once(place, wishes)
            except (Lost, Refused) as failure:
                may_pass = isinstance(failure, Lost) or failure.status in {TOO_LATE, TOO_OFTEN}
                if not may_pass or tried == TRIES:
                    raise
                pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**tried)
                await asyncio.sleep(random.uniform(0, pause))  # noqa: S311  so that bots do not meet again
            else:
                return

    async def _write_once(self, place: str, wishes: list[Wish]) -> None:
        policy = await self._read(place)
        read = _bindings_of(policy, place)
        made = _changed(read, wishes)
        if made != read:
            written = {"policy": policy | {"bindings": made, "version": VERSION}}
            stands = _bindings_of(await self._call(place, "setIamPolicy", written), place)
            if _changed(stands, wishes) != stands:
                raise ConnectorFailed(f"{place} took a policy, and has another one")
        for wish in wishes:
            if wish.is_open:
                wish.done.set_result(read)

    async def _read(self, place: str) -> dict[str, Any]:
        return await self._call(place, "getIamPolicy", {"options": {"requestedPolicyVersion": VERSION}})

    async def _call(self, place: str, method: str, body: dict[str, Any]) -> dict[str, Any]:
        """Call the Resource Manager; once more with a new token where it does not take the one we have."""
        url = f"{self._manager}/v3/{place}:{method}"
        try:
            return (await self._google.ask("POST", url, await self._tokens.headers(), json=body)).body
        except Refused as refused:
            if refused.status != 401:
                raise
            self._tokens.forget()
            return (await self._google.ask("POST", url, await self._tokens.headers(), json=body)).body


def _changed(bindings: Bindings, wishes: list[Wish]) -> Bindings:
    """Apply what is still wanted; a change that cannot be is told to who wants it, and hinders no other."""
    for wish in wishes:
        if wish.is_open:
            try:
                bindings = wish.change(bindings)
            except ConnectorFailed as failure:
                wish.done.set_exception(failure)
    return bindings


def _bindings_of(policy: dict[str, Any], place: str) -> Bindings:
    """Give the bindings of a policy that can be written back without loss. Raises ConnectorFailed."""
    bindings, etag = policy.get("bindings", []), policy.get("etag")
    if not isinstance(etag, str) or not etag or not isinstance(bindings, list):
        raise ConnectorFailed(f"{place} has a policy without an etag, which could not be written safely")
    for each in bindings:
        if not (isinstance(each, dict) and isinstance(each.get("role"), str)):
            raise ConnectorFailed(f"{place} has a policy with a binding that is none")
        if not isinstance(each.get("members"), list) or not isinstance(each.get("condition") or {}, dict):
            raise ConnectorFailed(f"{place} has a policy with a binding that is none")
        if HIDDEN in each["role"]:
            raise ConnectorFailed(
                f"{place} shows a policy without its conditions, which writing would remove"
            )
    return bindings


def _fail(wishes: list[Wish], failure: ConnectorFailed) -> None:
    for wish in wishes:
        if wish.is_open:
            wish.done.set_exception(failure)
