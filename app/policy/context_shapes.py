"""The shapes of values about circumstances: days, hours, zones, networks, rates, ticket patterns."""

import re
from datetime import date, datetime, timedelta
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import PlainValidator

from app.domain.duration import parse_duration
from app.policy.patterns import pattern
from app.policy.shapes import matching, one_of, text_in

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SOURCES = ("slack", "cli", "api", "ci", "trigger")
ADDRESS_FROM = ("api", "cli", "ci", "browser_check")
MOST_COUNTED = 1000
REMEMBERED = timedelta(days=30)
"""Requests are forgotten by the store this long after they are over: a count over more would be too low."""
ZONE = re.compile(r"[A-Za-z0-9_+-]{1,32}(/[A-Za-z0-9_+-]{1,32}){0,2}")
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
ATTRIBUTE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@/-]{0,63}")
ATTRIBUTE_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
MIDNIGHT = 24 * 60


@cache
def zone_of(name: str) -> ZoneInfo:
    """Give a zone of the IANA database. Raises ValueError."""
    if not ZONE.fullmatch(name) or name.casefold() in {"local", "localtime"}:
        raise ValueError(f"is “{name[:60]}”; write an IANA zone such as Europe/Berlin, or UTC")
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        text = (
            f"is “{name}”, which is no zone that is known; write an IANA zone such as Europe/Berlin, or UTC"
        )
        raise ValueError(text) from None


def _zone(value: object) -> str:
    text = text_in(value, "an IANA zone such as Europe/Berlin, or UTC")
    zone_of(text)
    return text


def _days(value: object) -> tuple[int, ...]:
    """Read a day or a span of days: `sat` is (5,), `fri-mon` is (4, 5, 6, 0)."""
    right = "a day such as mon, or a span such as mon-fri"
    text = text_in(value, right)
    first, dash, last = text.partition("-")
    if first not in DAYS or (dash and last not in DAYS):
        raise ValueError(f"is “{text[:60]}”; write {right}")
    begin, end = DAYS.index(first), DAYS.index(last or first)
    return tuple((begin + step) % 7 for step in range((end - begin) % 7 + 1))


def _clock(value: object) -> int:
    """Read a time of day as minutes since midnight; 24:00 is the day's end."""
    right = 'a time of day in quotes, such as "09:00" or "24:00"'
    text = text_in(value, right)
    if text == "24:00":
        return MIDNIGHT
    if not CLOCK.fullmatch(text):
        raise ValueError(f"is “{text[:60]}”; write {right}")
    return int(text[:2]) * 60 + int(text[3:])


def _date(value: object) -> date:
    right = "a date such as 2026-12-25"
    text = text_in(value, right)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise ValueError(f"is “{text[:60]}”; write {right}")


