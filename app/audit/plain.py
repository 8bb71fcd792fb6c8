"""Plain text for terminals and logs: one line, and nothing in it that a terminal would act on."""

from datetime import UTC, datetime

JOINER = "\u200d"
"""Holds the parts of an emoji together; the one invisible character that is let through."""


def one_line(text: str) -> str:
    """What someone wrote, on one line; what cannot be printed (escape codes, bidi marks) is spelled out."""
    return "".join(
        sign if sign.isprintable() or sign == JOINER else ascii(sign)[1:-1] for sign in " ".join(text.split())
    )


def clock(at: datetime) -> str:
    """A time to the second, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
