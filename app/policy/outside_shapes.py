"""The shapes of values about groups and rotas that come from elsewhere: places, programs, schedules, shifts."""

import re
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import PlainValidator

from app.policy.shapes import matching, text_in

MOST_LEVELS = 9
MOST_DAYS = 366
SHIFT = re.compile(r"([1-9]\d{0,2})(d|w)", re.ASCII)
SLACK_GROUP = re.compile(r"S[A-Z0-9]{2,20}|@?[a-z0-9][a-z0-9._-]{0,79}")
ARGUMENT = re.compile(r"[^\x00-\x1f\x7f]{1,1000}")
PAGERDUTY = re.compile(r"[A-Z0-9]{4,20}")
OPSGENIE = re.compile(r"[^\x00-\x1f\x7f/]{1,100}")


def place(value: object) -> str:
    """Read where a SCIM document is: an https address, an http one on loopback, or a file."""
    right = "an address that begins with https://, or a file such as groups/platform.json"
    text = text_in(value, right)
    if "://" not in text:
        if not ARGUMENT.fullmatch(text):
            raise ValueError(f"is “{text[:60]}”; write {right}")
        return text
    try:
        parts = urlsplit(text)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        raise ValueError(f"is “{text[:60]}”; write {right}") from None
    if not host or not re.fullmatch(r"[!-~]+", text):
        raise ValueError(f"is “{text[:60]}”; write {right}")
    if parts.username is not None:
        raise ValueError("has a name or password in it; write it without, and set JIT_SCIM_TOKEN")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise ValueError(f"is “{text[:60]}”, which others may read or change on its way; write {right}")
    return text


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def shift(value: object) -> int:
    """Read the length of a shift, in days."""
    right = "a number of days or weeks, such as 1d or 1w"
    text = text_in(value, right)
    found = SHIFT.fullmatch(text)
    days = int(found[1]) * (7 if found[2] == "w" else 1) if found else 0
    if not 1 <= days <= MOST_DAYS:
        raise ValueError(f"is “{text[:60]}”; write {right}")
    return days


def levels(value: object) -> int:
    """Read how many levels of managers are meant; true is the first."""
    right = f"true for the requester's manager, or how many levels up, 1 to {MOST_LEVELS}"
    text = text_in(value, right)
    if text == "true":
        return 1
    if not re.fullmatch(rf"[1-{MOST_LEVELS}]", text, re.ASCII):
        raise ValueError(f"is “{text[:60]}”; write {right}")
    return int(text)


Place = Annotated[str, PlainValidator(place)]
Shift = Annotated[int, PlainValidator(shift)]
Levels = Annotated[int, PlainValidator(levels)]
SlackGroup = Annotated[
    str, PlainValidator(matching(SLACK_GROUP, "a Slack user group's id such as S012AB3CD, or its handle"))
]
Argument = Annotated[str, PlainValidator(matching(ARGUMENT, "a word of a command, such as --group"))]
PagerDutySchedule = Annotated[
    str, PlainValidator(matching(PAGERDUTY, "a PagerDuty schedule's id such as PI7DH85"))
]
OpsgenieSchedule = Annotated[
    str, PlainValidator(matching(OPSGENIE, "an Opsgenie schedule's id, or its name"))
]
