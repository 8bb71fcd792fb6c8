"""Cursors. docs: apis/web-api/pagination."""

import base64
import binascii
from typing import TypeVar

from app.playground.api.call import PAGE_MAX, Call
from app.playground.errors import SlackError
from app.playground.model import Json

T = TypeVar("T")


def page(call: Call, everything: list[T], *, default: int = 100) -> tuple[list[T], str]:
    """Cut out the page that the call's `cursor` and `limit` ask for, and give the next cursor (or "").

    Raises `SlackError` invalid_cursor or invalid_limit.
    """
    limit = call.number("limit", default) or default
    if not 1 <= limit <= PAGE_MAX:
        raise SlackError("invalid_limit")
    start = _position(call.text("cursor"))
    end = start + limit
    return everything[start:end], _cursor(end) if end < len(everything) else ""


def next_cursor(cursor: str) -> Json:
    """Write a cursor where Slack's answers carry it."""
    return {"response_metadata": {"next_cursor": cursor}}


def _cursor(position: int) -> str:
    return base64.b64encode(f"next:{position}".encode()).decode()


def _position(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.b64decode(cursor, validate=True).decode().removeprefix("next:"))
    except (binascii.Error, ValueError):
        raise SlackError("invalid_cursor") from None
