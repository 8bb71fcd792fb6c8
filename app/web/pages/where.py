"""`/where/<token>`: shows a wish from Slack in full, and asks for it from the address that the browser has.

Looking changes nothing, so that a scanner of links may; only the form that this very browser was shown does.
"""

import re
from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter, Request, Response

from app.domain.duration import format_duration
from app.domain.refusals import Refused
from app.domain.request import Request as Asked
from app.domain.request import State
from app.domain.verdict import Outcome
from app.web.pages.answering import Answering
from app.web.pages.frame import Frame, NotThisForm
from app.web.problems import kind_of
from app.whereabouts import AddressUntold, Made, NoSuchCheck, Wanted, Whereabouts

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
STATUS: Mapping[type[Refused], int] = {AddressUntold: 400, NoSuchCheck: 404}
Facts = list[tuple[str, str]]


def routes(
    frame: Frame, whereabouts: Whereabouts, answering: Answering, ready: Callable[[], Awaitable[None]]
) -> APIRouter:
    """Make the routes. `ready` waits until it is known who is in groups, or cannot be found out soon."""
    router = APIRouter(include_in_schema=False)

    @router.get("/where/{token}")
    async def look(request: Request, token: str) -> Response:
        try:
            waiting = await whereabouts.look(_token(token))
        except Refused as refusal:
            return await _refuse(frame, answering, request, refusal)
        return frame.page(
            request,
            "where.html",
            token=token,
            title="Ask from here?",
            name=waiting.name,
            wishes=_facts(waiting.wanted),
            ip=frame.address(request).ip,
        )

    @router.post("/where/{token}")
    async def ask(request: Request, token: str) -> Response:
        try:
            await frame.form(request, token)
        except NotThisForm as refusal:
            return frame.refuse(request, "Nothing was asked", str(refusal), status=403)
        address = frame.address(request)
        await ready()
        try:
            made = await whereabouts.ask(_token(token), address.ip, address.told_by)
        except Refused as refusal:
            return await _refuse(frame, answering, request, refusal)
        title, told = _came_of(made)
        mood = "no" if made.refusal else "yes"
        status = kind_of(type(made.refusal)).status if made.refusal else 200
        return frame.page(request, "told.html", status=status, title=title, told=told, mood=mood)

    return router


def _token(text: str) -> str:
    if not TOKEN.fullmatch(text):
        raise NoSuchCheck
    return text


async def _refuse(frame: Frame, answering: Answering, request: Request, refusal: Refused) -> Response:
    """Say no; who tries links that are none is counted."""
    if isinstance(refusal, NoSuchCheck):
        refusal = await answering.guessed(request, refusal)
    status = STATUS.get(type(refusal)) or kind_of(type(refusal)).status
    return frame.refuse(request, "Nothing was asked", str(refusal), status=status)


def _facts(wanted: Wanted) -> list[Facts]:
    """What the wishes say, as they were typed."""
    if more := wanted.more:
        asked = [("More time for", more.request_id), ("How much longer", format_duration(more.duration))]
        return [[*asked, *_why(more.reason)]]
    return [
        [
            ("What", wish.action),
            ("On", wish.resource),
            ("How long", format_duration(wish.duration) if wish.duration else "as long as is usual for it"),
            *([("From", f"{wish.start_at:%Y-%m-%d %H:%M} UTC")] if wish.start_at else []),
            *_why(wish.reason),
            *([("Without approval, because", wanted.glass)] if wanted.glass else []),
        ]
        for wish in wanted.wishes
    ]


def _why(reason: str) -> Facts:
    return [("Why", reason)] if reason.strip() else []


def _came_of(made: Made) -> tuple[str, str]:
    """The title and the words of the page after it."""
    told = [_said(each, made) for each in made.requests]
    if made.refusal:
        title = "Asked in part" if told else "Nothing was asked"
        return title, " ".join([*told, str(made.refusal)])
    return "Asked", " ".join([*told, f"Recorded with it: {made.ip}. Slack tells you what follows."])


def _said(request: Asked, made: Made) -> str:
    what = f"{request.action} on {request.resource} ({request.id})"
    if made.wanted.more:
        waits = request.extension is not None
        return f"More time for {what} {'waits for a decision' if waits else 'is given'}."
    if request.state is State.DENIED:
        return f"Policy denies {what}: {request.comment}."
    if request.glass is not None:
        return f"The glass is broken for {what}."
    if request.verdict.outcome is Outcome.AUTO_APPROVE:
        return f"Approved at once: {what}."
    return f"{what[0].upper()}{what[1:]} waits for approval."
