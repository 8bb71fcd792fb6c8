"""What the requester hears when a request waits in vain: silence would look like approvers who take their time."""

from app.domain.request import Request
from app.domain.verdict import Stage
from app.slack.views.text import escape


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
