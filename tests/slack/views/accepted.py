"""What Slack takes as a message, by the local workspace's reading of its documentation."""

import json
import re

from app.playground.block_kit import check_message_blocks
from app.slack.views.fit import BLOCKS, MESSAGE


def texts(blocks):
    """Every text that Slack parses: not that of rich text, which it shows as it is."""
    for block in blocks:
        parts = [block.get("text"), *block.get("fields", ()), *block.get("elements", ())]
        yield from (part["text"] for part in parts if part and isinstance(part.get("text"), str))


def accepted(blocks, mentioned=()):
    """Check what Slack checks, the size that it does not document, and that nobody else is mentioned."""
    assert [] == check_message_blocks(blocks).errors
    assert len(blocks) <= BLOCKS
    assert len(json.dumps(blocks, ensure_ascii=False)) <= MESSAGE
    for text in texts(blocks):
        for mention in mentioned:
            text = text.replace(mention, "")  # noqa: PLW2901  what is ours to say
        assert [] == re.findall(r"<(?!!date\^\d+\^)", text)
        assert text.count("<") == text.count(">")
