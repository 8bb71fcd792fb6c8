"""Contract of a story: every entry is told, in sentences: who, what, why, by which rule, and what came of it.

It is plain text: nothing that someone wrote acts on the terminal that shows it.
"""

from hypothesis import given
from hypothesis import strategies as st

from app.audit.plain import one_line
from app.audit.story import story_lines
from app.domain import transitions as t
from app.domain.verdict import Outcome
from tests.audit.stories import automatic, denied, lapsed, live_request, many_stories, recorded, whole_story
from tests.golden import golden
from tests.people import ANA, BEN, NOW, a_request, entitled

NAMES = {"ben": "Ben Okafor"}


def told(events, names=NAMES):
    return [line.text for line in story_lines(recorded(events), names)]


def test_the_whole_story():
    """From the question to the end, with the attempt that was refused and the end that failed at first."""
    golden("audit/golden/whole_story.txt", "".join(f"{line}\n" for line in told(whole_story())))


def test_other_ends():
    """Denied, lapsed, approved automatically and given back, cancelled, stopped, revoked, failed."""
    assert (
        "Ben Okafor (ben) denied by a click in Slack (stage owners): “not during the freeze”."
        == told(denied())[-1]
    )
    assert "Nobody decided in time: the request lapsed." == told(lapsed())[-1]
    assert "Policy 000000000000 (engineers-debug) approved it automatically: group engineers may ask" in told(
        automatic()
    )
    assert "Sam Lindqvist (sam) gave it back. The access is being taken back." in told(automatic())
    pending = t.ask(a_request())[0]
    assert ["ana cancelled the request."] == told([t.cancel(pending, ANA, NOW)[1]])
    approved = t.approve(pending, BEN, entitled, NOW)[0]
    assert ["Policy stopped it before it started: “frozen”."] == told(
        [t.cancel_by_policy(approved, NOW, "frozen")[1]]
    )
    begun = t.begin_grant(approved, NOW)[0]
    assert ["The access could not be created: no role"] == told([t.fail_grant(begun, "no role", NOW)[1]])
    revoked = t.revoke(live_request()[0], BEN, entitled, False, NOW, "leak")[1]
    assert ["Ben Okafor (ben) revoked it: “leak”. The access is being taken back."] == told([revoked])


def test_a_denial_by_policy_says_why():
    """The rule, the policy's digest, and its reason."""
    refused = t.ask(a_request(outcome=Outcome.DENY))[1]
    assert "Policy 000000000000 (engineers-debug) denied it: group engineers may ask" == told([refused])[1]


def test_a_first_of_two_approvals_says_that_more_are_needed():
    """An approval that does not settle is told as such."""
    two = a_request().verdict.stages[0].model_copy(update={"quorum": 2})
    pending = t.ask(a_request(stages=(two,)))[0]
    assert told([t.approve(pending, BEN, entitled, NOW)[1]])[0].endswith("More approvals are needed.")


@given(events=many_stories())
def test_every_entry_is_told_on_lines_of_its_own(events):
    """Whatever people wrote: a line for each sentence, none empty, none that a terminal would act on."""
    lines = story_lines(recorded(events), {})
    assert list(range(1, len(events) + 1)) == list(dict.fromkeys(line.sequence for line in lines))
    for line in lines:
        assert (events[line.sequence - 1].at, events[line.sequence - 1].request_id) == (
            line.at,
            line.request_id,
        )
        assert line.text.replace("\u200d", "").isprintable()
        assert str(line).startswith(f"{line.at:%Y-%m-%d %H:%M:%S} UTC  ")


@given(st.text())
def test_one_line_is_one_line(text):
    """Escape codes and marks that turn the text round are spelled out; words stay as they are."""
    assert one_line(text).replace("\u200d", "").isprintable()
    words = " ".join(text.split())
    if words.isprintable():
        assert words == one_line(text)


def test_escape_codes_are_spelled_out():
    """A reason cannot clear the reader's screen, nor read backwards."""
    assert r"a \x1b[2J b \u202ec" == one_line("a \x1b[2J\n\tb \u202ec")
