"""Answers that only the one who asked sees."""

from collections.abc import Sequence

from app.domain.duration import format_duration
from app.domain.refusals import Refused
from app.domain.request import Request, State
from app.domain.verdict import Outcome
from app.policy import Policy
from app.slack import actions
from app.slack.views.blocks import Block, button, buttons, context, fields, header, section
from app.slack.views.card import STATE_SIGN, Audience, how_long, on_what, quote, status_line
from app.slack.views.fit import first_that_fits, sections
from app.slack.views.provenance import asked_from, asked_in_run
from app.slack.views.text import escape, moment, said

LISTED = 30
HELP = (
    ("/jit request", "opens a form to ask for access"),
    ("/jit request ACTION RESOURCE 30m why", "asks at once; RESOURCE may be several, with commas"),
    ("/jit list", "your requests, and those that wait for you"),
    ("/jit status ID", "where a request stands"),
    ("/jit cancel ID", "takes your pending request back"),
    ("/jit done ID", "gives your access back early"),
    ("/jit extend ID 30m why", "asks for more time for your access"),
    ("/jit revoke ID why", "ends someone's access (approvers and security)"),
    (
        "/jit break-glass ACTION RESOURCE 15m why",
        "in an emergency, access without approval, where policy lets you",
    ),
    ("/jit delegate @PERSON until Friday 18:00", "lets someone decide in your place; `off` ends it"),
    ("/jit revoke @person why", "ends all of someone's access (security)"),
    ("/jit policy", "which policy is in force, since when, and whether it is sound"),
    ("/jit audit ID", "a request's whole story (for those whom policy names)"),
    ("/jit digest", "posts the digest now (for those whom policy names)"),
    ("/jit login CODE", "signs a machine in, for `jit` in a terminal"),
    ("/jit tokens", "what is signed in as you; `/jit tokens revoke ID` ends it"),
    ("/jit factors", "what proves that you are you: security keys and authenticator apps"),
    ("/jit help", "this"),
)


def help_blocks(policy: Policy) -> list[Block]:
    """Commands, and what can be asked for."""
    commands = "\n".join(f"`{command}` — {what}" for command, what in HELP)
    offered = "\n".join(
        f"• `{action.name}` on {_some(action.resources)} — {escape(action.title)}, up to "
        f"{format_duration(action.longest)}"
        for action in sorted(policy.actions.values(), key=lambda a: (a.environment, a.name))[:25]
    )
    return [section(f"*What you can type*\n{commands}"), section(f"*What you can ask for*\n{offered}")]


def asked(request: Request) -> str:
    """The answer to a request, true at this moment."""
    what = (
        f"*{escape(request.action)}* on `{escape(request.resource)}` for {format_duration(request.duration)}"
    )
    if request.state is State.DENIED:
        return f"❌ Policy denies {what} (`{request.id}`): {_ended(said(request.comment))}"
    if request.verdict.outcome is Outcome.AUTO_APPROVE:
        return f"✅ Approved at once: {what} (`{request.id}`). I tell you when the access is there."
    needed = " and ".join(f"{stage.quorum} of {escape(stage.name)}" for stage in request.verdict.stages)
    return f"⏳ Asked: {what} (`{request.id}`). It takes {needed}; I tell you as soon as someone decides."


def _ended(sentence: str) -> str:
    """A sentence with an end, whoever wrote it."""
    return sentence if sentence.endswith((".", "!", "?", "…")) else f"{sentence}."


def asked_blocks(requests: Sequence[Request]) -> list[Block] | None:
    """The same of all that one wish asked for, with what can be done about denials; None where there is none."""
    if not any(request.state is State.DENIED for request in requests):
        return None
    return [block for request in requests for block in _asked(request)]


def _asked(request: Request) -> list[Block]:
    told = section(asked(request))
    if request.state is not State.DENIED:
        return [told]
    ways = (button("Why?", actions.WHY, request.id), button("Ask again …", actions.AGAIN, request.id))
    return [told, buttons(*ways)]


