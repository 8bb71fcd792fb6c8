"""`/jit break-glass`: an order, a form that says what will happen, and the review afterwards."""

import json
from datetime import timedelta
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from app.domain.duration import parse_duration
from app.domain.question import wording
from app.domain.refusals import BadInput
from app.domain.request import State
from app.slack import actions
from app.slack.answers import Answer, answer_to, telling_refusals
from app.slack.listeners.decisions import read_id, request_id
from app.slack.listeners.shorter import filled_in
from app.slack.listeners.where import asked_for_address
from app.slack.proving import asking_for_proof
from app.slack.services import Services
from app.slack.views import replies
from app.slack.views.break_glass import break_glass_modal, review_modal
from app.whereabouts import Wanted
from app.workflow import Wish

Body = dict[str, Any]
ORDER = "The order is `/jit break-glass ACTION RESOURCE 15m why`."


async def break_glass(services: Services, body: Body, words: list[str], _: Answer) -> None:
    """Check the order, and open the form that asks again."""
    if len(words) < 3:
        raise BadInput(f"In an emergency, say what you need, on what and for how long. {ORDER}")
    action, resource, duration, *reason = words
    try:
        lasts = parse_duration(duration)
    except ValueError as error:
        raise BadInput(f"{error} {ORDER}", field="duration") from None
    by = await services.identity.of(body["user_id"])
    wish = Wish(action=action, resource=resource, duration=lasts, reason=" ".join(reason))
    if await services.whereabouts.needed(Wanted(wishes=(wish,)), by) and services.whereabouts.has_page:
        found = services.policy().find_action(
            action
        )  # what it comes to is not known before the person's address is
    else:
        found = await services.workflow.may_break_glass(wish, by)
    form = break_glass_modal(found, resource, lasts, wish.reason, body.get("response_url", ""))
    await services.open_view(body["trigger_id"], form)


def listen(app: AsyncApp, services: Services) -> None:
    """Listen to the form, and to the review's button and form."""
    workflow = services.workflow

    @app.view(actions.BREAK_GLASS_VIEW)
    async def confirmed(ack: AsyncAck, body: Body) -> None:
        why = await _words(ack, body, "reason")
        if why is None:
            return
        wish, response_url = _wish(body)
        answer = Answer(services.client, body["user"]["id"], response_url)
        async with telling_refusals(answer):
            by = await services.who(body)
            wanted = Wanted(wishes=(wish,), glass=why, answer_to=response_url)
            if await asked_for_address(services, wanted, by, answer):
                return
            await workflow.may_break_glass(wish, by)
            request = await workflow.request(wish, by)
            if request.state is not State.PENDING and request.glass is None:
                await answer.say(replies.asked(request))
                return
            async with asking_for_proof(services, body, by, {"why": why}):
                await workflow.break_glass(request.id, by, why)
                await answer.say(
                    f"🚨 The glass is broken (`{request.id}`). I tell you when the access is there; "
                    "approvers and security are told now."
                )

    @app.action(actions.REVIEW)
    async def ask_finding(ack: AsyncAck, body: Body) -> None:
        await ack()
        async with telling_refusals(answer_to(services.client, body)):
            request = await workflow.may_review(request_id(body), await services.who(body))
            await services.open_view(body["trigger_id"], review_modal(request, body.get("response_url", "")))

    @app.view(actions.REVIEW_VIEW)
    async def reviewed(ack: AsyncAck, body: Body) -> None:
        comment = await _words(ack, body, "finding")
        if comment is None:
            return
        named, _, response_url = body["view"]["private_metadata"].partition(" ")
        async with telling_refusals(Answer(services.client, body["user"]["id"], response_url)):
            await workflow.review(read_id(named), await services.who(body), comment)


async def _words(ack: AsyncAck, body: Body, what: str) -> str | None:
    """Close the form and give its words, or say in it what is wrong with them."""
    try:
        words = wording(filled_in(body).get(actions.COMMENT, ""), what)
    except BadInput as bad:
        await ack(response_action="errors", errors={actions.COMMENT: str(bad)})
        return None
    await ack()
    return words


def _wish(body: Body) -> tuple[Wish, str]:
    """What the form carries; whatever is forged is judged like anything typed. Garbage is an empty wish."""
    try:
        carried = json.loads(body["view"]["private_metadata"])
        wish = Wish(
            action=str(carried["action"]),
            resource=str(carried["resource"]),
            duration=timedelta(seconds=min(max(int(carried["seconds"]), 0), 10**8)),
            reason=str(carried["reason"]),
            delivery=f"glass:{body['view']['id']}",
        )
        return wish, str(carried["answer_to"])
    except (ValueError, TypeError, KeyError, OverflowError):
        return Wish(action="", resource=""), ""
