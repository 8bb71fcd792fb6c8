"""A request's story from the audit log, for the one who asked for it."""

from collections.abc import Sequence

from app.audit.story import StoryLine
from app.slack.views.blocks import Block, context, header
from app.slack.views.fit import first_that_fits, sections
from app.slack.views.text import clip, escape, moment, said

WAYS = [(length, ends) for length in (2900, 1200, 400) for ends in (10_000, 20, 10, 5)]
"""How much of a line, and how many lines of each end, to show: as much as fits, whole lines before many."""


def story_text(request_id: str, lines: Sequence[StoryLine]) -> str:
    """The story in a sentence, for notifications and screen readers: where it begins, and where it stands."""
    if not lines:
        return f"The audit log has no request {escape(request_id)}."
    told = f"The story of {escape(request_id)}: {clip(said(lines[0].text), 600)}"
    return told if len(lines) == 1 else f"{told} … {clip(said(lines[-1].text), 600)}"


def story_blocks(request_id: str, lines: Sequence[StoryLine]) -> list[Block]:
    """The story, a line for each sentence; of one too long for a message, its beginning and its end."""
    return first_that_fits(lambda way: _build(request_id, lines, *way), WAYS)


def _build(request_id: str, lines: Sequence[StoryLine], length: int, ends: int) -> list[Block]:
    left_out = max(0, len(lines) - 2 * ends)
    begin, end = (lines[:ends], lines[-ends:]) if left_out else (lines, ())
    shown = [_line(line, length) for line in begin]
    if left_out:
        shown += [f"_… {left_out:,} lines left out …_", *(_line(line, length) for line in end)]
    return [
        header(f"📖 The story of {request_id}"),
        *sections(shown or [f"The audit log has no request {escape(request_id)}."]),
        context(
            f"From the audit log · all of it, on the bot's machine: `jit audit show {escape(request_id)}`"
        ),
    ]


def _line(line: StoryLine, length: int) -> str:
    return f"{moment(line.at)} · {clip(said(line.text), length)}"
