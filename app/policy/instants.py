"""Instants as people write them in cases and on the command line: `mon 2026-03-02 10:00 Europe/Berlin`."""

import re
from datetime import UTC, datetime

from app.policy.context_shapes import DAYS, instant

RIGHT = "a time such as 2026-03-02T10:00Z, 2026-03-02 10:00 Europe/Berlin or mon 2026-03-02 10:00"
_FORM = re.compile(
    r"(?:(?P<day>[A-Za-z]{3})[a-z]* +)?(?P<date>\d{4}-\d\d-\d\d)[T ](?P<time>\d\d:\d\d(?::\d\d)?)"
    r"(?P<offset>Z|[+-]\d\d:\d\d)?(?: +(?P<zone>[A-Za-z][A-Za-z0-9_+/-]{0,63}))?",
    re.ASCII,
)


def read_instant(text: str) -> datetime:
    """Read an instant, to the second; without offset and zone it is UTC. A weekday must be the date's.

    Raises ValueError, with what is wrong and what would be right, also where a zone's clocks skip a time,
    or show it twice.
    """
    found = _FORM.fullmatch(text.strip())
    if found is None or (found["offset"] and found["zone"]):
        raise ValueError(f"is “{text[:60]}”; write {RIGHT}")
    try:
        local = datetime.fromisoformat(f"{found['date']}T{found['time']}{found['offset'] or ''}")
    except ValueError:
        raise ValueError(f"is “{text[:60]}”, which is no time that there is; write {RIGHT}") from None
    weekday = DAYS[local.weekday()]
    if found["day"] and found["day"].lower() != weekday:
        raise ValueError(f"says {found['day']}, and {found['date']} is a {weekday}; write the date's own day")
    if found["offset"]:
        return local
    return instant(local, found["zone"]) if found["zone"] else local.replace(tzinfo=UTC)
