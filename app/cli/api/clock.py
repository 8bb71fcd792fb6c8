"""The server's clock, as its answers tell it (`Date`, RFC 9110, 6.6.1): this machine's own may be wrong by hours."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

ROUNDED = timedelta(seconds=1)
"""What `Date` leaves out is less than this; it is added, so that nothing seems to last longer than it does."""


def _ticks() -> float:
    """Count seconds, also those that the machine sleeps through; nobody sets this clock."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class ServerClock:
    """What time it is at the server, going on from what it said last."""

    def __init__(self, ticks: Callable[[], float] = _ticks) -> None:
        self._ticks = ticks
        self._heard: tuple[datetime, float] | None = None

    def heard(self, date: str) -> None:
        """Note what time the server says that it is; what is no time is passed over."""
        try:
            said = parsedate_to_datetime(date)
        except (TypeError, ValueError):
            return
        if said.tzinfo is not None:
            self._heard = (said + ROUNDED, self._ticks())

    def now(self) -> datetime:
        """The server's time; this machine's, as long as the server has told none."""
        if self._heard is None:
            return datetime.now(UTC)
        said, at = self._heard
        return said + timedelta(seconds=self._ticks() - at)
