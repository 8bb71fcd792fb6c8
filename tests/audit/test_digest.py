"""Contract of the digest: its counts are what a plain walk over the events counts; nothing is left out."""

from collections import defaultdict
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.audit.chain import Head
from app.audit.digest import Count, make_digest
from app.audit.live import live_in
from app.domain import transitions as t
from app.domain.events import Requested
from app.domain.verdict import Outcome
from tests.audit.stories import automatic, denied, lapsed, live_request, many_stories, recorded, whole_story
from tests.people import ANA, BEN, NOW, SAM, a_request, entitled

DAY = timedelta(days=1)
HEAD = Head(9, "a" * 64)


def digest_of(events, live=(), since=NOW, until=NOW + DAY, asked=lambda _: None):
    return make_digest(recorded(events), live, since, until, HEAD, asked)


def oracle(events, since, until):
    """Counts by a plain walk over the events' own JSON, knowing nothing of the digest's code."""
    asked = {e.request_id: e for e in events if e.kind == "requested"}
    names = {
        "denied": "denied", "lapsed": "lapsed", "activated": "granted", "grant_failed": "grant_failed",
        "attempt_refused": "refused", "requested": "asked",
    }  # fmt: skip
    counts = defaultdict(int)
    for event in events:
        if not since <= event.at < until:
            continue
        content = event.model_dump(mode="json")
        origin = asked[event.request_id]
        happened = [names[event.kind]] if event.kind in names else []
        if event.kind == "requested":
            happened += {"auto_approve": ["auto_approved"], "deny": ["denied_by_policy"]}.get(
                content["verdict"]["outcome"], []
            )
        if event.kind == "approved" and content["settled"]:
            happened.append("approved")
        if event.kind == "cancelled":
            happened.append("stopped_by_policy" if content["by"] == "system" else "cancelled")
        if event.kind == "ended":
            happened.append(content["cause"])
        for name in happened:
            counts[origin.environment, origin.action, name] += 1
    return dict(counts)


@given(events=many_stories(), begin=st.integers(0, 6000), length=st.integers(0, 20_000))
def test_counts_are_those_of_a_plain_walk(events, begin, length):
    """By environment, action and outcome, in any window, whatever was asked before it."""
    since = NOW + timedelta(seconds=begin)
    until = since + timedelta(seconds=length)
    asked = {event.request_id: event for event in events if isinstance(event, Requested)}
    inside = [event for event in events if since <= event.at < until]
    digest = digest_of(inside, since=since, until=until, asked=asked.get)
    counted = {
        (tally.environment, tally.action, str(name)): count
        for tally in digest.tallies
        for name, count in tally.counts.items()
    }
    assert oracle(events, since, until) == counted
    assert sum(oracle(events, since, until).values()) == digest.total.total()
    assert [e.request_id for e in inside if e.kind == "requested"] == [a.request_id for a in digest.asked]
    tried = [e for e in inside if e.kind == "attempt_refused"]
    assert len(tried) == sum(each.times for each in (*digest.self_approvals, *digest.refused))
    assert [e.request_id for e in inside if e.kind in ("approved", "denied")] == [
        d.request_id for d in digest.decided
    ]


@given(events=many_stories())
def test_waits_are_from_the_request_to_the_decision_that_settled_it(events):
    """The five longest, longest first; not those that nobody waited for."""
    asked = {event.request_id: event.at for event in events if event.kind == "requested"}
    waited = [
        (event.at - asked[event.request_id]).total_seconds()
        for event in events
        if event.kind == "denied" or (event.kind == "approved" and event.settled)
    ]
    digest = digest_of(events, until=NOW + 30 * DAY)
    assert sorted(waited, reverse=True)[:5] == [wait.seconds for wait in digest.waits]


def test_only_the_longest_waits_are_told():
    """Five of them, longest first, whoever came first."""
    events = []
    for minutes in (3, 50, 7, 40, 11, 20, 1):
        request, asked = t.ask(a_request(request_id=f"R02-{minutes:07d}"))
        events += [asked, t.approve(request, BEN, entitled, NOW + timedelta(minutes=minutes))[1]]
    assert [3000, 2400, 1200, 660, 420] == [wait.seconds for wait in digest_of(events).waits]


def test_self_approval_is_told_apart_from_other_attempts():
    """Whoever tried to decide on their own request is named, with how often they tried."""
    request, asked = t.ask(a_request(request_id="R02-4KX9TQZ"))
    own = [t.refuse_attempt(request, ANA, "approve", "self_approval", NOW)[1]] * 3
    other = t.refuse_attempt(request, SAM, "deny", "not_an_approver", NOW)[1]
    digest = digest_of([asked, *own, other])
    assert [("ana", "Ana Ruiz", "approve", 3)] == [
        (a.by_id, a.by, a.verb, a.times) for a in digest.self_approvals
    ]
    assert [("sam", "deny", "not_an_approver", 1)] == [
        (a.by_id, a.verb, a.code, a.times) for a in digest.refused
    ]


