"""Conditions on when something is asked."""

from dataclasses import dataclass, field
from datetime import datetime

from app.policy.conditions import Facts, Finding
from app.policy.windows import Freeze, Window


@dataclass(frozen=True, slots=True)
class During:
    """The ask comes in one of the windows, or, with `outside`, in none of them."""

    windows: tuple[Window, ...]
    outside: bool = False
    expected: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        named = " or ".join(str(window) for window in self.windows[:4])
        object.__setattr__(self, "expected", f"outside of {named}" if self.outside else f"within {named}")

    def look(self, facts: Facts) -> Finding:
        """Look at the clock. What cannot be told: a time without a zone, or one in year 1 or 9999."""
        at, expected = facts.ask.at, self.expected
        try:
            inside = at.tzinfo is not None and any(window.has(at) for window in self.windows)
            if at.tzinfo is None or inside is self.outside:
                known = at.tzinfo is not None
                return Finding(False, f"is for times {expected}; {self._actual(at)}", known)
        except (OverflowError, ValueError):
            return Finding(False, f"is for times {expected}; what time it is there cannot be told", False)
        return Finding(True, expected)

    def _actual(self, at: datetime) -> str:
        if at.tzinfo is None:
            return "in which zone it is asked is not known"
        zone = self.windows[0].zone
        now = f"it is {at.astimezone(zone):%a %d %b %H:%M} there"
        if self.outside:
            return now
        openings = [found for window in self.windows if (found := window.next_opening(at))]
        return f"{now}; ask from {min(openings):%a %d %b %H:%M} {zone.key} on" if openings else now


@dataclass(frozen=True, slots=True)
class InFreeze:
    """The ask comes in one of the freezes."""

    freezes: tuple[Freeze, ...]

    def look(self, facts: Facts) -> Finding:
        """Look at the clock. What cannot be told: a time without a zone."""
        at = facts.ask.at
        named = " or ".join(freeze.name for freeze in self.freezes[:8])
        if at.tzinfo is None:
            return Finding(False, f"is for the freeze {named}; in which zone it is asked is not known", False)
        for freeze in self.freezes:
            if freeze.has(at):
                return Finding(True, f"frozen by {freeze}: {freeze.reason}")
        return Finding(False, f"is for the freeze {named}; it is {at:%Y-%m-%d %H:%M %Z}, and there is none")
