"""The form in which an approver gives less time than was asked, or a part of the resource."""

from collections.abc import Sequence
from datetime import timedelta

from app.domain.duration import format_duration
from app.domain.narrower import PARTED_BY
from app.domain.request import Request
from app.slack import actions
from app.slack.views.blocks import Block, context, plain
from app.slack.views.forms import about, duration_choice, form, input_block, text_field
from app.slack.views.text import escape

OFFERED = tuple(timedelta(minutes=m) for m in (1, 5, 10, 15, 30, 60, 120, 240, 480, 1440))


IN_PARTS = "Give a shorter time, a part of the resource, or both."
WHOLE = "The resource stays: only the time is less."


def shorter_times(request: Request, shortest: timedelta) -> Sequence[timedelta]:
    """What can be given instead of what holds so far: less than that, and at least the shortest."""
    return [each for each in OFFERED if shortest <= each < request.duration] or (
        [shortest] if shortest < request.duration else []
    )


def approve_less_modal(
    request: Request, offered: Sequence[timedelta], answer_to: str, *, in_parts: bool = False
) -> Block:
    """Asks for how long and, where the resource is given in parts too, on which part.

    Without parts there is only the time to choose, and the longest of what is offered is chosen first.
    """
    asked = format_duration(timedelta(seconds=request.asked_seconds))
    resource = escape(request.asked_resource)
    return form(
        actions.APPROVE_LESS_VIEW,
        "Approve for less",
        "Approve",
        f"{request.id} {answer_to}",
        [
            about(request),
            context(f"Asked for {asked}, on `{resource}`. {IN_PARTS if in_parts else WHOLE}"),
            *([_shorter(offered, in_parts)] if offered else []),
            *([_part(request)] if in_parts else []),
            input_block(
                actions.COMMENT,
                "Why? It stands in the thread.",
                text_field(actions.COMMENT, "", 0),
                optional=True,
            ),
        ],
    )


def _shorter(offered: Sequence[timedelta], in_parts: bool) -> Block:
    choice = duration_choice(actions.DURATION, offered, max(offered))
    if not in_parts:
        return input_block(actions.DURATION, "For how long instead?", choice)
    left_out = choice | {"placeholder": plain("As it was asked", 150)}
    del left_out["initial_option"]
    return input_block(actions.DURATION, "For how long instead?", left_out, optional=True)


def _part(request: Request) -> Block:
    element: Block = {
        "type": "plain_text_input",
        "action_id": actions.RESOURCE,
        "max_length": 128,
        "placeholder": plain(f"{request.resource[:100]}{PARTED_BY}…", 150),
    }
    return input_block(actions.RESOURCE, "On which part alone?", element, optional=True)
