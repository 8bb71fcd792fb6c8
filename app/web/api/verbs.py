"""`/v1/requests/{id}/…`: the verbs. A request that is not the caller's to see is answered as if there were none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import APIRouter, Request, Security

from app.domain.proof import API_TOKEN, Proof
from app.domain.refusals import BadInput, Refused, Unavailable, UnknownRequest
from app.domain.token import Scope
from app.web.api.models import Approval, Comment, Id, More, Shown, Why, read_duration, shown
from app.web.api.services import BEARER, Calling, Services
from app.workflow import NO_WHY

AS_ASKED = Approval()
MORE_OR_LESS = "More time is given as it was asked, or denied: leave out `seconds` and `resource`."
NOTHING_SAID = Why()


def routes(services: Services) -> APIRouter:
    """Make the routes."""
    api = APIRouter(prefix="/requests/{request_id}", tags=["requests"], dependencies=[Security(BEARER)])
    _decisions(api, services)
    _ones_own(api, services)
    return api


@asynccontextmanager
async def _calling(
    services: Services, request: Request, request_id: str, scope: Scope
) -> AsyncIterator[Calling]:
    """Give who calls. Of what is not theirs to see only that there is none is told; attempts stay recorded."""
    calling = await services.calling(request)
    calling.caller.require(scope)
    try:
        yield calling
    except (UnknownRequest, Unavailable):
        raise
    except Refused:
        await services.workflow.see(request_id, calling.caller.by)
        raise


def _proof(calling: Calling) -> Proof:
    """What a decision by this call rests on: its token, and where it came from."""
    return API_TOKEN.seen_from(calling.address.ip, calling.address.told_by)


def _decisions(api: APIRouter, services: Services) -> None:
    workflow = services.workflow

    async def decide_more_time(calling: Calling, request_id: str, said: Comment, *, approved: bool) -> Shown:
        by, proof = calling.caller.by, _proof(calling)
        return shown(
            await workflow.decide_extension(
                request_id, by, approved=approved, comment=said.comment, proof=proof
            )
        )

    @api.post("/approve")
    async def approve(request: Request, request_id: Id, said: Approval = AS_ASKED) -> Shown:
        """Count an approval, where policy takes decisions through the API. Nobody approves their own.

        With `seconds` or `resource` it is for less than was asked: a shorter time, or a part of the resource.
        """
        async with _calling(services, request, request_id, Scope.DECIDE) as calling:
            if said.more_time and (said.seconds or said.resource):
                raise BadInput(MORE_OR_LESS, field="more_time")
            if said.more_time:
                return await decide_more_time(calling, request_id, said, approved=True)
            by, less = calling.caller.by, timedelta(seconds=said.seconds) if said.seconds else None
            part = (said.resource or "").strip()
            return shown(await workflow.approve(request_id, by, said.comment, less, _proof(calling), part))

    @api.post("/deny")
    async def deny(request: Request, request_id: Id, said: Comment) -> Shown:
        """Say no, and why, where policy takes decisions through the API."""
        async with _calling(services, request, request_id, Scope.DECIDE) as calling:
            if not said.comment.strip():
                raise BadInput(NO_WHY, field="comment")
            if said.more_time:
                return await decide_more_time(calling, request_id, said, approved=False)
            by = calling.caller.by
            return shown(await workflow.deny(request_id, by, said.comment, proof=_proof(calling)))

    @api.post("/revoke")
    async def revoke(request: Request, request_id: Id, why: Why = NOTHING_SAID) -> Shown:
        """End someone's access: its requester, its approvers and security may."""
        async with _calling(services, request, request_id, Scope.DECIDE) as calling:
            return shown(await workflow.revoke(request_id, calling.caller.by, why.comment))


def _ones_own(api: APIRouter, services: Services) -> None:
    workflow = services.workflow

    @api.post("/cancel")
    async def cancel(request: Request, request_id: Id) -> Shown:
        """Take one's own request back before access exists."""
        async with _calling(services, request, request_id, Scope.REQUEST) as calling:
            return shown(await workflow.cancel(request_id, calling.caller.by))

    @api.post("/done")
    async def done(request: Request, request_id: Id) -> Shown:
        """Give one's own access back."""
        async with _calling(services, request, request_id, Scope.REQUEST) as calling:
            return shown(await workflow.done(request_id, calling.caller.by))

    @api.post("/extend")
    async def extend(request: Request, request_id: Id, more: More) -> Shown:
        """Ask for more time; the end in force stays until somebody decides."""
        async with _calling(services, request, request_id, Scope.REQUEST) as calling:
            by, duration = calling.caller.by, read_duration(more.duration)
            return shown(
                await workflow.extend(
                    request_id,
                    by,
                    duration,
                    more.reason,
                    source=calling.caller.source(more.source),
                    ip=calling.address.ip,
                    ip_told_by=calling.address.told_by,
                    run=calling.caller.token.run,
                )
            )
