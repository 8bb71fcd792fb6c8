"""That policy goes by where somebody is, with the way to show it; and what came of it."""

from app.domain.duration import format_duration
from app.slack import actions
from app.slack.views import replies
from app.slack.views.blocks import Block, buttons, context, link, section
from app.slack.views.text import escape, said
from app.whereabouts import Made, Wanted

NO_PAGE = (
    "Policy goes by where you are, which Slack does not tell, and I have no page to check it on (JIT_PUBLIC_URL is "
    "not set). `jit request` in a terminal tells it."
)


def check_needed_text(wanted: Wanted) -> str:
    """The message in a sentence."""
    return f"📍 Not asked yet: policy goes by where you are, for {_what(wanted)}."


def check_needed(wanted: Wanted, url: str) -> list[Block]:
    """That it takes a look in the browser, with the button that leads there."""
    told = (
        f"📍 *Not asked yet.* Policy goes by where you are, for {_what(wanted)}, and Slack does not tell me. A page "
        "in your browser does, and asks then."
    )
    return [
        section(told),
        buttons(link("Check where I am", actions.OPEN_PAGE, url)),
        context("It works once, for 5 minutes. It asks in your name: pass it on to nobody."),
    ]


def without_a_page(text: str, blocks: list[Block] | None) -> tuple[str, list[Block] | None]:
    """Add to an answer that an address was lacking."""
    return f"{text}\n{NO_PAGE}", [*blocks, context(NO_PAGE)] if blocks else None


def came_of_it(made: Made) -> tuple[str, list[Block]]:
    """What came of it, and from which address it was asked, so that nobody asks for somebody else unnoticed."""
    if made.wanted.more:
        lines = [replies.extended(each) for each in made.requests]
    else:
        lines = [replies.asked(each) for each in made.requests]
    lines += [f"🚫 {escape(str(made.refusal))}"] if made.refusal else []
    text = "\n".join(lines)
    denied = None if made.wanted.more else replies.asked_blocks(made.requests)
    from_where = (
        f"📍 A browser that opened my link asked it in your name, from `{escape(made.ip)}`. Was that not you? "
        "`/jit cancel ID` takes it back, `/jit done ID` gives it back; then tell security."
    )
    refused = [section(f"🚫 {escape(str(made.refusal))}")] if made.refusal and denied else []
    return text, [*(denied or [section(text)]), *refused, context(from_where)]


def _what(wanted: Wanted) -> str:
    if more := wanted.more:
        return f"{format_duration(more.duration)} more of `{more.request_id}`"
    named = ", ".join(f"*{said(wish.action)}* on `{said(wish.resource)}`" for wish in wanted.wishes[:5])
    more_of_them = len(wanted.wishes) - 5
    return f"{named} and {more_of_them} more" if more_of_them > 0 else named
