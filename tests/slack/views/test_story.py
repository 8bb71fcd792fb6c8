"""Contract of a story in Slack: every sentence in its order; of one too long, its beginning and its end.

Golden files: tests/golden.py says how to renew them.
"""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audit.story import StoryLine, story_lines
from app.slack.views.story import story_blocks, story_text
from tests.audit.stories import automatic, denied, lapsed, many_stories, recorded, whole_story
from tests.golden import golden_json
from tests.people import NOW
from tests.slack.views.accepted import accepted, texts

STORIES = {"whole": whole_story, "denied": denied, "automatic": automatic, "lapsed": lapsed}


def lines_of(events):
    return story_lines(recorded(events), {"ben": "Ben Okafor"})


def line(number, text):
    return StoryLine(sequence=number, at=NOW + timedelta(seconds=number), request_id="R02-4KX9TQZ", text=text)


@pytest.mark.parametrize("name", STORIES)
def test_stories(name):
    """Each kind of story looks as it did when someone last looked."""
    events = STORIES[name]()
    lines, request_id = lines_of(events), events[0].request_id
    blocks = story_blocks(request_id, lines)
    accepted(blocks)
    golden_json(
        f"slack/views/golden/story_{name}.json", {"text": story_text(request_id, lines), "blocks": blocks}
    )


@given(events=many_stories(most=3))
def test_a_short_story_is_told_whole(events):
    """A line for each sentence, in its order."""
    lines = lines_of(events)[:30]
    blocks = story_blocks("R02-4KX9TQZ", lines)
    accepted(blocks)
    shown = [row for text in texts(blocks[1:-1]) for row in text.split("\n")]
    assert len(lines) == len(shown)
    assert len(story_text("R02-4KX9TQZ", lines)) < 3000


@given(st.lists(st.text(max_size=60).map(lambda part: part * 80), max_size=60))
def test_any_story_is_accepted(parts):
    """However long its sentences, and however many."""
    accepted(story_blocks("R02-4KX9TQZ", [line(n, part) for n, part in enumerate(parts)]))


def test_a_story_of_ten_thousand_lines_shows_both_ends():
    """How it began and where it stands, and how many lines are left out."""
    lines = [line(n, f"sentence {n} & {'<' * 500}") for n in range(10_000)]
    blocks = story_blocks("R02-4KX9TQZ", lines)
    accepted(blocks)
    told = "\n".join(texts(blocks))
    assert "sentence 0 " in told
    assert "sentence 9999 " in told
    shown = told.count("sentence ")
    assert f"_… {10_000 - shown:,} lines left out …_" in told
    assert shown >= 10


def test_a_long_reason_is_told_whole_where_there_is_room():
    """Two thousand characters of a reason fit."""
    reason = "why " * 500
    assert any(reason.strip() in text for text in texts(story_blocks("R02-4KX9TQZ", [line(1, reason)])))


def test_no_lines():
    """A request that the log does not know."""
    accepted(story_blocks("R02-4KX9TQZ", []))
    assert "no request R02-4KX9TQZ" in story_text("R02-4KX9TQZ", [])
