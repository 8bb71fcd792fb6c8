"""The ways in which people are told: in Slack, by email, or by both."""

from enum import StrEnum
from typing import Annotated

from pydantic import PlainValidator

from app.policy.shapes import one_of


class Way(StrEnum):
    """A way to reach somebody."""

    SLACK = "slack"
    EMAIL = "email"


UNSAID = frozenset({Way.SLACK})
"""How somebody is told who does not say it."""
WayWord = Annotated[str, PlainValidator(one_of(*Way))]
MAIL_KEYS = frozenset({"digest"})
