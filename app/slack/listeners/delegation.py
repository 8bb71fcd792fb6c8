"""`/jit delegate`: lets someone decide in one's place."""

import difflib
from typing import Any

from app.domain.people import Principal
from app.domain.refusals import BadInput
from app.domain.until import parse_until
from app.policy import Policy
from app.slack.answers import Answer
from app.slack.services import Services
from app.slack.views.delegation import ORDER, delegated, ended, shown
from app.slack.views.text import mentioned, typed

Body = dict[str, Any]


async def delegate(services: Services, body: Body, words: list[str], answer: Answer) -> None:
    """Show, make or end a delegation."""
    by = await services.identity.of(body["user_id"])
    zone = await services.identity.zone_of(body["user_id"])
    if not words:
        await answer.say(shown(by, await services.workflow.delegations(), zone))
        return
    if words[0].lower() == "off" and len(words) == 1:
        await answer.say(ended(await services.workflow.end_delegation(by)))
        return
    raw = str(body.get("text", "")).split(None, 2)[1]  # as Slack hands it over: a mention with its id
    person = person_named(services.policy(), raw)
    if len(words) == 1:
        raise BadInput(f"Until when? {ORDER}", field="until")
    now = await services.workflow.now()
    try:
        until = parse_until(" ".join(words[1:]), now, zone)
    except ValueError as error:
        raise BadInput(str(error), field="until") from None
    await answer.say(delegated(await services.workflow.delegate(by, person, until), zone))


def person_named(policy: Policy, raw: str) -> Principal:
    """Find whom a word means, as Slack hands it over: by the id in a mention, or the key in the policies.

    A name that somebody has chosen in Slack means nobody: it can be anyone's. Raises BadInput.
    """
    slack = mentioned(raw)
    person = policy.person_by_slack(slack) if slack else policy.people.get(raw)
    if person is None:
        word = typed(raw).removeprefix("@").lower()
        near = difflib.get_close_matches(word, policy.people, n=1, cutoff=0.5)
        meant = f" Did you mean @{near[0]}?" if near else ""
        raise BadInput(f"“{typed(raw)[:40]}” is nobody whom policy names.{meant} {ORDER}", field="person")
    return person
