"""A deployment that waits elsewhere for what is decided here. The functions stand in `passing`."""

from enum import StrEnum
from typing import NamedTuple

from pydantic import Field

from app.domain.value import Value


class Answer(StrEnum):
    """What the vendor is told at last."""

    APPROVED = "approved"
    REJECTED = "rejected"


class Turn(NamedTuple):
    """Which of several deployments an answer is for that names none of them: the one with the highest number.

    `answer` is what the vendor takes an answer by, `number` decimal digits without leading zeros.
    """

    answer: str
    number: str


class Gate(Value):
    """`name` is one of the settings of gates, which say where it is; `what` tells people what waits there.

    `place` is how the vendor names it, in parts that the gate has checked; no address and no secret stands here.
    """

    name: str
    what: str
    place: dict[str, str] = Field(default_factory=dict)
