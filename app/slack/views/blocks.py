"""Block Kit's pieces, cut to Slack's limits. Texts of people go through `escape` before they come here."""

from typing import Any

from app.slack.views.text import clip

Block = dict[str, Any]

SECTION = 3000
HEADER = 150
BUTTON = 75
CONTEXT_ELEMENTS = 10


def header(text: str) -> Block:
    return {"type": "header", "text": plain(text, HEADER)}


def section(text: str) -> Block:
    return {"type": "section", "text": mrkdwn(text)}


def beside(text: str, element: Block) -> Block:
    """A text with a button at its side."""
    return {**section(text), "accessory": element}


def fields(*pairs: tuple[str, str]) -> Block:
    """Up to ten labelled values, in two columns."""
    return {
        "type": "section",
        "fields": [mrkdwn(f"*{label}*\n{clip(value, 1800)}") for label, value in pairs[:10]],
    }


def context(*texts: str) -> Block:
    return {"type": "context", "elements": [mrkdwn(text) for text in texts[:CONTEXT_ELEMENTS]]}


def quotation(text: str) -> Block:
    """What someone wrote, as a quotation that Slack does not parse."""
    quoted = {"type": "rich_text_quote", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [quoted]}


def verbatim(text: str) -> Block:
    """A text on a line of its own that Slack does not parse."""
    line = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [line]}


def code(text: str) -> Block:
    """A text as code, of which Slack parses nothing."""
    preformatted = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [preformatted]}


def divider() -> Block:
    return {"type": "divider"}


def buttons(*elements: Block, block_id: str = "") -> Block:
    return {"type": "actions", "elements": list(elements), **({"block_id": block_id} if block_id else {})}


def button(label: str, action_id: str, value: str, style: str = "", confirm: Block | None = None) -> Block:
    """A button; `style` is `primary`, `danger` or empty, and an empty `value` is left out."""
    return {
        "type": "button",
        "text": plain(label, BUTTON),
        "action_id": action_id,
        **({"value": value} if value else {}),
        **({"style": style} if style else {}),
        **({"confirm": confirm} if confirm else {}),
    }


def link(label: str, action_id: str, url: str) -> Block:
    """A button that opens a page; Slack tells that it was clicked all the same."""
    return {**button(label, action_id, "", "primary"), "url": url}


def confirm(title: str, text: str, yes: str) -> Block:
    """Ask before a button acts."""
    return {
        "title": plain(title, 100),
        "text": mrkdwn(text, 300),
        "confirm": plain(yes, 30),
        "deny": plain("Not now", 30),
    }


def mrkdwn(text: str, limit: int = SECTION) -> Block:
    return {"type": "mrkdwn", "text": clip(text, limit)}


def plain(text: str, limit: int) -> Block:
    return {"type": "plain_text", "text": clip(text, limit), "emoji": True}


def option(label: str, value: str) -> Block:
    return {"text": plain(label, 75), "value": value}