def asked_in_part(
    requests: Sequence[Request], left: Sequence[str], why: Refused
) -> tuple[str, list[Block] | None]:
    """The answer to a wish that could not go on, `left` being the resources that were not asked for."""
    rest = f"🚫 Not asked for: {escape(', '.join(left))}. {escape(str(why))}"
    blocks = asked_blocks(requests)
    return "\n".join([*map(asked, requests), rest]), [*blocks, section(rest)] if blocks else None


def extended(request: Request) -> str:
    """The answer to a wish for more time."""
    if request.extension is None and request.ends_at:
        return f"⏱️ You have more time: `{request.id}` lasts until {moment(request.ends_at)}."
    return (
        f"⏳ Asked: more time for `{request.id}`. I tell you when someone decides; till then its end stays."
    )


def list_blocks(mine: Sequence[Request], waiting: Sequence[Request]) -> list[Block]:
    """One's own requests, and those that wait for one's decision."""
    if not mine and not waiting:
        return [section("You have asked for nothing yet, and nothing waits for you. `/jit request` begins.")]
    blocks: list[Block] = []
    if waiting:
        blocks.append(section("*Waiting for your decision*\n" + "\n".join(map(_waiting, waiting[:15]))))
    if mine:
        blocks.append(section("*Your requests*\n" + "\n".join(map(_mine, mine[:15]))))
    return blocks


def status_blocks(request: Request, audience: Audience) -> list[Block]:
    """A request in full."""
    return [
        header(f"{STATE_SIGN[request.state]} {request.id}"),
        section(status_line(request, audience)),
        fields(
            ("Who", escape(request.requester.name)),
            ("What", f"{escape(request.action)} on {on_what(request)}"),
            ("Where", escape(request.environment)),
            ("How long", how_long(request)),
        ),
        quote(request.reason),
        *asked_in_run(request),
        context(
            *filter(None, [asked_from(request)]),
            f"Rule: {escape(', '.join(request.verdict.rules) or 'none')}",
            f"Asked {moment(request.created_at)}",
            f"Policy {request.verdict.policy_digest[:12]}",
        ),
    ]


def _waiting(request: Request) -> str:
    return (
        f"⏳ `{request.id}` *{escape(request.requester.name)}*: {escape(request.action)} on "
        f"`{escape(request.resource)}` for {format_duration(request.duration)}, "
        f"lapses {moment(request.lapses_at)}"
    )


def _mine(request: Request) -> str:
    until = f" until {moment(request.ends_at)}" if request.state is State.ACTIVE and request.ends_at else ""
    if request.waits_for_requester and request.confirms_by:
        until = f", waits for you to confirm, until {moment(request.confirms_by)}"
    return (
        f"{STATE_SIGN[request.state]} `{request.id}` {escape(request.action)} on "
        f"{on_what(request)}: *{request.state.replace('_', ' ')}*{until}"
    )


def _some(resources: Sequence[str]) -> str:
    shown = ", ".join(f"`{escape(name)}`" for name in resources[:4])
    return f"{shown} …" if len(resources) > 4 else shown


def revoked_text(name: str, revoked: Sequence[Request]) -> str:
    """What was revoked of someone, in a sentence."""
    if not revoked:
        return f"{said(name)} holds nothing that is live or about to be, so there was nothing to revoke."
    return (
        f"⛔ Revoked all that {said(name)} held ({len(revoked):,}). Each card says when its access is gone."
    )


def revoked_blocks(name: str, revoked: Sequence[Request]) -> list[Block]:
    """The same with a line for each, as many as fit."""
    return first_that_fits(lambda most: _revoked(name, revoked, most), (LISTED, 10, 3))


def _revoked(name: str, revoked: Sequence[Request], most: int) -> list[Block]:
    lines = [
        f"• `{each.id}` {escape(each.action)} on `{escape(each.resource)}`: "
        + ("stopped before it started" if each.state is State.CANCELLED else "being taken back")
        for each in revoked[:most]
    ]
    left = len(revoked) - most
    rest = [f"… and {left:,} more."] if left > 0 else []
    return [section(revoked_text(name, revoked)), *sections([*lines, *rest])]
