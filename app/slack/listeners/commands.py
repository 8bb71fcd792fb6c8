"""`/jit …`: the first word is the verb."""

import difflib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from structlog.contextvars import bind_contextvars

from app.domain.duration import parse_duration
from app.domain.ids import WORDS, read_recorded_id, read_request_id
from app.domain.refusals import BadInput
from app.policy import Permission
from app.slack.answers import Answer, answer_to, telling_refusals
from app.slack.listeners.break_glass import break_glass
from app.slack.listeners.delegation import delegate
from app.slack.listeners.factors import factors
from app.slack.listeners.policy import tell_policy
from app.slack.listeners.revoking import revoke_all, whose
from app.slack.listeners.tokens import login, tokens
from app.slack.listeners.where import ask
from app.slack.proving import asking_for_proof, more_wanted
from app.slack.services import Services
from app.slack.views import replies
from app.slack.views.modals import OFFERED, Draft, request_modal
from app.slack.views.story import story_blocks, story_text
from app.slack.views.text import typed
from app.slack.wishes import Filled
from app.whereabouts import More, Wanted

COMMAND = "/jit"
Body = dict[str, Any]
Verb = Callable[[Body, list[str], Answer], Awaitable[None]]


def listen(app: AsyncApp, services: Services) -> None:
    """Listen to the command."""
    commands = Commands(services)

    @app.command(COMMAND)
    async def jit(ack: AsyncAck, body: Body) -> None:
        await ack()
        await commands.run(body)


