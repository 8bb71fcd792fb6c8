"""Cursors. docs: apis/web-api/pagination."""

import base64
from collections.abc import Callable
from typing import TypeVar

from app.playground.api.call import PAGE_MAX, Call
from app.playground.errors import SlackError
from app.playground.model import Json

T = TypeVar("T")


def page(
    call: Call, everything: list[T], name: Callable[[T], str], *, default: int = 100
) -> tuple[list[T], str]:
    """Cut out the page that the call's `cursor` and `limit` ask for, and give the next cursor (or "").

    A cursor holds the `name` of the item that it points at, so that what is new meanwhile shifts nothing.
    Raises `SlackError` invalid_limit, or invalid_cursor also when that item is gone.
    """
    limit = call.number("limit", default) or default
    if not 1 <= limit <= PAGE_MAX:
        raise SlackError("invalid_limit")
    start = _position(call.text("cursor"), [name(each) for each in everything])
    some, rest = everything[start : start + limit], everything[start + limit :]
    return some, _cursor(name(rest[0])) if rest else ""


def next_cursor(cursor: str) -> Json:
    """Write a cursor where Slack's answers carry it."""
    return {"response_metadata": {"next_cursor": cursor}}


def _cursor(name: str) -> str:
    return base64.b64encode(f"next:{name}".encode()).decode()


def _position(cursor: str, names: list[str]) -> int:
    if not cursor:
        return 0
    try:
        return names.index(base64.b64decode(cursor, validate=True).decode().removeprefix("next:"))
    except ValueError:
        raise SlackError("invalid_cursor") from None
