"""Gates that wait for their answer, when each is looked at next, and the tokens that answer for them."""

import hashlib
from datetime import timedelta
from enum import StrEnum
from typing import Any

from redis.asyncio import Redis

from app.domain.gate import Turn
from app.store import keys
from app.store.requests import reachable
from app.store.scripts import Scripts

KEPT = timedelta(days=30)
"""How long it is known that a gate was answered: longer than any event about it comes again."""
TURN_KEPT = timedelta(days=31)
"""Longer than any vendor waits whose answers several may ask for."""
CLAIMED = timedelta(minutes=2)
"""Above the longest that looking at one may take; one whose process died is looked at again after it."""
LONGEST_AGAIN = timedelta(minutes=5)
SHOWN_FROM = 3
"""Failures in a row, before which nobody is bothered."""


class Fate(StrEnum):
    """What became of a gate: its vendor took the answer, will not take any, or could not be reached for long."""

    ANSWERED = "answered"
    REFUSED = "refused"
    GIVEN_UP = "given_up"
    FORGOTTEN = "forgotten"


class GateStore:
    """Gates by the id of their request. Raises Unavailable when Redis cannot be reached."""

    def __init__(self, client: Redis) -> None:
        self._redis = client
        self._scripts = Scripts(client)

    async def wake(self, request_id: str, *, new: bool = False) -> bool:
        """Have a gate looked at soon; False where it is settled, or is none unless it is `new`."""
        async with reachable():
            woken = await self._scripts.run(
                "gate_wake", [keys.gate(request_id), keys.GATES_DUE], [request_id, int(new)]
            )
        return bool(woken)

    async def claim(self, at_most: int) -> list[str]:
        """Claim gates that are due, over all replicas once."""
        async with reachable():
            due = await self._scripts.run(
                "claim", [keys.GATES_DUE], [at_most, round(CLAIMED.total_seconds() * 1000)]
            )
        return [str(each) for each in due]

    async def waits(self, request_id: str) -> bool:
        """Tell whether a gate is not settled; one that is leaves the queue."""
        async with reachable():
            if await self._redis.hget(keys.gate(request_id), "state") == "waiting":
                return True
            await self._redis.zrem(keys.GATES_DUE, request_id)
        return False

    async def begin(self, request_id: str) -> int:
        """Note that the vendor is told now; gives how often that was begun before."""
        async with reachable():
            return int(await self._redis.hincrby(keys.gate(request_id), "tries", 1)) - 1

    async def later(self, request_id: str, seconds: float, failed: str = "", *, at_least: float = 0.0) -> int:
        """Look again in some seconds, or at once if something happened meanwhile; gives failures in a row.

        With each failure in a row the seconds double, up to LONGEST_AGAIN; they are `at_least` what the vendor said.
        """
        async with reachable():
            count = await self._scripts.run(
                "gate_later",
                [keys.gate(request_id), keys.GATES_DUE, keys.GATES_FAILING],
                [
                    request_id,
                    round(seconds * 1000),
                    failed,
                    SHOWN_FROM,
                    round(LONGEST_AGAIN.total_seconds() * 1000),
                    round(at_least * 1000),
                ],
            )
        return int(count)

    async def settle(self, request_id: str, fate: Fate) -> None:
        """Nobody looks at it again."""
        async with reachable():
            await self._scripts.run(
                "gate_settle",
                [keys.gate(request_id), keys.GATES_DUE, keys.GATES_FAILING],
                [request_id, fate, round(KEPT.total_seconds() * 1000)],
            )

    async def fate(self, request_id: str) -> str:
        """What became of a gate: `waiting`, a Fate, or nothing where there is none."""
        async with reachable():
            return str(await self._redis.hget(keys.gate(request_id), "state") or "")

    async def failing(self) -> dict[str, str]:
        """Gates that cannot be answered, by request, with why."""
        async with reachable():
            found: Any = await self._redis.hgetall(keys.GATES_FAILING)
        return dict(found)

    async def take_turn(self, gate: str, turn: Turn, request_id: str = "") -> str | None:
        """Take the turn at an answer unless a newer one has it; gives None, or whose it is ("" while that opens).

        Who had it is looked at soon.
        """
        name = hashlib.sha256(f"{gate}\n{turn.answer}".encode()).hexdigest()
        async with reachable():
            mine, newer = await self._scripts.run(
                "gate_turn",
                [keys.gate_answer(name), keys.GATES_DUE],
                [turn.number, request_id, round(TURN_KEPT.total_seconds() * 1000)],
            )
        return None if int(mine) else str(newer)

    async def put_token(self, name: str, sealed: str, lasts: timedelta) -> None:
        """Keep what answers for a gate, sealed; a newer one takes its place."""
        async with reachable():
            await self._redis.set(keys.gate_token(name), sealed, px=lasts)

    async def token(self, name: str) -> str:
        """Give it; empty where it is gone."""
        async with reachable():
            return str(await self._redis.get(keys.gate_token(name)) or "")

    async def forget_token(self, name: str) -> None:
        async with reachable():
            await self._redis.delete(keys.gate_token(name))
