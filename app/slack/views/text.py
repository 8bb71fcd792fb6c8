"""Text in Slack's mrkdwn: what people wrote is shown as they wrote it, and pings nobody."""

from datetime import UTC, datetime

ELLIPSIS = "…"
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_INERT = str.maketrans({sign: f"\u200b{sign}" for sign in "*_~`@#"})


def escape(text: str) -> str:
    """Make text inert: no mention, link or emphasis comes of it.

    Slack asks for `&`, `<` and `>` to be escaped (docs: messaging/formatting-message-text), which disarms
    `<!channel>` and `<@U…>`. A zero-width space before a sign of emphasis, an `@` or a `#` leaves it to be
    read and keeps Slack from acting on it.
    """
    return text.translate(_ENTITIES).translate(_INERT)


def clip(text: str, limit: int) -> str:
    """Cut a text to at most `limit` characters, never within an entity such as `&amp;`."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    start = kept.rfind("&")
    if start >= 0 and ";" not in kept[start:] and text[start:].startswith(("&amp;", "&lt;", "&gt;")):
        kept = kept[:start]
    return kept + ELLIPSIS


def moment(at: datetime) -> str:
    """A point in time, shown by Slack in the reader's own zone; UTC where it cannot.

    docs: messaging/formatting-message-text, «Date formatting».
    """
    fallback = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{fallback}>"