def _moment(value: object) -> datetime:
    """Read a local date and time, to the minute, with or without the zone's distance from UTC."""
    right = "a date and time such as 2026-12-18T18:00"
    text = text_in(value, right)
    if re.fullmatch(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d([+-]\d\d:\d\d)?", text, re.ASCII):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    raise ValueError(f"is “{text[:60]}”; write {right}")


def instant(moment: datetime, zone: str) -> datetime:
    """Give the instant at which the clocks of a zone show a time.

    Raises ValueError for a time that they never show (they are put forward over it), one that they show twice
    (they are put back) and comes without its distance from UTC, and a distance that is not the zone's then.
    """
    there = zone_of(zone)
    if moment.tzinfo is not None:
        local = moment.astimezone(there)
        if local.utcoffset() != moment.utcoffset():
            raise ValueError(_wrong_distance(moment, local, zone))
        return moment
    early, late = moment.replace(tzinfo=there, fold=0), moment.replace(tzinfo=there, fold=1)
    if early.utcoffset() == late.utcoffset():
        return early
    written = f"{moment:%Y-%m-%dT%H:%M}"
    one, other = (f"{written}{_distance(each)}" for each in (early, late))
    if datetime.fromisoformat(one).astimezone(there).replace(tzinfo=None) == moment:
        raise ValueError(f"is {written}, which the clocks of {zone} show twice; write {one} or {other}")
    after = datetime.fromisoformat(one).astimezone(there)
    raise ValueError(
        f"is {written}, which the clocks of {zone} skip as they go forward; write {after:%Y-%m-%dT%H:%M}"
    )


def _wrong_distance(moment: datetime, local: datetime, zone: str) -> str:
    written, right = (
        f"{moment:%Y-%m-%dT%H:%M}{_distance(moment)}",
        f"{local:%Y-%m-%dT%H:%M}{_distance(local)}",
    )
    return f"is {written}, but {zone} is at {_distance(local)} from UTC then; write {right}"


def _distance(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")[16:]


def _network(value: object) -> str:
    """Read a network; one of IPv4 addresses mapped into IPv6 (RFC 4291, 2.5.5.2) is that of IPv4."""
    right = "a network such as 10.0.0.0/8 or 2001:db8::/32"
    text = text_in(value, right)
    try:
        found = ip_network(text)
    except ValueError:
        near = _masked(text)
        raise ValueError(f"is “{text[:60]}”; write {near or right}") from None
    return str(unmapped(found))


def _masked(text: str) -> str:
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        return ""


def unmapped(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    """Give the IPv4 network that one of mapped addresses stands for; any other as it is."""
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is None or network.prefixlen < 96:
        return network
    return IPv4Network((mapped, network.prefixlen - 96))


def _count(value: object) -> int:
    right = f"a whole number, 1 to {MOST_COUNTED}"
    text = text_in(value, right)
    if not re.fullmatch(r"[1-9]\d{0,3}", text, re.ASCII) or int(text) > MOST_COUNTED:
        raise ValueError(f"is “{text[:60]}”; write {right}")
    return int(text)


def _per(value: object) -> int:
    """Read the length of time over which is counted, in seconds."""
    right = "hour, day, or a duration such as 7d"
    text = text_in(value, right)
    if text in {"hour", "day"}:
        return {"hour": 3600, "day": 86400}[text]
    try:
        per = parse_duration(text)
    except ValueError:
        raise ValueError(f"is “{text[:60]}”; write {right}") from None
    if per > REMEMBERED:
        raise ValueError(f"is “{text[:60]}”; write at most 30d, which is how long requests are remembered")
    return int(per.total_seconds())


def _yes_or_no(value: object) -> bool:
    text = text_in(value, "true or false")
    if text not in {"true", "false"}:
        raise ValueError(f"is “{text[:60]}”; write true or false")
    return text == "true"


def _attribute_values(value: object) -> tuple[str, ...]:
    """Read what an attribute is, or may be: one word or a list of them."""
    words = value if isinstance(value, list) else [value]
    right = "a word such as payments, or a list of them"
    if not words:
        raise ValueError(f"is an empty list; write {right}")
    return tuple(matching(ATTRIBUTE, right)(word) for word in words)


def _attributes(value: object) -> dict[str, tuple[str, ...]]:
    right = "attributes such as {team: payments}"
    if not isinstance(value, dict):
        raise ValueError(f"{'is missing' if value is None else 'is not a mapping'}; write {right}")  # noqa: TRY004
    if not value:
        raise ValueError(f"is an empty mapping; write {right}, or leave the key out")
    found = {}
    for key, words in value.items():
        name = matching(ATTRIBUTE_NAME, "a-z, 0-9 and _, such as cost_centre")
        try:
            name(key)
        except ValueError as error:
            raise ValueError(f"has a name that {error}") from None
        try:
            found[key] = _attribute_values(words)
        except ValueError as error:
            raise ValueError(f"has {key}, which {error}") from None
    return found


Zone = Annotated[str, PlainValidator(_zone)]
Days = Annotated[tuple[int, ...], PlainValidator(_days)]
Clock = Annotated[int, PlainValidator(_clock)]
Date = Annotated[date, PlainValidator(_date)]
Moment = Annotated[datetime, PlainValidator(_moment)]
Network = Annotated[str, PlainValidator(_network)]
Count = Annotated[int, PlainValidator(_count)]
Per = Annotated[int, PlainValidator(_per)]
Flag = Annotated[bool, PlainValidator(_yes_or_no)]
Attributes = Annotated[dict[str, tuple[str, ...]], PlainValidator(_attributes)]
Source = Annotated[str, PlainValidator(one_of(*SOURCES))]
AddressFrom = Annotated[str, PlainValidator(one_of(*ADDRESS_FROM))]
Ticket = Annotated[str, PlainValidator(pattern)]
