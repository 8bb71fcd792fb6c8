"""The form in which an approver gives less time than was asked."""

from collections.abc import Sequence
from datetime import timedelta

from app.domain.duration import format_duration
from app.domain.request import Request
from app.slack import actions
from app.slack.views.blocks import Block, context
from app.slack.views.forms import about, duration_choice, form, input_block, text_field
from app.slack.views.text import escape

OFFERED = tuple(timedelta(minutes=m) for m in (1, 5, 10, 15, 30, 60, 120, 240, 480, 1440))


def shorter_times(request: Request, shortest: timedelta) -> Sequence[timedelta]:
    """What can be given instead of what holds so far: less than that, and at least the shortest."""
    return [each for each in OFFERED if shortest <= each < request.duration] or (
        [shortest] if shortest < request.duration else []
    )


def approve_less_modal(request: Request, offered: Sequence[timedelta], answer_to: str) -> Block:
    """Asks for how long; the longest of what is offered is chosen first."""
    asked = format_duration(timedelta(seconds=request.asked_seconds))
    return form(
        actions.APPROVE_LESS_VIEW,
        "Approve for less",
        "Approve",
        f"{request.id} {answer_to}",
        [
            about(request),
            context(
                f"Asked for {asked}. The resource stays `{escape(request.resource)}`: only the time is less."
            ),
            input_block(
                actions.DURATION,
                "For how long instead?",
                duration_choice(actions.DURATION, offered, max(offered)),
            ),
            input_block(
                actions.COMMENT,
                "Why? It stands in the thread.",
                text_field(actions.COMMENT, "", 0),
                optional=True,
            ),
        ],
    )