class Commands:
    """One method for each verb."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._verbs: dict[str, Verb] = {
            "request": self._request,
            "list": self._list,
            "status": self._status,
            "cancel": self._cancel,
            "done": self._done,
            "extend": self._extend,
            "revoke": self._revoke,
            "break-glass": partial(break_glass, services),
            "delegate": partial(delegate, services),
            "policy": self._policy,
            "audit": self._audit,
            "digest": self._digest,
            "login": partial(login, services),
            "tokens": partial(tokens, services),
            "factors": partial(factors, services),
            "help": self._help,
        }

    async def run(self, body: Body) -> None:
        """Do what was typed; whatever is wrong with it is told."""
        answer = answer_to(self._services.client, body)
        word, *rest = typed(body.get("text") or "").split() or ["help"]
        async with telling_refusals(answer):
            verb = self._verbs.get(word.lower())
            if verb is None:
                raise BadInput(_unknown(word, list(self._verbs)))
            await verb(body, rest, answer)

    async def _request(self, body: Body, words: list[str], answer: Answer) -> None:
        if len(words) < 3:
            await self._open_modal(body, words)
            return
        action, resources, duration, *reason = words
        filled = Filled(
            action=action,
            resources=tuple(dict.fromkeys(filter(None, resources.split(",")))),
            duration=_duration(duration),
            reason=_rest_of(typed(body["text"]), 4) if reason else "",
        )
        by = await self._services.identity.of(body["user_id"])
        delivery = f"command:{body['trigger_id']}"
        wishes = filled.wishes(delivery, self._services.policy(), datetime.now(UTC))
        wanted = Wanted(wishes=tuple(wishes), answer_to=body.get("response_url", ""))
        await ask(self._services, wanted, by, answer)

    async def _open_modal(self, body: Body, words: list[str]) -> None:
        by = self._services.identity.named(body["user_id"])
        policy = self._services.policy()
        action, resource = [*words, "", ""][:2]
        if action:
            policy.find_action(action)
        offers = [] if action else await self._services.homes.offers_to(by, OFFERED)
        draft = Draft(action=action, resource=resource, answer_to=body.get("response_url", ""))
        await self._services.open_view(body["trigger_id"], request_modal(policy, draft, offers))

    async def _list(self, body: Body, _: list[str], answer: Answer) -> None:
        by = await self._services.identity.of(body["user_id"])
        mine = await self._services.workflow.mine(by)
        waiting = await self._services.workflow.waiting_for(by)
        await answer.say("Your requests", replies.list_blocks(mine, waiting))

    async def _status(self, body: Body, words: list[str], answer: Answer) -> None:
        request_id = _id(words, "status")
        by = await self._services.identity.of(body["user_id"])
        request = await self._services.workflow.see(request_id, by)
        audience = await self._services.audiences.of(request)
        await answer.say(f"{request.id} is {request.state}", replies.status_blocks(request, audience))

    async def _cancel(self, body: Body, words: list[str], answer: Answer) -> None:
        request_id = _id(words, "cancel")
        by = await self._services.identity.of(body["user_id"])
        await self._services.workflow.cancel(request_id, by)
        await answer.say(f"↩️ `{request_id}` is cancelled.")

    async def _done(self, body: Body, words: list[str], answer: Answer) -> None:
        request_id = _id(words, "done")
        by = await self._services.identity.of(body["user_id"])
        await self._services.workflow.done(request_id, by)
        await answer.say(
            f"🏁 Thank you. Taking the access of `{request_id}` back; I tell you when it is gone."
        )

    async def _extend(self, body: Body, words: list[str], answer: Answer) -> None:
        request_id = _id(words, "extend")
        if len(words) < 2:
            raise BadInput(f"How much longer? Type `/jit extend {request_id} 30m why`.", field="duration")
        more = _duration(words[1], f"/jit extend {request_id} 30m why")
        by = await self._services.identity.of(body["user_id"])
        reason = _rest_of(typed(body["text"]), 3)
        delivery = f"command:{body['trigger_id']}"
        wish = More(request_id=request_id, duration=more, reason=reason, delivery=delivery)
        wanted = Wanted(more=wish, answer_to=body.get("response_url", ""))
        async with asking_for_proof(self._services, body, by, more_wanted(wish)):
            await ask(self._services, wanted, by, answer)

    async def _policy(self, body: Body, _: list[str], answer: Answer) -> None:
        await tell_policy(self._services, body["user_id"], answer)

    async def _revoke(self, body: Body, words: list[str], answer: Answer) -> None:
        if meant := whose(body.get("text") or "", self._services.policy()):
            await revoke_all(self._services, body["user_id"], meant, answer)
            return
        request_id = _id(words, "revoke")
        by = await self._services.identity.of(body["user_id"])
        await self._services.workflow.revoke(request_id, by, _rest_of(typed(body["text"]), 2))
        await answer.say(f"⛔ Revoking `{request_id}`; its card says when the access is gone.")

    async def _audit(self, body: Body, words: list[str], answer: Answer) -> None:
        named = _id(words, "audit", read_recorded_id)
        by = await self._services.identity.of(body["user_id"])
        self._services.workflow.require(by, Permission.AUDIT)
        lines = await self._services.story(named)
        if not lines:
            raise BadInput(f"The audit log has no {WORDS[named[0]]} {named}.")
        await answer.say(story_text(named, lines), story_blocks(named, lines))

    async def _digest(self, body: Body, _: list[str], answer: Answer) -> None:
        by = await self._services.identity.of(body["user_id"])
        self._services.workflow.require(by, Permission.DIGEST)
        channel = await self._services.post_digest()
        await answer.say(f"📋 The digest of the last 24 hours is in {channel}.")

    async def _help(self, _: Body, __: list[str], answer: Answer) -> None:
        await answer.say("What you can type", replies.help_blocks(self._services.policy()))


def _id(words: list[str], verb: str, reading: Callable[[str], str] = read_request_id) -> str:
    if not words:
        raise BadInput(f"Which request? Type `/jit {verb} R07-4KX9TQZ`; `/jit list` shows the ids.")
    try:
        read = reading(words[0])
    except ValueError as error:
        raise BadInput(str(error), field="id") from None
    bind_contextvars(request=read)
    return read


def _duration(text: str, order: str = "/jit request ACTION RESOURCE 30m why") -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise BadInput(f"{error} The order is `{order}`.", field="duration") from None


def _rest_of(text: str, after: int) -> str:
    """What was typed after the first words, with its spaces and lines as they were."""
    parts = text.split(None, after)
    return parts[after] if len(parts) > after else ""


def _unknown(word: str, verbs: list[str]) -> str:
    if word.lower() in {"approve", "deny"}:
        return f"`/jit {word.lower()}` is not typed: use the buttons on the request's card, in its channel."
    near = difflib.get_close_matches(word.lower(), verbs, n=1, cutoff=0.5)
    meant = f" Did you mean `/jit {near[0]}`?" if near else ""
    return f"I do not know “{word[:40]}”.{meant} `/jit help` lists what I do."
