"""What a vendor is told, for those who look at the deployment there: who decided, and never why.

A repository may be public, and what people write to each other is not for everyone: the thread in Slack has it.
"""

from app.domain.gate import Answer
from app.domain.people import SYSTEM
from app.domain.request import Request, State

WHY = {
    State.DENIED: "Denied",
    State.CANCELLED: "Taken back or stopped before it was approved",
    State.LAPSED: "Nobody decided in time",
    State.GRANT_FAILED: "It could not be granted",
    State.EXPIRED: "The approval's time was up before it could be used",
    State.REVOKED: "The approval was revoked",
}


def said_of(request: Request, answer: Answer) -> str:
    """Say the outcome in a sentence."""
    if answer is Answer.APPROVED:
        by = " and ".join(dict.fromkeys(each.by.name for each in request.decisions if each.approved))
        return f"Approved by {by or 'policy'} ({request.id})."
    by = next((each.by.name for each in request.decisions if not each.approved), "")
    if request.state is State.DENIED:
        return f"Denied by {by or 'policy'} ({request.id})."
    if request.ending and request.ending.used and request.ending.by == SYSTEM:
        return f"Approved, and the approval's time was up before this could be told ({request.id})."
    state = State(request.ending.cause.value) if request.ending else request.state
    return f"{WHY.get(state, 'The approval was used for something else')} ({request.id})."


def still_open(request: Request) -> str:
    """Say that it is not decided."""
    return f"Waits for a decision in Slack ({request.id})."
