"""What a page does once the person is proved: one call of the workflow, which reads everything again."""

from datetime import timedelta
from typing import NamedTuple

from app.domain.people import Principal
from app.domain.proof import Proof
from app.domain.refusals import BadInput
from app.domain.request import Request
from app.store.pages import Page, Task
from app.workflow import Workflow


class Done(NamedTuple):
    """What was done, in a headline and a sentence for the person who did it."""

    title: str
    told: str


async def may_do(workflow: Workflow, page: Page, by: Principal) -> Request:
    """Read the page's request, if this person may do now what the page is for. Raises what doing it would raise."""
    match page.task:
        case Task.APPROVE:
            return await workflow.may_approve(page.request_id, by)
        case Task.DENY:
            return await workflow.may_decide(page.request_id, by)
        case Task.MORE_TIME:
            return await workflow.may_decide_extension(page.request_id, by)
        case Task.EXTEND:
            return await workflow.may_extend(page.request_id, by)
        case Task.CONFIRM:
            return await workflow.may_confirm(page.request_id, by)
        case _:
            return await workflow.see(page.request_id, by)


async def do(workflow: Workflow, page: Page, by: Principal, proof: Proof, comment: str = "") -> Done:
    """Do what the page is for. Raises what the workflow raises."""
    comment = comment or page.detail("comment")
    match page.task:
        case Task.APPROVE:
            less = page.detail("less")
            shorter, part = timedelta(seconds=int(less)) if less else None, page.detail("resource")
            approved = await workflow.approve(page.request_id, by, comment, shorter, proof, part)
            return Done("Approved", _approved(approved))
        case Task.DENY:
            await workflow.deny(page.request_id, by, comment, proof)
            return Done("Denied", f"{page.request_id} is denied; the requester is told why.")
        case Task.MORE_TIME:
            await workflow.decide_extension(
                page.request_id,
                by,
                approved=True,
                comment=comment,
                proof=proof,
                shown=page.detail("shown") or None,
            )
            return Done("More time approved", f"{page.request_id} has the time that was asked for.")
        case Task.CONFIRM:
            await workflow.confirm(page.request_id, by, proof)
            return Done(
                "It starts",
                f"The access of {page.request_id} is being created; Slack tells you when it is there.",
            )
        case Task.GLASS:
            await workflow.break_glass(page.request_id, by, page.detail("why"), proof)
            return Done(
                "The glass is broken",
                "Slack tells you when the access is there. Approvers and security are told now.",
            )
        case Task.EXTEND:
            more = timedelta(seconds=int(page.detail("more") or 0))
            wish = (page.detail("reason"), f"page:{page.nonce}", "slack", proof.ip, proof.ip_told_by)
            await workflow.extend(page.request_id, by, more, *wish, proof=proof)
            return Done(
                "Asked for more time", f"Slack tells you what becomes of it. It is about {page.request_id}."
            )
        case Task.REVIEW | Task.FACTORS | Task.CREDENTIALS:
            raise BadInput("That page decides nothing by itself.")


def _approved(request: Request) -> str:
    who = request.requester.name
    if request.open_stages:
        waits = " and ".join(stage.name for stage in request.open_stages)
        return f"Your approval of {request.id} counts. It waits for {waits} now."
    return f"{request.id} is approved: {who} gets the access now, or when it is to start."
