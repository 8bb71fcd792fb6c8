"""Checks of a grant with the token that asks: two looks at two keys in one round trip, however many ask at once.

What is asked while an earlier round trip is under way goes together in the next one, so that under load a check
costs a part of a round trip, and never more than two of them.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from app.domain.token import Token
from app.store import keys
from app.store.held import Held, bound_to_another, read_held
from app.store.requests import reachable
from app.store.scripts import source
from app.store.tokens import read_row

AT_ONCE = 128


class Checked(NamedTuple):
    """A token, and the grant by which what it asked about is permitted now; None where there is none.

    `elsewhere`: one that is bound to another command or other parameters, where there is one, else empty.
    """

    token: Token | None
    held: Held | None
    elsewhere: str = ""


class _Asked(NamedTuple):
    token: str
    held: str
    digest: str
    answer: "asyncio.Future[Checked]"


class Checks:
    """Looks; raises Unavailable whenever the server cannot be reached."""

    def __init__(self, client: Redis) -> None:
        self._redis = client
        self._asked: list[_Asked] = []
        self._looking: asyncio.Task[None] | None = None
        self._sha = ""

    async def look(self, token_id: str, person: str, action: str, resource: str, digest: str = "") -> Checked:
        """Read a token, and which grant permits something now, by the server's clock.

        `digest`: of the exact command or parameters; without it what is bound permits nothing.
        """
        answer: asyncio.Future[Checked] = asyncio.get_running_loop().create_future()
        self._asked.append(_Asked(keys.token(token_id), keys.held(person, action, resource), digest, answer))
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        return await answer

    async def _look(self) -> None:
        try:
            while self._asked:
                asked, self._asked = self._asked[:AT_ONCE], self._asked[AT_ONCE:]
                try:
                    answers = await self._answers(asked)
                except Exception as error:  # noqa: BLE001  whoever asked is told
                    for each in asked:
                        if not each.answer.done():
                            each.answer.set_exception(error)
                    continue
                for each, answer in zip(asked, answers, strict=True):
                    if not each.answer.done():
                        each.answer.set_result(answer)
        finally:
            self._looking = None

    async def _answers(self, asked: Sequence[_Asked]) -> list[Checked]:
        async with reachable():
            try:
                rows = await self._round_trip(asked)
            except NoScriptError:
                self._sha = str(await self._redis.script_load(source("held")))
                rows = await self._round_trip(asked)
        return [_read(each, row, held) for each, row, held in zip(asked, rows[::2], rows[1::2], strict=True)]

    async def _round_trip(self, asked: Sequence[_Asked]) -> list[Any]:
        """Send all at once; redis-py's scripts would ask first whether the server knows them."""
        if not self._sha:
            raise NoScriptError
        async with self._redis.pipeline(transaction=False) as pipeline:
            for each in asked:
                pipeline.hmget(each.token, ["doc", "used"])
                pipeline.evalsha(self._sha, 1, each.held)
            rows: list[Any] = await pipeline.execute()
        return rows


def _read(asked: _Asked, row: Any, answer: Sequence[str]) -> Checked:
    held = read_held(answer, asked.digest)
    elsewhere = "" if held or not answer else bound_to_another(answer, asked.digest)
    return Checked(read_row(row), held, elsewhere)
