"""What people hear when something is wrong: silence would look like approvers who take their time."""

from collections.abc import Collection, Iterable
from datetime import datetime

from app.domain.request import Request
from app.domain.verdict import Stage
from app.policy.nearest import listed
from app.slack.views.text import clip, escape, moment

NAMED = 8
PROBLEM_SHOWN = 2500


def card_not_posted(request: Request) -> str:
    """The approvers' channel does not take the card."""
    channel = escape(request.channel)
    return (
        f"⚠️ The card of `{request.id}` could not be posted in {channel}, so its approvers do not see it. "
        f"Ask for the app to be invited there, or for another channel in the policies if {channel} is "
        f"archived or gone. Then `/jit cancel {request.id}`, and ask again."
    )


def nobody_to_decide(request: Request, stage: Stage) -> str:
    """Too few of those who may approve are there."""
    return (
        f"⚠️ `{request.id}` waits for {stage.quorum} of {escape(stage.name)}, but nobody who may approve it can "
        "be reached, or too few can: they left Slack or the policies. "
        "Ask security to name somebody; the request waits until it lapses."
    )


def policy_broken(problem: str) -> str:
    """Tell those who run the bot; the problem quotes what stands in the files, which is to ping nobody."""
    shown = clip(escape(problem.replace("`", "'")), PROBLEM_SHOWN)
    return f"⚠️ The changed policies are broken; the ones before stay in force.\n```{shown}```"


def many_leave(people: Collection[str], requests: int, sources: Iterable[str], until: datetime) -> str:
    """Tell those who run the bot that, if what sources say is right, much is to be taken back at once."""
    by = listed(sorted(sources), NAMED) or "the sources of members"
    return escape(
        f"⚠️ By what {by} say now, {len(people)} people may no longer have what they hold or ask for "
        f"({requests} {'request' if requests == 1 else 'requests'}): {listed(sorted(people), NAMED)}. "
        "So many at once may be a mistake of a source. They get nothing new, and what they have "
    ) + (
        f"is taken back {moment(until)}, unless the sources name them again by then. "
        "`/jit revoke @person` takes it back at once."
    )


def source_failed(said: str) -> str:
    """Tell those who run the bot whose members are not known, or not any more; what is quoted pings nobody."""
    return f"⚠️ {clip(escape(said), PROBLEM_SHOWN)}"
