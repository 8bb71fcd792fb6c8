"""The digest: what happened in a window of time, for those who answer for security. Computed from the log."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from app.audit.chain import Recorded
from app.audit.digest_value import (
    Asked,
    Attempt,
    Count,
    Decided,
    Digest,
    FactorNews,
    Failure,
    HandedOver,
    Live,
    Matter,
    Tally,
    Unreviewed,
    Wait,
)
from app.audit.factors import factor_told
from app.audit.window import digest_window
from app.domain import events
from app.domain.people import SYSTEM
from app.domain.request import EndCause, Request
from app.domain.verdict import Outcome

__all__ = ["Count", "Digest", "digest_window", "make_digest"]

LONGEST_WAITS = 5
AskedOf = Callable[[str], events.Requested | None]
"""How a request was asked, looked up in the log by its id."""


def make_digest(
    entries: Sequence[Recorded],
    live: Sequence[Request],
    since: datetime,
    until: datetime,
    head: tuple[int, str],
    asked: AskedOf,
    names: Mapping[str, str] = MappingProxyType({}),
    unreviewed: Sequence[events.GlassBroken] = (),
) -> Digest:
    """Compute the digest of the entries that `AuditLog.between` gives for the window.

    `live` are the requests whose access exists now; `head` is size and root hash of the log; `asked` looks up
    how a request was asked that is older than the window. `names` are people's, by their ids, as policy has
    them now; someone who is in neither is told by id.
    """
    inside = [entry.event for entry in entries if since <= entry.event.at < until]
    before = [entry.event for entry in entries if entry.event.at < since]
    maker = _Maker([*before, *inside], live, asked, names)
    return Digest(
        since=since,
        until=until,
        size=head[0],
        root=head[1],
        tallies=maker.tallies(inside),
        asked=tuple(maker.asked(event) for event in inside if isinstance(event, events.Requested)),
        decided=tuple(
            maker.decided(event) for event in inside if isinstance(event, events.Approved | events.Denied)
        ),
        self_approvals=maker.attempts(inside, of_ones_own=True),
        refused=maker.attempts(inside, of_ones_own=False),
        waits=maker.waits(inside)[:LONGEST_WAITS],
        lapsed=tuple(maker.matter(e.request_id) for e in inside if isinstance(e, events.Lapsed)),
        grant_failures=tuple(maker.failed(e) for e in inside if isinstance(e, events.GrantFailed)),
        end_failures=maker.end_failures(inside),
        unreviewed=tuple(
            Unreviewed(**maker.matter(event.request_id).model_dump(), at=event.at, why=event.why)
            for event in unreviewed
        ),
        delegated=tuple(
            HandedOver(
                at=e.at,
                by=e.delegator.name,
                by_id=e.by,
                to=e.delegate.name,
                to_id=e.delegate.id,
                until=e.until,
            )
            for e in inside
            if isinstance(e, events.Delegated)
        ),
        factors=tuple(
            FactorNews(at=e.at, text=factor_told(e, f"{e.person.name} ({e.person.id})"))
            for e in inside
            if isinstance(e, events.FactorEvent)
        ),
        late=tuple(
            map(
                maker.matter,
                dict.fromkeys(
                    event.request_id
                    for event in before
                    if not isinstance(event, events.Delegated | events.DelegationEnded | events.FactorEvent)
                ),
            )
        ),
    ).with_live(map(live_grant, live))


def live_grant(request: Request) -> Live:
    """What the digest tells of a request whose access exists."""
    return Live(**_matter_of(request.id, request), state=request.state, until=request.ends_at)


class _Maker:
    """Knows the requests that events are about, and names."""

    def __init__(
        self,
        told: Sequence[events.Event],
        live: Sequence[Request],
        look_up: AskedOf,
        names: Mapping[str, str],
    ) -> None:
        self._look_up = look_up
        self._asked: dict[str, events.Requested | None] = {
            event.request_id: event for event in told if isinstance(event, events.Requested)
        }
        self._names = dict(names) | {d.by.id: d.by.name for request in live for d in request.decisions}
        self._names |= {request.requester.id: request.requester.name for request in live}
        for event in told:
            if (origin := self._origin(event.request_id)) is not None:
                self._names[origin.requester.id] = origin.requester.name

    def _origin(self, request_id: str) -> events.Requested | None:
        if request_id not in self._asked:
            self._asked[request_id] = self._look_up(request_id)
        return self._asked[request_id]

    def _about(self, request_id: str) -> dict[str, str]:
        origin = self._origin(request_id)
        return _matter_of(request_id, origin) if origin else {"request_id": request_id}

    def matter(self, request_id: str) -> Matter:
        return Matter(**self._about(request_id))

    def tallies(self, told: Sequence[events.Event]) -> tuple[Tally, ...]:
        counts: dict[tuple[str, str], Counter[Count]] = {}
        for event in told:
            about = self.matter(event.request_id)
            counts.setdefault((about.environment, about.action), Counter()).update(counted(event))
        return tuple(
            Tally(environment=environment, action=action, counts=dict(counts[environment, action]))
            for environment, action in sorted(counts)
            if counts[environment, action]
        )

    def asked(self, event: events.Requested) -> Asked:
        return Asked(
            **self._about(event.request_id),
            at=event.at,
            seconds=event.seconds,
            risk=event.risk,
            reason=event.reason,
            outcome=event.verdict.outcome,
            rules=event.verdict.rules,
        )

    def decided(self, event: events.Approved | events.Denied) -> Decided:
        return Decided(
            **self._about(event.request_id),
            at=event.at,
            by=self._name(event.by),
            by_id=event.by,
            approved=isinstance(event, events.Approved),
            stage=event.stage,
            proof=event.proof,
            comment=event.comment,
            behalf=self._name(event.behalf) if event.behalf else "",
            seconds=event.seconds if isinstance(event, events.Approved) else None,
            part=event.resource if isinstance(event, events.Approved) else "",
        )

    def attempts(self, told: Sequence[events.Event], *, of_ones_own: bool) -> tuple[Attempt, ...]:
        """Refused attempts; the same by the same person on the same request is one, with how often."""
        found: dict[tuple[str, ...], list[events.AttemptRefused]] = {}
        for event in told:
            if isinstance(event, events.AttemptRefused) and of_ones_own == (event.code == "self_approval"):
                key = (event.request_id, event.by, event.verb, event.code)
                found.setdefault(key, []).append(event)
        return tuple(
            Attempt(
                **self._about(same[-1].request_id),
                at=same[-1].at,
                by=self._name(same[-1].by),
                by_id=same[-1].by,
                verb=same[-1].verb,
                code=same[-1].code,
                times=len(same),
            )
            for same in found.values()
        )

    def waits(self, told: Sequence[events.Event]) -> tuple[Wait, ...]:
        """How long each request that people settled waited, longest first."""
        found = []
        for event in told:
            settles = isinstance(event, events.Denied) or (
                isinstance(event, events.Approved) and event.settled
            )
            origin = self._origin(event.request_id) if settles else None
            if origin is not None:
                seconds = (event.at - origin.at).total_seconds()
                approved = isinstance(event, events.Approved)
                found.append(Wait(**self._about(event.request_id), seconds=seconds, approved=approved))
        return tuple(sorted(found, key=lambda wait: (-wait.seconds, wait.request_id)))

    def failed(self, event: events.GrantFailed) -> Failure:
        return Failure(**self._about(event.request_id), at=event.at, error=event.error)

    def end_failures(self, told: Sequence[events.Event]) -> tuple[Failure, ...]:
        """The last failure of each request whose end failed, and whether it ended within the window."""
        last = {event.request_id: event for event in told if isinstance(event, events.EndFailed)}
        over = {event.request_id for event in told if isinstance(event, events.Ended)}
        return tuple(
            Failure(
                **self._about(request_id),
                at=event.at,
                error=event.error,
                attempts=event.attempts,
                is_over=request_id in over,
            )
            for request_id, event in last.items()
        )

    def _name(self, person: str) -> str:
        return self._names.get(person, person)


def counted(event: events.Event) -> list[Count]:
    """What an event counts as."""
    match event:
        case events.Requested(verdict=verdict):
            more = {Outcome.AUTO_APPROVE: [Count.AUTO_APPROVED], Outcome.DENY: [Count.DENIED_BY_POLICY]}
            return [Count.ASKED, *more.get(verdict.outcome, [])]
        case events.Approved():
            return [Count.APPROVED] if event.settled else []
        case events.Denied():
            return [Count.DENIED]
        case events.Cancelled():
            return [Count.STOPPED_BY_POLICY if event.by == SYSTEM else Count.CANCELLED]
        case events.Lapsed():
            return [Count.LAPSED]
        case events.Activated():
            return [Count.GRANTED]
        case events.GrantFailed():
            return [Count.GRANT_FAILED]
        case events.Ended(cause=cause):
            return [ENDS[cause]]
        case events.AttemptRefused():
            return [Count.REFUSED]
        case events.ExtensionAsked(ends_at=ends_at) | events.ExtensionDecided(ends_at=ends_at):
            return [Count.EXTENDED] if ends_at else []
        case events.GlassBroken():
            return [Count.GLASS_BROKEN]
        case events.Escalated():
            return [Count.ESCALATED]
        case events.QuestionAsked():
            return [Count.QUESTIONS]
        case (
            events.QuestionAnswered()
            | events.Reminded()
            | events.ReminderPutOff()
            | events.GlassReviewed()
            | events.Delegated()
            | events.DelegationEnded()
            | events.DeputiesChanged()
        ):
            return []
        case (
            events.FactorAdded()
            | events.FactorRemoved()
            | events.FactorRefused()
            | events.RecoveryCodesMade()
            | events.RecoveryCodeUsed()
        ):
            return []
        case (
            events.Scheduled()
            | events.ConfirmationAsked()
            | events.Confirmed()
            | events.GrantBegun()
            | events.Warned()
            | events.EndBegun()
            | events.Consumed()
            | events.WentSilent()
            | events.EndFailed()
        ):
            return []
        case (
            events.ApproversChanged()
            | events.CredentialsTaken()
            | events.OfflineTokenIssued()
            | events.Drifted()
            | events.GateAnswered()
        ):
            return []


ENDS = {
    EndCause.DONE: Count.COMPLETED,
    EndCause.EXPIRED: Count.EXPIRED,
    EndCause.REVOKED: Count.REVOKED,
    EndCause.FAILED: Count.GRANT_FAILED,
}


def _matter_of(request_id: str, asked: events.Requested | Request) -> dict[str, str]:
    return {
        "request_id": request_id,
        "requester": asked.requester.name,
        "requester_id": asked.requester.id,
        "action": asked.action,
        "resource": asked.resource,
        "environment": asked.environment,
    }
