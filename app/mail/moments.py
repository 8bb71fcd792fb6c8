"""Points in time in a mail: in the reader's zone, with its distance from UTC, so that it can be forwarded."""

from datetime import datetime, tzinfo


def moment(at: datetime, zone: tzinfo) -> str:
    """Such as `Mon 2 Mar 2026, 10:30 UTC`, or `…, 11:30 (UTC+0100)`."""
    local = at.astimezone(zone)
    told = f"(UTC{local:%z})" if local.utcoffset() else "UTC"
    return f"{local:%a} {local.day} {local:%b %Y}, {local:%H:%M} {told}"
