"""What policy is asked: one person, one action, one resource, for how long, why, through what, from where."""

from datetime import datetime

from app.domain.people import Principal
from app.domain.provenance import IpFrom, ip_from
from app.domain.value import Value


class History(Value):
    """What the requester had before this ask.

    `asked` are the times (UTC) of their earlier requests of the same action that were not denied, cancelled
    or lapsed, in any order, at least as far back as `Policy.remembers` says; older ones do no harm. `live` is
    the number of their grants, of any action, that exist now or are about to: approved, granting, active and
    ending ones. The request that is judged is in neither.
    """

    asked: tuple[datetime, ...] = ()
    live: int = 0


class Ask(Value):
    """The facts that a verdict rests on. `at`: when it is judged, with a zone.

    What a caller does not know it leaves out, and never guesses: a condition about it then counts as met in a
    rule that denies or requires, and as not met in one that permits.

    `source` is the way in: slack, cli, api, ci or trigger; empty is not known.
    `ip` is the address that the requester came from, as text, IPv4 or IPv6, told by a connection of theirs or
    by a proxy that is trusted; empty is not known, which is the rule in Slack. How it is known follows from `source`.
    `history` is needed for actions whose rules count; `Policy.remembers` says which. None is not known.
    """

    requester: Principal
    action: str
    resource: str
    seconds: int
    reason: str
    source: str
    at: datetime
    ip: str = ""
    history: History | None = None

    @property
    def ip_from(self) -> IpFrom:
        """How the address is known."""
        return ip_from(self.source, self.ip)
