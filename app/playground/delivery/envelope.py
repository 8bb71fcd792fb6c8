"""What goes out to an app, and what came back."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from app.playground.model import Json

EnvelopeKind: TypeAlias = Literal["slash_commands", "interactive", "events_api"]
ACK_WITHIN = 3.0


@dataclass(frozen=True)
class Envelope:
    """One delivery. docs: apis/events-api/using-socket-mode, apis/events-api (retries)."""

    kind: EnvelopeKind
    payload: Json
    accepts_response: bool = False
    retry_attempt: int = 0
    retry_reason: str = ""


@dataclass(frozen=True)
class Ack:
    """Whether the app acknowledged in time, after how many milliseconds, with what; else why not.

    `final` when the app asked not to be sent it again.
    """

    acked: bool
    ms: int
    response: Any = None
    reason: str = ""
    final: bool = False
