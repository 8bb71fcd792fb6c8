"""The tests' people, and a request to begin with."""

from datetime import UTC, datetime, timedelta

from app.domain.ids import new_request_id
from app.domain.people import Principal
from app.domain.request import Request, State
from app.domain.verdict import Outcome, Reason, Stage, Verdict

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ANA = Principal(id="ana", name="Ana Ruiz", slack="U0ANA")
BEN = Principal(id="ben", name="Ben Okafor", slack="U0BEN")
CHLOE = Principal(id="chloe", name="Chloe Martin", slack="U0CHLOE")
SAM = Principal(id="sam", name="Sam Lindqvist", slack="U0SAM")
EVERYONE = (ANA, BEN, CHLOE, SAM)
OWNERS = Stage(name="owners", groups=("dbas",), people=("ben", "chloe"))


def entitled(stage: Stage) -> frozenset[str]:
    """A stage names people directly."""
    return frozenset(stage.people)


def a_request(
    *,
    outcome: Outcome = Outcome.REQUIRE,
    stages: tuple[Stage, ...] = (OWNERS,),
    seconds: int = 1800,
    requester: Principal = ANA,
    now: datetime = NOW,
    lapses_in: timedelta = timedelta(hours=1),
    request_id: str = "",
) -> Request:
    """A request that is not yet asked."""
    reason = Reason(rule="engineers-debug", effect=outcome, matched=True, because="group engineers may ask")
    return Request(
        id=request_id or new_request_id(requester.id),
        state=State.PENDING,
        requester=requester,
        action="prod-db-debug",
        action_title="Debug a production database",
        environment="production",
        resource="orders-db",
        seconds=seconds,
        reason="INC-7: checkout is slow",
        risk="high",
        channel="#prod-approvals",
        source="slack",
        verdict=Verdict(
            outcome=outcome,
            reasons=(reason,),
            policy_digest="0" * 64,
            stages=stages if outcome is Outcome.REQUIRE else (),
        ),
        created_at=now,
        lapses_at=now + lapses_in,
    )
