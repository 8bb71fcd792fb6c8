"""What a digest tells: values, as they are shown in Slack and by `jit audit digest`."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from app.audit.chain import Head
from app.domain.proof import Proof
from app.domain.request import State
from app.domain.value import Value
from app.domain.verdict import Outcome

UNKNOWN = "unknown"


class Count(StrEnum):
    """What is counted. A request counts where it was asked, and again for what became of it."""

    ASKED = "asked"
    AUTO_APPROVED = "auto_approved"
    DENIED_BY_POLICY = "denied_by_policy"
    APPROVED = "approved"
    DENIED = "denied"
    CANCELLED = "cancelled"
    STOPPED_BY_POLICY = "stopped_by_policy"
    LAPSED = "lapsed"
    GRANTED = "granted"
    GRANT_FAILED = "grant_failed"
    COMPLETED = "completed"
    EXTENDED = "extended"
    EXPIRED = "expired"
    REVOKED = "revoked"
    GLASS_BROKEN = "glass_broken"
    ESCALATED = "escalated"
    QUESTIONS = "questions"
    REFUSED = "refused"


class Matter(Value):
    """The request that a line of the digest is about; `requester` is a name, `requester_id` the identity."""

    request_id: str
    requester: str = UNKNOWN
    requester_id: str = UNKNOWN
    action: str = UNKNOWN
    resource: str = UNKNOWN
    environment: str = UNKNOWN


class Tally(Value):
    """How often what happened to an action of an environment; what did not happen is not in `counts`."""

    environment: str
    action: str
    counts: dict[Count, int]


class Asked(Matter):
    """A request made in the window, and what policy said of it."""

    at: datetime
    seconds: int
    risk: str
    reason: str
    outcome: Outcome
    rules: tuple[str, ...]


class Decided(Matter):
    """An approval or a denial by a person."""

    at: datetime
    by: str
    by_id: str
    approved: bool
    stage: str
    proof: Proof
    comment: str
    behalf: str = ""
    """For whom, where by a delegate."""
    seconds: int | None = None
    """Set where it was approved for less than was asked."""
    part: str = ""
    """The part of the resource for which alone it was approved, where it was."""


class Attempt(Matter):
    """What someone tried on a request and may not, how often, and the last time."""

    at: datetime
    by: str
    by_id: str
    verb: str
    code: str
    times: int


class Wait(Matter):
    """How long a request waited, in seconds, until people had approved or denied it."""

    seconds: float
    approved: bool


class Live(Matter):
    """Access that exists, or may exist, at the target."""

    state: State
    until: datetime | None


class Failure(Matter):
    """A grant that failed, or an end that the target did not confirm; `is_over` when it did by now."""

    at: datetime
    error: str
    attempts: int = 1
    is_over: bool = False


class Unreviewed(Matter):
    """A glass that was broken, whenever that was, and whose review nobody has closed."""

    at: datetime
    why: str


class HandedOver(Value):
    """Someone lets another decide in their place."""

    at: datetime
    by: str
    by_id: str
    to: str
    to_id: str
    until: datetime


class FactorNews(Value):
    """What happened to somebody's second factors, in a plain sentence."""

    at: datetime
    text: str


class Digest(Value):
    """What happened from `since` until before `until`. Tuples are in the log's order, where not said."""

    since: datetime
    until: datetime
    size: int
    root: str
    tallies: tuple[Tally, ...] = ()
    """By environment and action."""
    asked: tuple[Asked, ...] = ()
    decided: tuple[Decided, ...] = ()
    self_approvals: tuple[Attempt, ...] = ()
    refused: tuple[Attempt, ...] = ()
    """Refused attempts other than to decide on one's own request."""
    waits: tuple[Wait, ...] = ()
    """The longest ones, longest first."""
    live: tuple[Live, ...] = ()
    """Now, and not only of the window; the next to end first."""
    lapsed: tuple[Matter, ...] = ()
    grant_failures: tuple[Failure, ...] = ()
    end_failures: tuple[Failure, ...] = ()
    unreviewed: tuple[Unreviewed, ...] = ()
    """Now, and not only of the window; the oldest first."""
    delegated: tuple[HandedOver, ...] = ()
    factors: tuple[FactorNews, ...] = ()
    late: tuple[Matter, ...] = ()
    """What happened before the window and reached the log within it: the digest before may lack it."""

    @property
    def checkpoint(self) -> str:
        """The log's head when the digest was made, as `jit audit verify --head` takes it."""
        return str(Head(self.size, self.root))

    def with_live(self, grants: Iterable[Live]) -> "Digest":
        """The same digest, with other grants as live."""
        return self.model_copy(update={"live": tuple(sorted(grants, key=_ends_first))})

    @property
    def total(self) -> Counter[Count]:
        """Counts over all environments and actions."""
        return sum((Counter(tally.counts) for tally in self.tallies), Counter())

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing happened and nothing is live."""
        return not (
            self.tallies
            or self.decided
            or self.end_failures
            or self.live
            or self.unreviewed
            or self.delegated
            or self.factors
            or self.late
        )


def _ends_first(grant: Live) -> tuple[bool, float, str]:
    return grant.until is None, grant.until.timestamp() if grant.until else 0, grant.request_id
