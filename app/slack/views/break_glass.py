"""Break-glass: the second step before it, and what security reads of it until the review is closed."""

import json
from collections.abc import Sequence
from datetime import timedelta

from app.domain.break_glass import LONGEST
from app.domain.duration import format_duration
from app.domain.people import Principal
from app.domain.question import LONGEST as LONGEST_WORDS
from app.domain.request import Request, State
from app.policy import Action
from app.slack import actions
from app.slack.views.blocks import Block, button, buttons, confirm, context, quotation, section
from app.slack.views.card import MENTIONED, Audience, status_line
from app.slack.views.forms import about, form, input_block, text_field
from app.slack.views.text import escape, said

REASON_KEPT = 1500


def break_glass_modal(
    action: Action, resource: str, duration: timedelta, reason: str, answer_to: str
) -> Block:
    """Says what will happen, and asks why it cannot wait. What it carries is judged anew when it comes back."""
    lasts = format_duration(min(duration, LONGEST))
    wish = {
        "action": action.name,
        "resource": resource,
        "seconds": int(duration.total_seconds()),
        "reason": reason[:REASON_KEPT],
        "answer_to": answer_to,
    }
    return form(
        actions.BREAK_GLASS_VIEW,
        "Break the glass",
        "Break the glass",
        json.dumps(wish, ensure_ascii=False),
        [
            section(
                f"🚨 *You are about to take access without approval:*\n*{escape(action.title)}* on "
                f"`{escape(resource)}`, for {lasts}."
            ),
            section(
                "• It begins at once and cannot be extended without approval.\n"
                f"• {escape(action.environment)}'s approvers and security are told in their channels now.\n"
                "• Security reviews it afterwards, and it stands in every digest until the review is closed."
            ),
            input_block(
                actions.COMMENT,
                "Why can this not wait for an approval?",
                text_field(actions.COMMENT, "", 10, LONGEST_WORDS),
            ),
        ],
    )


def review_modal(request: Request, answer_to: str) -> Block:
    """Asks for the finding."""
    why = [section("*Why the glass was broken:*"), quotation(request.glass.why)] if request.glass else []
    return form(
        actions.REVIEW_VIEW,
        "Close the review",
        "Close",
        f"{request.id} {answer_to}",
        [
            about(request),
            *why,
            input_block(
                actions.COMMENT, "What did you find?", text_field(actions.COMMENT, "", 1, LONGEST_WORDS)
            ),
        ],
    )


def glass_text(request: Request) -> str:
    """The message to security in a sentence."""
    return (
        f"Break-glass by {escape(request.requester.name)}: {escape(request.action)} on "
        f"{escape(request.resource)} ({request.id})"
    )


def glass_message(request: Request, audience: Audience, reviewers: Sequence[Principal]) -> list[Block]:
    """What security reads: who, what and why, how it stands, and the review."""
    glass = request.glass
    if glass is None:
        return []
    what = f"*{escape(request.action_title or request.action)}* on `{escape(request.resource)}`"
    top = [
        section(
            f"🚨 *BREAK-GLASS* in {escape(request.environment)}: *{escape(request.requester.name)}* took "
            f"{what} for {format_duration(request.duration)}, without approval (`{request.id}`)"
        ),
        quotation(glass.why),
        *([section(f"Asked with: {said(request.reason)}")] if request.reason else []),
        section(status_line(request, audience)),
    ]
    if glass.review is not None:
        closed = section(f"🔎 *Review closed by {escape(glass.review.by.name)}:*")
        return [*top, closed, quotation(glass.review.comment)]
    asked = " ".join(f"<@{person.slack}>" for person in reviewers[:MENTIONED])
    return [
        *top,
        context(f"🔎 Review open: {asked or 'nobody may close it, as policy is now'}"),
        *_buttons(request),
    ]


def _buttons(request: Request) -> list[Block]:
    if request.is_final:
        return [buttons(button("Close the review …", actions.REVIEW, request.id, "primary"))]
    if request.state in {State.GRANTING, State.ACTIVE}:
        ask = confirm("Revoke access?", f"{request.id} ends at once, open sessions included.", "Revoke")
        return [buttons(button("Revoke", actions.REVOKE, request.id, "danger", ask))]
    return []
