"""The modal that asks for access, and the one that asks why a request is denied."""

import itertools
from collections.abc import Sequence
from datetime import timedelta

from app.domain.request import Request
from app.domain.value import Value
from app.policy import Action, Policy
from app.policy.offers import Offer
from app.slack import actions
from app.slack.views.blocks import Block, button, buttons, context, option, plain, section
from app.slack.views.forms import duration_option, input_block, text_field
from app.slack.views.text import escape

DURATIONS = tuple(timedelta(minutes=m) for m in (5, 15, 30, 60, 120, 240, 480, 1440))
OPTIONS = 100
OFFERED = 5
"""Templates that the form offers as buttons."""
AT_ONCE = 10
"""Resources that may be asked for together."""


class Draft(Value):
    """What is filled in so far, and where to answer."""

    action: str = ""
    resource: str = ""
    duration: timedelta | None = None
    reason: str = ""
    answer_to: str = ""
    """The command's response_url, so that the answer appears where it was typed."""
    is_filled_in: bool = False
    """Whether a template filled it in: Slack keeps what a block holds, so the choice needs a block of its own."""


def request_modal(policy: Policy, draft: Draft, offers: Sequence[Offer] = ()) -> Block:
    """The modal; what an action needs is asked once the action is chosen, `offers` fill it in by one click."""
    action = policy.actions.get(draft.action)
    blocks = [_actions(policy, action, draft.is_filled_in)]
    if action is None:
        blocks.append(context("Choose an action to see what it can be done to, and for how long."))
        blocks += _templates(offers)
    else:
        blocks += [
            context(f"{escape(action.description or action.title)}\nRisk: {escape(action.risk)}"),
            _resource(action, draft.resource),
            _duration(action, draft.duration),
            _start(),
            _reason(action, draft.reason),
        ]
    return {
        "type": "modal",
        "callback_id": actions.REQUEST_VIEW,
        "title": plain("Request access", 24),
        "submit": plain("Request", 24),
        "close": plain("Close", 24),
        "private_metadata": draft.answer_to,
        "blocks": blocks,
    }


def _templates(offers: Sequence[Offer]) -> list[Block]:
    if not offers:
        return []
    buttons_of = [
        button(f"⚡ {offer.action.title or offer.action.name}", actions.TEMPLATE, offer.action.name)
        for offer in offers
    ]
    rows = [{**each, "action_id": f"{actions.TEMPLATE}:{n}"} for n, each in enumerate(buttons_of)]
    return [context("*Yours at once*, without asking anyone:"), buttons(*rows)]


def deny_modal(request: Request, answer_to: str) -> Block:
    """Asks why; the requester is told."""
    return {
        "type": "modal",
        "callback_id": actions.DENY_VIEW,
        "title": plain("Deny request", 24),
        "submit": plain("Deny", 24),
        "close": plain("Back", 24),
        "private_metadata": f"{request.id} {answer_to}",
        "blocks": [
            section(
                f"*{escape(request.requester.name)}*: {escape(request.action_title or request.action)} on "
                f"`{escape(request.resource)}` (`{request.id}`)"
            ),
            input_block(actions.COMMENT, "Why? The requester is told.", text_field(actions.COMMENT, "", 1)),
        ],
    }


def deny_more_modal(request: Request, answer_to: str) -> Block:
    """Asks why more time is denied; the requester is told."""
    return deny_modal(request, answer_to) | {
        "callback_id": actions.DENY_MORE_VIEW,
        "title": plain("Deny more time", 24),
    }


def extend_modal(request: Request, action: Action, answer_to: str) -> Block:
    """Asks how much longer, as far as the action may last, and why."""
    left = action.longest - request.duration
    offered = sorted({d for d in DURATIONS if d <= left} | {min(left, request.duration)})
    element = {
        "type": "static_select",
        "action_id": actions.DURATION,
        "options": [duration_option(d) for d in offered],
        "initial_option": duration_option(min(left, request.duration)),
    }
    return {
        "type": "modal",
        "callback_id": actions.EXTEND_VIEW,
        "title": plain("More time", 24),
        "submit": plain("Ask", 24),
        "close": plain("Back", 24),
        "private_metadata": f"{request.id} {answer_to}",
        "blocks": [
            section(f"{escape(action.title)} on `{escape(request.resource)}` (`{request.id}`)"),
            input_block(actions.DURATION, "How much longer?", element),
            {
                **input_block(actions.REASON, "Why? Approvers see it.", text_field(actions.REASON, "", 0)),
                "optional": True,
            },
        ],
    }


