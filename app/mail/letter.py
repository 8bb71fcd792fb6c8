"""A letter in the post: what happened and whom it is for. What it says is made when it is sent."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from app.domain.events import Event
from app.domain.value import Value
from app.mail.said import Said


class Topic(StrEnum):
    """What somebody is told for."""

    ASK = "ask"
    """To decide on a request that waits, or on more time."""
    REMIND = "remind"
    TELL = "tell"
    """What became of their own request, or of one that they are to know of."""
    SETTLED = "settled"
    """That what they were asked needs them no more."""
    QUESTION = "question"
    GLASS = "glass"
    NOTICE = "notice"
    """What is said already: the digest, or word of something that belongs to no request."""


class Letter(Value):
    """To a person, by id, or to an address that is no person's. `said` is set for a NOTICE alone."""

    topic: Topic
    person: str = ""
    address: str = ""
    request_id: str = ""
    event: Annotated[Event, Field(discriminator="kind")] | None = None
    said: Said | None = None
