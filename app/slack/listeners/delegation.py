"""`/jit delegate`: lets someone decide in one's place."""

import difflib
import re
from typing import Any

from app.domain.people import Principal
from app.domain.refusals import BadInput
from app.domain.until import parse_until
from app.policy import Policy
from app.slack.answers import Answer
from app.slack.services import Services
from app.slack.views.delegation import ORDER, delegated, ended, shown

Body = dict[str, Any]
MENTION = re.compile(r"<@([UW][A-Z0-9]{2,20})(?:\|[^>]*)?>")


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
    person = person_named(services.policy(), words[0])
    if len(words) == 1:
        raise BadInput(f"Until when? {ORDER}", field="until")
    now = await services.workflow.now()
    try:
        until = parse_until(" ".join(words[1:]), now, zone)
    except ValueError as error:
        raise BadInput(str(error), field="until") from None
    await answer.say(delegated(await services.workflow.delegate(by, person, until), zone))


def person_named(policy: Policy, word: str) -> Principal:
    """Find whom a mention means: by Slack's id, or by the id that policy has for them.

    A name that somebody has chosen in Slack means nobody: it can be anyone's. Raises BadInput.
    """
    if mention := MENTION.fullmatch(word):
        person = policy.person_by_slack(mention[1])
    else:
        person = policy.people.get(word.removeprefix("@").lower())
    if person is None:
        near = difflib.get_close_matches(word.removeprefix("@").lower(), policy.people, n=1, cutoff=0.5)
        meant = f" Did you mean @{near[0]}?" if near else ""
        raise BadInput(f"“{word[:40]}” is nobody whom policy names.{meant} {ORDER}", field="person")
    return person
