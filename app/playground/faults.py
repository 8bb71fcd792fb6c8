"""What Slack does on a bad day, on demand."""

import asyncio
from dataclasses import dataclass
from typing import Literal, TypeAlias

from app.playground.errors import OutageError, SlackError, rate_limited

Effect: TypeAlias = Literal["down", "slow", "rate_limited", "lost", "error"]
KINDS = ("down", "slow", "rate_limited", "lost", "disconnect", "refresh", "duplicate", "error:<code>", "none")


@dataclass
class Fault:
    """One fault in force: what it does, to which method, how often and until when (the clock's seconds)."""

    effect: Effect
    method: str = ""
    left: int | None = None
    until: float | None = None
    seconds: float = 0.0
    code: str = ""

    def over(self, now: float) -> bool:
        return (self.left is not None and self.left <= 0) or (self.until is not None and now >= self.until)


class Faults:
    """The faults in force, oldest first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self.duplicates = 0
        self.sockets_refused_until = 0.0
        self._cleared = asyncio.Event()

    def clear(self) -> None:
        """End every fault, and let go of calls that a slow one holds."""
        self._faults.clear()
        self.duplicates = 0
        self.sockets_refused_until = 0.0
        self._cleared.set()
        self._cleared = asyncio.Event()

    def add(
        self,
        kind: str,
        *,
        now: float,
        method: str = "",
        count: int | None = None,
        seconds: float | None = None,
    ) -> None:
        """Bring a fault about.

        `down` lasts `seconds`, or `count` calls, or until cleared. `slow` holds each call `seconds` (1).
        `rate_limited` asks for `seconds` (1) of patience: for `count` calls, or until that time has passed.
        `error:<code>` and `lost` (the call is done but its answer never arrives) strike `count` (1) calls.
        Raises `ValueError` for anything else.
        """
        match kind.partition(":"):
            case ("down", "", ""):
                until = now + seconds if seconds is not None else None
                self._faults.append(Fault("down", method, count, until))
            case ("slow", "", ""):
                self._faults.append(Fault("slow", method, count, None, 1.0 if seconds is None else seconds))
            case ("rate_limited", "", ""):
                wait = 1.0 if seconds is None else seconds
                until = now + wait if count is None else None
                self._faults.append(Fault("rate_limited", method, count, until, wait))
            case ("lost", "", ""):
                self._faults.append(Fault("lost", method, count or 1))
            case ("error", ":", code) if code:
                until = now + seconds if seconds is not None and count is None else None
                left = count if count is not None or until is not None else 1
                self._faults.append(Fault("error", method, left, until, code=code))
            case _:
                raise ValueError(f"There is no fault {kind!r}; there are {', '.join(KINDS)}.")

    def strike(self, method: str, now: float) -> Fault | None:
        """Take the fault that hits this call, if any, and count it."""
        self._faults = [fault for fault in self._faults if not fault.over(now)]
        for fault in self._faults:
            if fault.method in {"", method}:
                if fault.left is not None:
                    fault.left -= 1
                return fault
        return None

    async def suffer(self, method: str, now: float) -> bool:
        """Let a call suffer the fault that hits it; true when its answer is to be lost.

        Raises `OutageError`, or `SlackError`: ratelimited or the code that was asked for.
        """
        fault = self.strike(method, now)
        match fault.effect if fault else None:
            case "down":
                raise OutageError
            case "slow" if fault:
                await self.hold(fault.seconds)
            case "rate_limited" if fault:
                raise rate_limited(fault.seconds)
            case "error" if fault:
                raise SlackError(fault.code)
        return fault is not None and fault.effect == "lost"

    async def hold(self, seconds: float) -> None:
        """Wait as a slow call does, unless faults are cleared meanwhile."""
        try:
            await asyncio.wait_for(self._cleared.wait(), seconds)
        except TimeoutError:
            return
