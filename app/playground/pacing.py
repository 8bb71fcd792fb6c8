"""Slack's pace: a message a second to a channel, with short bursts. docs: apis/web-api/rate-limits."""

from dataclasses import dataclass, field

PER_SECOND = 1.0
BURST = 5.0


@dataclass
class Pacing:
    """A bucket a channel: it holds `BURST` messages and fills by one a second."""

    _levels: dict[str, tuple[float, float]] = field(default_factory=dict)

    def take(self, channel_id: str, now: float) -> float:
        """Take one message's place; else give the seconds until there is one."""
        level, then = self._levels.get(channel_id, (BURST, now))
        level = min(BURST, level + (now - then) * PER_SECOND)
        if level < 1:
            self._levels[channel_id] = (level, now)
            return (1 - level) / PER_SECOND
        self._levels[channel_id] = (level - 1, now)
        return 0.0