def test_what_was_asked_before_the_window_is_looked_up():
    """A decision on yesterday's request is told with what was asked, and with the whole wait."""
    asked, decision = denied(now=NOW - DAY)
    decision = decision.model_copy(update={"at": NOW})
    digest = digest_of([decision], asked={asked.request_id: asked}.get)
    (decided,) = digest.decided
    assert ("Chloe Martin", "prod-db-debug", "production", False) == (
        decided.requester,
        decided.action,
        decided.environment,
        decided.approved,
    )
    assert [DAY.total_seconds()] == [wait.seconds for wait in digest.waits]


def test_a_request_that_the_log_does_not_know_is_still_counted():
    """A log that was begun late tells what it can: nothing is dropped for want of the rest."""
    digest = digest_of([denied()[1]])
    assert {("unknown", "unknown"): {Count.DENIED: 1}} == {
        (tally.environment, tally.action): tally.counts for tally in digest.tallies
    }
    assert () == digest.waits


def test_what_is_live_is_told_by_the_store_with_the_next_end_first():
    """Whenever it was asked; deciders of live requests are called by name."""
    later, events = live_request(now=NOW - timedelta(minutes=5), request_id="R02-AAAAAA2")
    sooner, _ = live_request(now=NOW - timedelta(minutes=20), request_id="R02-AAAAAA1")
    digest = digest_of([], live=[later, sooner])
    assert [sooner.id, later.id] == [grant.request_id for grant in digest.live]
    assert [sooner.ends_at, later.ends_at] == [grant.until for grant in digest.live]
    decided = digest_of(events, live=[later], since=NOW - DAY).decided
    assert [(BEN.name, BEN.id)] == [(each.by, each.by_id) for each in decided]


def test_automatic_ones_are_as_visible_as_asked_ones():
    """Each has its line with who, what, why and by which rule."""
    digest = digest_of([*automatic(), *denied()])
    assert [Outcome.AUTO_APPROVE, Outcome.REQUIRE] == [asked.outcome for asked in digest.asked]
    assert [("engineers-debug",)] * 2 == [asked.rules for asked in digest.asked]
    assert {"INC-7: checkout is slow"} == {asked.reason for asked in digest.asked}


def test_failures_are_told_with_what_came_of_them():
    """An end that the target confirmed in the end is told apart from one that is still there."""
    begun = t.begin_grant(t.approve(t.ask(a_request())[0], BEN, entitled, NOW)[0], NOW)[0]
    refused = t.fail_grant(begun, "role is gone", NOW)[1]
    assert ["role is gone"] == [failure.error for failure in digest_of([refused]).grant_failures]
    over = digest_of(whole_story())
    assert [("no route to host", 1, True)] == [(f.error, f.attempts, f.is_over) for f in over.end_failures]
    still = digest_of(whole_story()[:-1])
    assert [False] == [failure.is_over for failure in still.end_failures]


def test_lapsed_requests_are_named():
    """Nobody decided: security sees which."""
    assert ["R02-1APSED0"] == [matter.request_id for matter in digest_of(lapsed()).lapsed]


def test_what_was_recorded_late_is_named_and_not_counted():
    """It belongs to an earlier window; this one only says so."""
    digest = digest_of(denied(now=NOW - DAY))
    assert ((), (), ["R01-DEN1ED0"]) == (digest.tallies, digest.decided, [m.request_id for m in digest.late])
    assert not digest.is_empty


def test_an_empty_day_is_empty():
    """No event, nothing live; the checkpoint is there all the same."""
    assert (True, f"9:{'a' * 64}") == (digest_of([]).is_empty, digest_of([]).checkpoint)
    assert not digest_of([], live=[live_request()[0]]).is_empty


def test_a_digest_reads_the_same_from_its_json():
    """What `jit audit digest --json` prints holds everything."""
    digest = digest_of([*whole_story(), *denied(), *automatic()], live=[live_request()[0]])
    assert digest == type(digest).model_validate_json(digest.model_dump_json())


@given(events=many_stories(most=1))
def test_what_is_live_is_told_by_the_log_too(events):
    """The last state that the events lead to is found again from the events alone."""
    grant = live_in(recorded(events))
    kinds = [event.kind for event in events]
    begun = "grant_begun" in kinds
    over = "grant_failed" in kinds or "ended" in kinds
    assert (begun and not over) == (grant is not None)
    if grant:
        expected = "ending" if "end_begun" in kinds else "active" if "activated" in kinds else "granting"
        assert expected == grant.state
        assert {grant.until} == {event.ends_at for event in events if event.kind == "grant_begun"}
