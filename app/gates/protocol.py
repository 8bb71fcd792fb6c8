"""What every vendor's gate can do."""

from datetime import timedelta
from typing import ClassVar, NamedTuple, Protocol

from pydantic import SecretStr

from app.domain.gate import Answer, Gate, Turn
from app.policy.trigger_event import Event

LONGEST_SAID = 1000
"""Characters of what a vendor is told: GitHub takes 1,024 of a status report."""


class NotNow(Exception):  # noqa: N818  an answer of the vendor, told to people
    """The vendor did not answer, or not as it should; try again, `after` so many seconds where it said so."""

    def __init__(self, said: str, after: float | None = None) -> None:
        super().__init__(said)
        self.after = after


class WaitsNoMore(Exception):  # noqa: N818  an answer of the vendor, told to people
    """The vendor takes no answer to this any more, and never will; `str()` says why."""


class Read(NamedTuple):
    """What an event says of the deployment that waits: `key` tells it from all others of the gate.

    `secret` answers for it, where the event brings one; `place` then names it as `token`.
    """

    gate: Gate
    key: str
    secret: SecretStr | None = None


class Vendor(Protocol):
    """One gate. Calls may repeat, and are cancelled at the end of the process."""

    source: ClassVar[str]
    """Whose events it reads."""
    title: ClassVar[str]
    waits: ClassVar[timedelta | None]
    """How long after its event the vendor takes an answer; None: longer than any request waits."""
    hears_every: ClassVar[timedelta | None]
    """How often it is to hear that the decision is still open."""

    name: str
    """As the settings have it."""

    def read(self, event: Event) -> Read:
        """Read what waits. Raises BadInput for what is no deployment that waits at this very gate."""
        ...

    def turn(self, gate: Gate) -> Turn | None:
        """Give its turn, where the vendor's answers do not name the deployment and it may ask anew; else None."""
        ...

    async def still_open(self, gate: Gate, token: str, said: str) -> None:
        """Let it hear that people have not decided. Raises NotNow or WaitsNoMore."""
        ...

    async def is_ready(self, gate: Gate, token: str, said: str) -> None:
        """See that it answers and, as far as it says so, waits. Raises NotNow or WaitsNoMore."""
        ...

    async def tell(self, gate: Gate, answer: Answer, said: str, token: str) -> None:
        """Tell it the answer; returns once it is taken. Raises NotNow or WaitsNoMore."""
        ...

    async def check(self) -> str:
        """See that it takes us for who we are; gives whom it takes us for. Raises NotNow or WaitsNoMore."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
