"""Events for the audit's tests: one story of each kind, and any story that the transitions allow."""

from datetime import timedelta

from hypothesis import strategies as st

from app.audit.chain import Recorded
from app.domain import transitions as t
from app.domain.people import Principal
from app.domain.refusals import Refused
from app.domain.request import Lease
from app.domain.verdict import Outcome
from tests.people import ANA, BEN, CHLOE, EVERYONE, NOW, SAM, a_request, entitled

LEASE = Lease(connector="grant-key", reference="r", summary="the grant key for orders-db")
MINUTE = timedelta(minutes=1)
Story = list  # of events, in the order they happened


def whole_story(requester: Principal = ANA, now=NOW, request_id: str = "R02-4KX9TQZ") -> Story:
    """Asked, tried by its requester, approved, given, warned, failing to end, ended."""
    request, asked = t.ask(a_request(requester=requester, now=now, request_id=request_id))
    told = [asked]
    _, event = t.refuse_attempt(request, requester, "approve", "self_approval", now + MINUTE)
    told.append(event)
    for move in (
        lambda r: t.approve(r, BEN, entitled, now + 2 * MINUTE, "go, *but* <!channel> quickly"),
        lambda r: t.begin_grant(r, now + 2 * MINUTE),
        lambda r: t.activate(r, LEASE, now + 2 * MINUTE),
        lambda r: t.warn(r, r.warns_at),
        lambda r: t.expire(r, r.ends_at),
        lambda r: t.fail_end(r, "no route to host", r.ends_at),
        lambda r: t.finish(r, r.ends_at + MINUTE),
    ):
        request, event = move(request)
        told.append(event)
    return told


def denied(requester: Principal = CHLOE, now=NOW, request_id: str = "R01-DEN1ED0") -> Story:
    """Denied by Ben, who says why."""
    request, asked = t.ask(a_request(requester=requester, now=now, request_id=request_id))
    return [asked, t.deny(request, BEN, entitled, now + 7 * MINUTE, "not during the freeze")[1]]


def automatic(requester: Principal = SAM, now=NOW, request_id: str = "R03-AVT0000") -> Story:
    """Approved by template, given, given back early."""
    request, asked = t.ask(
        a_request(requester=requester, now=now, request_id=request_id, outcome=Outcome.AUTO_APPROVE)
    )
    begun, e1 = t.begin_grant(request, now + MINUTE)
    active, e2 = t.activate(begun, LEASE, now + MINUTE)
    ending, e3 = t.done(active, requester, now + 5 * MINUTE)
    return [asked, e1, e2, e3, t.finish(ending, now + 5 * MINUTE)[1]]


def lapsed(requester: Principal = ANA, now=NOW, request_id: str = "R02-1APSED0") -> Story:
    """Nobody decided."""
    request, asked = t.ask(a_request(requester=requester, now=now, request_id=request_id))
    return [asked, t.lapse(request, request.lapses_at)[1]]


def live_request(requester: Principal = ANA, now=NOW, request_id: str = "R02-11VE000"):
    """A request whose access exists, and its events."""
    request, e1 = t.ask(a_request(requester=requester, now=now, request_id=request_id))
    request, e2 = t.approve(request, BEN, entitled, now)
    request, e3 = t.begin_grant(request, now)
    request, e4 = t.activate(request, LEASE, now)
    return request, [e1, e2, e3, e4]


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
MOVES = st.lists(
    st.tuples(st.integers(0, 13), st.sampled_from(EVERYONE), st.integers(0, 2400), WORDS), max_size=10
)


def step(request, move: int, who: Principal, words: str, now):
    """One of the transitions."""
    match move:
        case 0 | 1:
            return t.approve(request, who, entitled, now, words)
        case 2:
            return t.deny(request, who, entitled, now, words)
        case 3:
            return t.cancel(request, who, now)
        case 4:
            return t.lapse(request, now)
        case 5:
            return t.begin_grant(request, now)
        case 6:
            return t.activate(request, LEASE, now)
        case 7:
            return t.fail_grant(request, words, now)
        case 8:
            return t.done(request, who, now)
        case 9:
            return t.revoke(request, who, entitled, False, now, words)
        case 10:
            return t.fail_end(request, words, now)
        case 11:
            return t.expire(request, now)
        case 12:
            return t.cancel_by_policy(request, now, words)
        case _:
            return t.finish(request, now)


def played(number: int, requester: Principal, outcome: Outcome, moves, environment: str) -> Story:
    """What comes of a request when people try what they like."""
    drafted = a_request(requester=requester, outcome=outcome, request_id=f"R02-{number:07d}")
    drafted = drafted.model_copy(update={"environment": environment, "reason": moves[0][3] if moves else ""})
    now = NOW
    request, event = t.ask(drafted)
    told = [event]
    for move, who, seconds, words in moves:
        now += timedelta(seconds=seconds)
        try:
            request, event = step(request, move, who, words, now)
        except Refused as refusal:
            if not refusal.recorded:
                continue
            _, event = t.refuse_attempt(request, who, "approve", refusal.code, now)
        told.append(event)
    return told


@st.composite
def many_stories(draw, most: int = 5) -> Story:
    """Events of a few requests, mixed, each request's in their order."""
    stories = [
        played(
            number,
            draw(st.sampled_from(EVERYONE)),
            draw(st.sampled_from(list(Outcome))),
            draw(MOVES),
            draw(st.sampled_from(["production", "staging"])),
        )
        for number in range(draw(st.integers(1, most)))
    ]
    return sorted((event for story in stories for event in story), key=lambda event: event.at)


def originated(events: Story, partition: int = 2) -> list:
    """Events as the outbox hands them over: with a partition, and an id that grows."""
    return [(partition, f"{1_700_000_000_000 + n}-0", event) for n, event in enumerate(events)]


def recorded(events: Story) -> list[Recorded]:
    """Events as entries of a log, for what needs no file."""
    return [Recorded(n, event.at, 2, f"{n}-0", event, "", "") for n, event in enumerate(events, 1)]