def _actions(policy: Policy, chosen: Action | None, is_filled_in: bool) -> Block:
    groups = _groups(policy)[:OPTIONS]
    if chosen is not None and not any(chosen in members for _, members in groups):
        groups = [*groups[: OPTIONS - 1], ("Chosen", [chosen])]
    element = {
        "type": "static_select",
        "action_id": actions.ACTION,
        "placeholder": plain("Choose an action", 150),
        "option_groups": [
            {"label": plain(label, 75), "options": _options(members)} for label, members in groups
        ],
    }
    if chosen is not None:
        element["initial_option"] = _options([chosen])[0]
    block_id = f"{actions.ACTION}:{chosen.name}" if chosen and is_filled_in else actions.ACTION
    return {**input_block(block_id, "What do you need to do?", element), "dispatch_action": True}


def _groups(policy: Policy) -> list[tuple[str, list[Action]]]:
    """Actions by environment; one with more than a group's options goes on in the next group."""
    ordered = sorted(policy.actions.values(), key=lambda action: (action.environment, action.title))
    groups: list[tuple[str, list[Action]]] = []
    for name, members in itertools.groupby(ordered, key=lambda action: action.environment):
        left, title = list(members), policy.environments[name].title or name
        for part, begin in enumerate(range(0, len(left), OPTIONS), start=1):
            label = f"{title[:65]} ({part})" if len(left) > OPTIONS else title
            groups.append((label, left[begin : begin + OPTIONS]))
    return groups


def _options(found: Sequence[Action]) -> list[Block]:
    return [option(action.title or action.name, action.name) for action in found]


def _resource(action: Action, chosen: str) -> Block:
    named = [name for name in action.resources if "*" not in name and "?" not in name and "[" not in name]
    block_id = (
        f"{actions.RESOURCE}:{action.name}"  # a new block for each action: Slack keeps what a block holds
    )
    if len(named) < len(action.resources) or len(named) > OPTIONS:
        hint = f"One of: {', '.join(action.resources[:8])}"
        element: Block = {
            "type": "plain_text_input",
            "action_id": actions.RESOURCE,
            "max_length": 128,
            "placeholder": plain(hint, 150),
        }
        if chosen:
            element["initial_value"] = chosen
        return input_block(block_id, "On what?", element)
    element = {
        "type": "multi_static_select",
        "action_id": actions.RESOURCE,
        "placeholder": plain("Choose one or several", 150),
        "options": [option(name, name) for name in named],
        "max_selected_items": AT_ONCE,
    }
    if chosen in named or len(named) == 1:
        name = chosen if chosen in named else named[0]
        element["initial_options"] = [option(name, name)]
    hint = f"Each is asked for by itself, up to {AT_ONCE} at once."
    return {
        **input_block(block_id, "On what?", element),
        **({"hint": plain(hint, 150)} if len(named) > 1 else {}),
    }


def _start() -> Block:
    element: Block = {"type": "datetimepicker", "action_id": actions.START}
    return {
        **input_block(actions.START, "From when? Left out: as soon as it is approved.", element),
        "optional": True,
    }


def _duration(action: Action, wished: timedelta | None) -> Block:
    chosen = wished if wished and action.shortest <= wished <= action.longest else action.default
    offered = sorted({d for d in DURATIONS if d <= action.longest} | {chosen, action.default, action.longest})
    element = {
        "type": "static_select",
        "action_id": actions.DURATION,
        "options": [duration_option(d) for d in offered],
        "initial_option": duration_option(chosen),
    }
    return input_block(f"{actions.DURATION}:{action.name}", "For how long?", element)


def _reason(action: Action, written: str) -> Block:
    element = text_field(actions.REASON, written, 0)
    label = "Why? Approvers and the audit log see it."
    return {**input_block(actions.REASON, label, element), "optional": action.reason == "optional"}
