"""Block Kit as Slack documents it: what a message, a modal or a home may be made of."""

from app.playground.block_kit.shapes import Report
from app.playground.block_kit.stored import stored, stored_blocks
from app.playground.block_kit.surfaces import VIEW_BYTES_MAX, check_message_blocks, check_view, held_elements

__all__ = [
    "VIEW_BYTES_MAX",
    "Report",
    "check_message_blocks",
    "check_view",
    "held_elements",
    "stored",
    "stored_blocks",
]
