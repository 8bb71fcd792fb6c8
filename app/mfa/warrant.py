"""What lets somebody change their factors: a factor that they have, or somebody else's approval, used once.

Whoever takes over a session in Slack would else add a key of their own, and approve with it.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from app.domain.people import Principal
from app.domain.proof import Factor, Proof
from app.domain.request import Request, State
from app.mfa.proving import RECOVERY, Holdings

FRESH = timedelta(minutes=5)
"""For so long after it a proof lets its person change their factors."""
GRANT = "grant"
"""The kind of a proof by a grant; its credential is the grant's id."""
KINDS = {Factor.WEBAUTHN.value, Factor.TOTP.value, RECOVERY}
WaitsOn = Callable[[Principal], Awaitable[Sequence[str]]]
"""Gives the ids of requests of which a decision, also on more time, waits for somebody now."""


class Requests(Protocol):
    """Somebody's requests, and the use of a grant that is good for one: the workflow has both."""

    async def mine(self, by: Principal) -> Sequence[Request]:
        """One's own requests, newest first."""
        ...

    async def consume(self, request_id: str, by: Principal, ip: str = "") -> Request:
        """Use a grant up, exactly once whoever races; raises Refused."""
        ...


def is_good(proof: Proof, held: Holdings) -> bool:
    """Tell whether a proof by a factor is fresh, and by one that its person still has and that counts."""
    if proof.kind not in KINDS or proof.at is None or not timedelta() <= held.now - proof.at <= FRESH:
        return False
    return proof.kind == RECOVERY or any(
        each.id == proof.credential and each.factor == proof.kind and each.counts(held.now)
        for each in held.credentials
    )


def grant_for(requests: Sequence[Request], action: str, by: Principal, now: datetime) -> str | None:
    """Find a grant by which somebody may change their own factors: good for one use, and approved by another.

    What policy approved by itself, or broken glass, is nobody's approval.
    """
    for each in requests:
        if (
            (each.action, each.resource) == (action, by.id)
            and each.requester.is_same_person(by)
            and each.state is State.ACTIVE
            and each.ends_at is not None
            and now < each.ends_at
            and each.verdict.obligations.single_use
            and any(one.approved and not one.by.is_same_person(by) for one in each.decisions)
        ):
            return each.id
    return None
