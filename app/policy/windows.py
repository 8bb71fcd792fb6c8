"""Windows of local time, and freezes: when something is so, told by the clocks on the wall of one zone.

An instant is in a window when the clock shows a time in it. So a window that begins in an hour which the
clocks skip begins when they have skipped it, and one within an hour which they show twice is there twice. A
window that ends at or before it begins ends on the next day, and belongs to the day on which it begins.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.policy.clocks import back_between, showings
from app.policy.context_shapes import DAYS, MIDNIGHT

AHEAD = 15
"""Days for which the next opening is looked for: two weeks, and today."""
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """Days of the week with a span of time in minutes since midnight, but for some dates."""

    zone: ZoneInfo
    days: frozenset[int]
    begins: int
    ends: int
    closed: frozenset[date] = frozenset()

    def has(self, instant: datetime) -> bool:
        """Tell whether an instant is in the window. Raises OverflowError at the ends of the calendar."""
        local = instant.astimezone(self.zone)
        minute, day = local.hour * 60 + local.minute, local.date()
        if self.begins < self.ends:
            return self.begins <= minute < self.ends and self._is_open(day)
        if minute >= self.begins:
            return self._is_open(day)
        return minute < self.ends and self._is_open(day - A_DAY)

    def next_opening(self, instant: datetime) -> datetime | None:
        """Give the local time of the next beginning, within two weeks."""
        local = instant.astimezone(self.zone)
        today, minute = local.date(), local.hour * 60 + local.minute
        for ahead in range(AHEAD):
            day = today + ahead * A_DAY
            if self._is_open(day) and (ahead or minute < self.begins):
                return datetime(day.year, day.month, day.day, tzinfo=self.zone) + self.begins * _MINUTE
        return None

    def closes(self, instant: datetime) -> datetime:
        """Give the first instant after one in the window that is not in it, in UTC; a day's end counts as one.

        Clocks that are put back may take it out of the window, and in again.
        """
        local, at = instant.astimezone(self.zone), instant.astimezone(UTC)
        midnight = datetime.combine(local.date(), time.min)
        ends = [midnight + ahead * A_DAY + self.ends * _MINUTE for ahead in (-1, 0, 1, 2)]
        shown = [each for end in ends for each in showings(end, self.zone)]
        closes = min(each for each in shown if each > at)
        put_back = back_between(at, closes, self.zone)
        return put_back if put_back and not self.has(put_back) else closes

    def _is_open(self, day: date) -> bool:
        return day.weekday() in self.days and day not in self.closed

    def __str__(self) -> str:
        is_whole = (self.begins, self.ends) == (0, MIDNIGHT)
        hours = "" if is_whole else f" {_hour(self.begins)} to {_hour(self.ends)}"
        but = " but for its holidays" if self.closed else ""
        return f"{days_in_words(self.days)}{hours} {self.zone.key}{but}"


@dataclass(frozen=True, slots=True)
class Freeze:
    """A span of time with a reason. `begins` is in it, `ends` is not."""

    name: str
    begins: datetime
    ends: datetime
    reason: str

    def has(self, instant: datetime) -> bool:
        """Tell whether an instant is in the freeze."""
        return self.begins <= instant < self.ends

    def __str__(self) -> str:
        return f"{self.name} ({self.begins:%Y-%m-%d %H:%M} to {self.ends:%Y-%m-%d %H:%M %Z})"


_MINUTE = timedelta(minutes=1)


def days_in_words(days: frozenset[int]) -> str:
    """Write days of the week: `mon-fri`, `sat and sun` as `sat-sun`, `every day`."""
    if len(days) == 7:
        return "every day"
    return ", ".join(_spans(sorted(days)))


def _spans(days: list[int]) -> Iterator[str]:
    begin = 0
    for index, day in enumerate(days):
        if index + 1 == len(days) or days[index + 1] != day + 1:
            first = days[begin]
            yield DAYS[first] if first == day else f"{DAYS[first]}-{DAYS[day]}"
            begin = index + 1


def _hour(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
