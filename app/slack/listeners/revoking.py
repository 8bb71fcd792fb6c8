"""`/jit revoke @person why`: all that someone holds, for those whom policy lets revoke."""

from app.domain.ids import read_request_id
from app.domain.refusals import BadInput
from app.domain.value import Value
from app.policy import Policy
from app.slack.answers import Answer
from app.slack.services import Services
from app.slack.views.replies import revoked_blocks, revoked_text
from app.slack.views.text import mentioned, typed


class Meant(Value):
    """Somebody by their id in Slack or in policy, called so here; and why."""

    id: str
    name: str
    comment: str


def whose(text: str, policy: Policy) -> Meant | None:
    """Read whose access a command means, from its text as Slack hands it over; None where it means a request.

    A mention carries an id. A bare word counts when it is exactly the key of a person in the policies; a
    name does not, for several people may share one. Raises BadInput for a name.
    """
    _, word, rest = [*text.split(None, 2), "", "", ""][:3]
    comment = typed(rest)
    if slack := mentioned(word):
        person = policy.person_by_slack(slack)
        return Meant(id=slack, name=person.name if person else typed(word), comment=comment)
    if person := policy.people.get(word):
        return Meant(id=person.id, name=person.name, comment=comment)
    if word.startswith(("@", "<")) or (word and not _is_a_request(word) and _is_a_name(word, policy)):
        raise BadInput(
            f"I cannot tell who “{typed(word)[:40]}” is: several people may share a name. Type @ and choose the "
            "person from Slack's list, or give the key that the policies have for them.",
            field="person",
        )
    return None


def _is_a_request(word: str) -> bool:
    try:
        read_request_id(word)
    except ValueError:
        return False
    return True


def _is_a_name(word: str, policy: Policy) -> bool:
    return any(word.lower() in person.name.lower().split() for person in policy.people.values())


async def revoke_all(services: Services, user_id: str, meant: Meant, answer: Answer) -> None:
    """Revoke, and tell what was revoked."""
    by = await services.identity.of(user_id)
    revoked = await services.workflow.revoke_all(meant.id, by, meant.comment)
    await answer.say(revoked_text(meant.name, revoked), revoked_blocks(meant.name, revoked))
