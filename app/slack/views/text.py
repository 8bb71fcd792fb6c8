"""Text in Slack's mrkdwn: what people wrote is shown as they wrote it, and pings nobody."""

import re
from datetime import UTC, datetime

ELLIPSIS = "…"
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_SPECIAL = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")
_ESCAPE = str.maketrans(ENTITIES)
_EMPHASIS = str.maketrans({sign: f"\u200b{sign}" for sign in "*_~`"})


def escape(text: str) -> str:
    """Disarm mentions and links: `&`, `<` and `>` become entities.

    docs: messaging/formatting-message-text, «Escaping text».
    """
    return text.translate(_ESCAPE)


def typed(text: str) -> str:
    """What someone typed after a command, which Slack hands over with `&`, `<` and `>` as entities.

    As the command asks for escaping, people, channels and links come as `<@U0BEN|ben>`, `<#C0PROD|prod>` and
    `<https://…>`: here they become again what was typed. Who is meant by a mention, `mentioned` tells.
    docs: messaging/formatting-message-text, «Escaping text»; interactivity/implementing-slash-commands.
    """
    text = _SPECIAL.sub(_as_typed, text)
    for sign in ("<", ">", "&"):  # the ampersand last, so that a typed `&lt;` stays what it was
        text = text.replace(ENTITIES[sign], sign)
    return text


def _as_typed(special: re.Match[str]) -> str:
    """Undo what Slack made of a name or an address; what has another form somebody typed just so."""
    what, label = special[1], special[2] or ""
    if what[:1] in {"@", "#"} and label:
        return f"{what[0]}{label.removeprefix(what[0])}"
    if what.startswith(("http://", "https://", "mailto:")) and what.endswith(label):
        return label or what
    return special[0]


def mentioned(raw: str) -> str:
    """Give the Slack user's id of a mention as Slack hands it over; empty where it is none."""
    found = _MENTION.fullmatch(raw)
    return found[1] if found else ""


def said(text: str) -> str:
    """What someone wrote, within a sentence of ours: on one line, and without emphasis of its own.

    A zero-width space before `*`, `_`, `~` and a backtick leaves them to be read and keeps Slack from acting
    on them.
    """
    return escape(" ".join(text.split())).translate(_EMPHASIS)


def clip(text: str, limit: int) -> str:
    """Cut a text to at most `limit` characters, never within an entity such as `&amp;`."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    begun = kept.rfind("&")
    if begun >= 0 and text[begun:].startswith(tuple(ENTITIES.values())) and ";" not in kept[begun:]:
        kept = kept[:begun]
    return kept + ELLIPSIS


def moment(at: datetime) -> str:
    """A point in time, shown by Slack in the reader's own zone; in UTC where it cannot.

    docs: messaging/formatting-message-text, «Date formatting».
    """
    fallback = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{fallback}>"
