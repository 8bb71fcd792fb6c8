"""The shapes of single values in policy files: each says what is wrong with one, and what would be right."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, TypeVar

from pydantic import BeforeValidator, PlainValidator

from app.domain.duration import parse_duration
from app.domain.people import SYSTEM

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
RESOURCE_SIGNS = r"A-Za-z0-9._:/@+=,\-"
RESOURCE = re.compile(rf"[{RESOURCE_SIGNS}]{{1,128}}")
GLOB = re.compile(rf"[{RESOURCE_SIGNS}*?\[\]!]{{1,128}}")
NAME_GLOB = re.compile(r"[a-z0-9*?\[\]!-]{1,64}")
CHANNEL = re.compile(r"#[^\W_A-Z]([^\WA-Z]|-){0,79}|[CG][A-Z0-9]{2,20}")
SLACK_USER = re.compile(r"[UW][A-Z0-9]{2,20}")
SUBJECT = re.compile(r"[\x21-\x7e]{1,255}")
"""OpenID Connect Core 1.0, section 2: at most 255 ASCII characters."""
MOST_APPROVALS = 20
T = TypeVar("T")


def text_in(value: object, right: str) -> str:
    """Give a value that must be text. Raises ValueError, which says what would be right."""
    if value is None:
        raise ValueError(f"is missing; write {right}")
    if not isinstance(value, str):
        kind = "a list" if isinstance(value, list) else "a mapping"
        raise ValueError(f"is {kind}; write {right}")  # noqa: TRY004  pydantic takes this one alone
    return value


def matching(form: re.Pattern[str], right: str) -> Callable[[object], str]:
    """Make a validator for text of one form."""

    def validate(value: object) -> str:
        text = text_in(value, right)
        if not form.fullmatch(text):
            raise ValueError(f"is “{text[:60]}”; write {right}")
        return text

    return validate


def text_up_to(limit: int) -> Callable[[object], str]:
    """Make a validator for a sentence or two, on one line once it is read."""

    def validate(value: object) -> str:
        text = " ".join(text_in(value, f"text of 1 to {limit} characters").split())
        if not 1 <= len(text) <= limit:
            raise ValueError(f"has {len(text)} characters; write 1 to {limit}")
        return text

    return validate


def one_of(*words: str) -> Callable[[object], str]:
    """Make a validator for one of a few words."""
    right = f"{', '.join(words[:-1])} or {words[-1]}"

    def validate(value: object) -> str:
        text = text_in(value, right)
        if text not in words:
            raise ValueError(f"is “{text[:60]}”; write {right}")
        return text

    return validate


def _duration(value: object) -> timedelta:
    text = text_in(value, "a duration such as 30m, 2h or 1d")
    try:
        return parse_duration(text)
    except ValueError:
        raise ValueError(f"is “{text[:60]}”; write a duration such as 30m, 2h or 1d") from None


def duration_or_never(value: object) -> timedelta:
    """Read a duration; `never` is none at all."""
    text = text_in(value, "a duration such as 20m, or never")
    try:
        return timedelta() if text == "never" else parse_duration(text)
    except ValueError:
        raise ValueError(f"is “{text[:60]}”; write a duration such as 20m, or never") from None


def _quorum(value: object) -> int:
    right = f"how many must approve, 1 to {MOST_APPROVALS}"
    text = text_in(value, right)
    if not re.fullmatch(r"[1-9]\d?", text, re.ASCII) or int(text) > MOST_APPROVALS:
        raise ValueError(f"is “{text[:60]}”; write {right}")
    return int(text)


def person_id(value: object) -> str:
    text = name(value)
    if text == SYSTEM:
        raise ValueError(f"is “{SYSTEM}”, which stands for the product itself; choose another")
    return text


def _list(value: object) -> list[object]:
    if value is None:
        raise ValueError("is missing; write a list such as [a, b], or [] for none")
    if not isinstance(value, list):
        raise ValueError("is not a list; write one such as [a, b]")  # noqa: TRY004  pydantic takes this one alone
    return value


def _filled_list(value: object) -> list[object]:
    if value is None:
        raise ValueError("is missing; write a list such as [a, b]")
    found = _list(value)
    if not found:
        raise ValueError("is an empty list; name at least one, or leave the key out")
    return found


def _glob(form: re.Pattern[str], right: str) -> Callable[[object], str]:
    of_form = matching(form, right)

    def validate(value: object) -> str:
        text = of_form(value)
        if text.count("[") != text.count("]"):
            raise ValueError(f"is “{text[:60]}”, with a bracket that is not closed; close it")
        return text

    return validate


def _expression(value: object) -> str:
    return text_in(value, "an expression in CEL, such as  request.seconds <= 1800")


name = matching(NAME, "a name of a-z, 0-9 and -, up to 64, such as prod-db-debug")
Name = Annotated[str, PlainValidator(name)]
PersonId = Annotated[str, PlainValidator(person_id)]
NameGlob = Annotated[str, PlainValidator(_glob(NAME_GLOB, "a name or a pattern such as prod-*"))]
ResourceGlob = Annotated[
    str, PlainValidator(_glob(GLOB, "a resource such as orders-db, or a pattern such as orders-*"))
]
Channel = Annotated[
    str, PlainValidator(matching(CHANNEL, 'a channel in quotes, such as "#prod-approvals", or its id (C…)'))
]
SlackUser = Annotated[
    str, PlainValidator(matching(SLACK_USER, "a Slack member id such as U012AB3CD («Copy member ID»)"))
]
Subject = Annotated[
    str,
    PlainValidator(matching(SUBJECT, "the subject (sub) of an account, 1 to 255 characters without spaces")),
]
Title = Annotated[str, PlainValidator(text_up_to(75))]
Prose = Annotated[str, PlainValidator(text_up_to(500))]
Duration = Annotated[timedelta, PlainValidator(_duration)]
Remind = Annotated[timedelta, PlainValidator(duration_or_never)]
Quorum = Annotated[int, PlainValidator(_quorum)]
Risk = Annotated[str, PlainValidator(one_of("low", "medium", "high", "critical"))]
ReasonNeeded = Annotated[str, PlainValidator(one_of("required", "optional"))]
EffectWord = Annotated[str, PlainValidator(one_of("deny", "auto_approve", "require"))]
Mode = Annotated[str, PlainValidator(one_of("enforce", "shadow"))]
Expression = Annotated[str, PlainValidator(_expression)]
SomeOf = Annotated[tuple[T, ...], BeforeValidator(_filled_list)]
"""A list that is not empty: an empty selector would leave open whether it means nobody or everybody."""
ListOf = Annotated[tuple[T, ...], BeforeValidator(_list)]
"""A list that may be empty."""
