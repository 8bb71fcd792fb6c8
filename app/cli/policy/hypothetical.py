"""What would be asked, read from the words and options of a command."""

from datetime import UTC, datetime
from typing import NamedTuple

from app.cli.policy.loading import misused
from app.domain.duration import parse_duration
from app.domain.people import Principal
from app.policy import Ask, Policy
from app.policy.ask import History
from app.policy.cases.spec import address
from app.policy.instants import read_instant

FALLBACK_SECONDS = 1800
"""How long what the catalogue does not know would last: whatever is said of it, it is not said of this."""


class Hypothetical(NamedTuple):
    """What was typed; empty and None where it was not."""

    who: str
    reason: str
    source: str
    at: str
    ip: str
    live: int | None
    earlier: list[str] | None

    def typed(self) -> list[str]:
        """Name the options that were typed."""
        options = {"who": "as"}
        return [f"--{options.get(key, key)}" for key, value in self._asdict().items() if value or value == 0]

    def ask(self, policy: Policy, words: list[str]) -> Ask:
        """Put it together with ACTION RESOURCE [DURATION], or end with 2.

        Names that the policy does not know stay as they are: that is part of the explanation.
        """
        at = _at(self.at)
        action = policy.actions.get(words[0])
        default = action.default.total_seconds() if action else FALLBACK_SECONDS
        try:
            seconds = parse_duration(words[2]).total_seconds() if len(words) == 3 else default
            asked = tuple((at - parse_duration(each)).astimezone(UTC) for each in self.earlier or ())
        except ValueError as error:
            misused(str(error))
        return Ask(
            requester=policy.people.get(self.who) or Principal(id=self.who, name=self.who, slack=""),
            action=words[0],
            resource=words[1],
            seconds=int(seconds),
            reason=self.reason,
            source=self.source or "slack",
            at=at,
            ip=_ip(self.ip),
            history=History(asked=asked, live=self.live or 0),
        )


def _at(typed: str) -> datetime:
    try:
        return read_instant(typed) if typed else datetime.now(UTC)
    except ValueError as error:
        misused(f"--at {error}")


def _ip(typed: str) -> str:
    try:
        return address(typed) if typed else ""
    except ValueError as error:
        misused(f"--ip {error}")
