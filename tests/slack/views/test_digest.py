"""Contract of the digest in Slack: read in ten seconds at the top, details below, and always one message.

Whatever its size and whatever people wrote, Slack takes it, and nothing in it pings anyone. Golden files:
tests/golden.py says how to renew them.
"""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audit.chain import Head
from app.audit.digest import make_digest
from app.domain import transitions as t
from app.domain.people import Principal
from app.slack.views.digest import digest_blocks, digest_text
from tests.audit.stories import automatic, denied, lapsed, live_request, many_stories, recorded, whole_story
from tests.golden import golden_json
from tests.people import ANA, BEN, NOW, SAM, a_request, entitled
from tests.slack.views.accepted import accepted, texts

DAY = timedelta(days=1)
HEAD = Head(1234, "c0ffee" * 10 + "beef")


def digest_of(events, live=(), since=NOW):
    return make_digest(recorded(events), live, since, since + DAY, HEAD, lambda _: None)


def busy_day():
    """A day with one of everything, and its live grants."""
    request, live_events = live_request(now=NOW + timedelta(hours=1))
    foreign = t.refuse_attempt(request, SAM, "deny", "not_an_approver", NOW + timedelta(hours=2))[1]
    begun = t.begin_grant(
        t.approve(t.ask(a_request(request_id="R02-FA11ED0"))[0], BEN, entitled, NOW)[0], NOW
    )[0]
    failed = t.fail_grant(begun, "role app_debug is gone", NOW)[1]
    events = [*whole_story(), *denied(), *automatic(), *lapsed(), *live_events, foreign, failed]
    return sorted(events, key=lambda event: event.at), [request]


DAYS = {
    "empty": lambda: digest_of([]),
    "quiet_but_live": lambda: digest_of([], [live_request()[0]]),
    "ordinary": lambda: digest_of([*denied(), *automatic()]),
    "busy": lambda: digest_of(*busy_day()),
    "late": lambda: digest_of(denied(now=NOW - DAY)),
}


@pytest.mark.parametrize("day", DAYS)
def test_days(day):
    """Each kind of day looks as it did when someone last looked."""
    blocks = digest_blocks(DAYS[day]())
    accepted(blocks)
    golden_json(f"slack/views/golden/digest_{day}.json", {"text": digest_text(DAYS[day]()), "blocks": blocks})


def test_an_empty_day_says_so_in_one_line():
    """No table of zeros."""
    sections = [block for block in digest_blocks(DAYS["empty"]()) if block["type"] == "section"]
    assert 1 == len(sections)
    assert "quiet day" in sections[0]["text"]["text"]
    assert "\n" not in sections[0]["text"]["text"]


def test_every_self_approval_is_in_the_first_lines():
    """What security must not miss stands before the details."""
    digest = DAYS["busy"]()
    before_details = digest_blocks(digest)[: [b["type"] for b in digest_blocks(digest)].index("divider")]
    assert any("1 attempt to decide on one's own request" in text for text in texts(before_details))
    assert "self" in digest_text(digest) or "own request" in digest_text(digest)


def test_a_grant_past_its_end_needs_a_look():
    """What should have ended and is still live is told at the top, and marked below."""
    request, _ = live_request()
    told = "\n".join(texts(digest_blocks(digest_of([], [request]))))
    assert "1 grant live past its end" in told
    assert "• ⚠️ until" in told


def test_the_checkpoint_can_be_copied():
    """Size and root hash stand whole, as `jit audit verify --head` takes them."""
    for day in DAYS.values():
        assert any(f"`{HEAD}`" in text for text in texts(digest_blocks(day())))


def test_what_people_wrote_pings_nobody():
    """Names, comments and errors show as they were written, without mention, link or emphasis."""
    nasty = "<!channel> <@U0ANA> *bold* & <https://evil|click> @here"
    request = a_request(requester=ANA.model_copy(update={"name": nasty})).model_copy(
        update={"reason": nasty, "resource": nasty, "action": nasty, "environment": nasty}
    )
    pending, asked = t.ask(request)
    denial = t.deny(pending, BEN, entitled, NOW, nasty)[1]
    attempt = t.refuse_attempt(pending, ANA, nasty, "self_approval", NOW)[1]
    blocks = digest_blocks(digest_of([asked, attempt, denial]))
    accepted(blocks)
    assert any("&lt;!channel&gt;" in text for text in texts(blocks))
    assert "*bold*" not in "".join(texts(blocks))


@given(events=many_stories(most=8), live=st.integers(0, 3))
def test_any_day_is_accepted(events, live):
    """Whatever happened and whatever people wrote."""
    grants = [live_request(request_id=f"R02-{n:07d}")[0] for n in range(live)]
    digest = digest_of(events, grants)
    accepted(digest_blocks(digest))
    assert len(digest_text(digest)) < 1000


def test_a_day_of_ten_thousand_entries_is_one_message():
    """The top tells the true counts; details are cut, and say by how many."""
    people = [
        Principal(id=f"p{n}", name=f"Person {n} <&*_~`> " + "x" * 100, slack=f"U{n}") for n in range(40)
    ]
    events = []
    for n in range(1250):
        who = people[n % 40]
        drafted = a_request(requester=who, request_id=f"R02-{n:07d}").model_copy(
            update={"environment": f"environment-{n % 50}", "action": f"action-{n}", "reason": "&" * 2000}
        )
        request, asked = t.ask(drafted)
        tried = [t.refuse_attempt(request, who, "approve", "self_approval", NOW)[1]] * 2
        request, approved = t.approve(request, BEN, entitled, NOW + timedelta(seconds=n), "<&>" * 700)
        request, begun = t.begin_grant(request, NOW)
        failed = t.fail_grant(request, "e" * 3000, NOW)[1]
        late = asked.model_copy(update={"at": NOW - DAY, "request_id": f"R03-{n:07d}"})
        events += [
            late,
            asked,
            *tried,
            approved,
            begun,
            failed,
            t.lapse(t.ask(drafted)[0], drafted.lapses_at)[1],
        ]
    assert 10_000 == len(events)
    live = [live_request(requester=people[n % 40], request_id=f"R01-{n:07d}")[0] for n in range(1000)]
    digest = digest_of(events, live)
    blocks = digest_blocks(digest)
    accepted(blocks)
    told = "\n".join(texts(blocks))
    assert "1,250 requests · 1,250 approved by people" in told
    assert "🔓 1,000 grants live now" in told
    assert "and 1,2" in told
    assert len(digest_text(digest)) < 1000
