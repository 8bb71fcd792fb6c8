"""Contract: what was approved for less than was asked is told so by the log, the digest and its list of the live."""

from datetime import timedelta

from app.audit.chain import Head
from app.audit.digest import make_digest
from app.audit.digest_lines import digest_lines
from app.audit.live import live_in
from app.audit.story import story_lines
from app.domain import transitions as t
from app.domain.shorter import approve_for_less
from app.slack.views.digest import digest_blocks
from tests.audit.stories import LEASE, recorded
from tests.people import BEN, NOW, a_request, entitled

MINUTE = timedelta(minutes=1)
PART = "orders-db/invoices"


def story(minutes=None):
    less = minutes * MINUTE if minutes else None
    pending, asked = t.ask(a_request())
    approved, decided = approve_for_less(pending, BEN, entitled, less, MINUTE, NOW, resource=PART)
    begun, granting = t.begin_grant(approved, NOW)
    return recorded([asked, decided, granting, t.activate(begun, LEASE, NOW)[1]])


def test_the_story():
    """The part, and the time where it is shorter."""
    told = [line.text for line in story_lines(story(), {"ben": "Ben Okafor"})]
    assert any(f"Ben Okafor (ben) approved on {PART} alone" in line for line in told)
    told = [line.text for line in story_lines(story(10), {"ben": "Ben Okafor"})]
    assert any(f"approved for 10 min on {PART} alone" in line for line in told)


def test_the_digest():
    """In its text and in Slack."""
    made = make_digest(
        story(10), (), NOW - MINUTE, NOW + timedelta(days=1), Head(9, "a" * 64), lambda _: None
    )
    assert any(f"approved, for 10 min on {PART} alone," in line for line in digest_lines(made))
    assert f"for 10 min on {PART} alone" in str(digest_blocks(made))


def test_what_is_live():
    """The log alone tells that access is to the part."""
    assert PART == live_in(story()).resource
