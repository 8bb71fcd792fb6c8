"""`/jit login CODE` and `/jit tokens`: tokens of the API, without any secret passing through Slack."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from app.domain.people import Principal
from app.domain.refusals import BadInput
from app.policy import Permission
from app.slack import actions
from app.slack.answers import Answer, telling_refusals
from app.slack.services import Services
from app.slack.views.tokens import login_modal, signed_in, token_lines

Body = dict[str, Any]


def listen(app: AsyncApp, services: Services) -> None:
    """Listen to the form that confirms a login."""

    @app.view(actions.LOGIN_VIEW)
    async def confirmed(ack: AsyncAck, body: Body) -> None:
        await ack()
        code, _, response_url = body["view"]["private_metadata"].partition(" ")
        answer = Answer(services.client, body["user"]["id"], response_url)
        async with telling_refusals(answer):
            login = await services.tokens.confirm_login(code, await services.who(body))
            await answer.say(signed_in(login))


async def login(services: Services, body: Body, words: list[str], _: Answer) -> None:
    """Show who asks by a code, and ask whether it is oneself: a click is what gives the token."""
    if not words:
        raise BadInput("Which code? `jit login` on your machine shows it; type `/jit login CODE`.")
    by = await services.identity.of(body["user_id"])
    code, asking = await services.tokens.login("".join(words), by)
    await services.open_view(body["trigger_id"], login_modal(code, asking, body.get("response_url", "")))


async def tokens(services: Services, body: Body, words: list[str], answer: Answer) -> None:
    """List one's tokens, or revoke one; for those who may revoke anything, also those of others."""
    by = await services.identity.of(body["user_id"])
    if words and words[0].lower() == "revoke":
        if len(words) != 2:
            raise BadInput("Which one? Type `/jit tokens revoke ID`; `/jit tokens` shows the ids.")
        gone = await services.tokens.revoke(words[1].strip("`").lower(), by)
        await answer.say(f"⛔ The token `{gone.id}` of {gone.owner} is revoked: it does nothing from now on.")
        return
    owner = _owner(services, by, words)
    await answer.say(token_lines(owner, await services.tokens.of(owner), is_own=owner == by.id))


def _owner(services: Services, by: Principal, words: list[str]) -> str:
    """Whose tokens are meant: one's own, or, by permission, those of a person or machine by id or mention."""
    if not words:
        return by.id
    services.workflow.require(by, Permission.REVOKE)
    policy, word = services.policy(), words[0].removeprefix("@").lower()
    mentioned = policy.person_by_slack(words[0].strip("<@>").partition("|")[0])
    if mentioned is not None:
        return mentioned.id
    if word in policy.people or word in policy.machines:
        return word
    raise BadInput(
        f"“{words[0][:40]}” is no person and no machine in the policies: use the id that they have."
    )
