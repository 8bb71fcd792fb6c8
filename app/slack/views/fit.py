"""How much fits into one message: more than Slack's documented limits say, and less than they add up to.

docs: reference/block-kit/blocks (50 blocks, 3,000 characters a section). Beyond these, chat.postMessage
answers `msg_blocks_too_long` for blocks of about 11,000 to 13,000 characters in all, which is not documented:
github.com/slackapi/bolt-js, issues 2509 and 2867.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from app.slack.views.blocks import SECTION, Block, section

T = TypeVar("T")
BLOCKS = 50
MESSAGE = 10_000
"""Characters of a message's blocks as JSON that Slack is known to take."""


def fits(blocks: Sequence[Block]) -> bool:
    """Tell whether Slack takes the blocks as one message."""
    return len(blocks) <= BLOCKS and len(json.dumps(blocks, ensure_ascii=False)) <= MESSAGE


def first_that_fits(build: Callable[[T], list[Block]], ways: Iterable[T]) -> list[Block]:
    """Build blocks in the first way that fits, the most telling way being first; else in the last way."""
    blocks: list[Block] = []
    for way in ways:
        blocks = build(way)
        if fits(blocks):
            break
    return blocks


def sections(lines: Iterable[str]) -> list[Block]:
    """Lines in as few sections as hold them; a line is at most a section long."""
    packed: list[str] = []
    for line in lines:
        if packed and len(packed[-1]) + 1 + len(line) <= SECTION:
            packed[-1] += f"\n{line}"
        else:
            packed.append(line)
    return [section(text) for text in packed]
