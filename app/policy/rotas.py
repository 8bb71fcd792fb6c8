"""Who is on call: a pure function from an instant to a person, told by the clocks on the wall of one zone.

Shifts are handed over at a time of day, each so many days after the one before. A handover in an hour that the
clocks skip is at the instant at which they have skipped it; in one that they show twice, at the first of both.
So shifts never overlap and leave no gap, and one over a change of the clocks is an hour shorter or longer.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.policy.clocks import first_showing

NOBODY: frozenset[str] = frozenset()
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Override:
    """Someone takes over for a while; `begins` is in it, `ends` is not."""

    begins: datetime
    ends: datetime
    person: str

    def has(self, at: datetime) -> bool:
        """Tell whether an instant is in it."""
        return self.begins <= at < self.ends


@dataclass(frozen=True, slots=True)
class Rota:
    """People take shifts of `days` in order, from the handover on the first day on; before it there is nobody.

    `handover` is in minutes since midnight; overrides must not overlap.
    """

    people: tuple[str, ...]
    first: date
    days: int
    handover: int
    zone: ZoneInfo
    overrides: tuple[Override, ...] = ()

    def on_call(self, at: datetime) -> frozenset[str]:
        """Give whoever is on call at an instant: one person, or nobody before the first shift."""
        for override in self.overrides:
            if override.has(at):
                return frozenset({override.person})
        shift = self._shift(at)
        return NOBODY if shift < 0 else frozenset({self.people[shift % len(self.people)]})

    def next_change(self, at: datetime) -> datetime:
        """Give the first instant after this one at which somebody else may be on call, in UTC."""
        return min(each for each in self._changes(at) if each > at)

    def _changes(self, at: datetime) -> Iterator[datetime]:
        yield self._begin(max(self._shift(at) + 1, 0))
        for override in self.overrides:
            yield override.begins.astimezone(UTC)
            yield override.ends.astimezone(UTC)

    def _shift(self, at: datetime) -> int:
        """Give the number of the shift that an instant is in, from 0; negative before the first."""
        shift = (at.astimezone(self.zone).date() - self.first).days // self.days
        while self._begin(shift) > at:
            shift -= 1
        while self._begin(shift + 1) <= at:
            shift += 1
        return shift

    def _begin(self, shift: int) -> datetime:
        day = self.first + shift * self.days * A_DAY
        return first_showing(datetime.combine(day, time.min) + timedelta(minutes=self.handover), self.zone)
