"""`POST /v1/triggers/{source}`: an event from outside, signed by whoever sends it, that may open a request."""

from enum import StrEnum
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from app.domain.request import State
from app.policy.trigger_shapes import SOURCES
from app.web.api.services import Services
from app.web.limits import STRANGERS
from app.web.problems import Problem
from app.web.triggers.opening import Outcome
from app.web.triggers.refusals import NotSigned, WrongType

Source = StrEnum("Source", [(each.upper(), each) for each in SOURCES])  # type: ignore[misc]
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The event as the source sends it; its signature covers these bytes.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}


class Opened(BaseModel):
    """What a trigger that matched led to."""

    trigger: str = Field(examples=["migration-in-a-pull-request"])
    request: str | None = Field(None, examples=["R07-4KX9TQZ"])
    state: State | None = None
    refused: str = Field("", description="Why it opened nothing.")


class Taken(BaseModel):
    """The event is genuine. `opened` is empty when no trigger matches."""

    opened: list[Opened]


def routes(services: Services) -> APIRouter:
    """Make the routes."""
    api = APIRouter(prefix="/triggers", tags=["triggers"])

    @api.post(
        "/{source}",
        status_code=202,
        openapi_extra=BODY,
        responses={
            200: {
                "model": Taken,
                "description": "The same, of `terraform`, which sends it again for any other.",
            },
            415: {"model": Problem, "description": "The body is not of the source's type."},
        },
    )
    async def take(request: Request, response: Response, source: Source) -> Taken:
        """Take a signed event: each trigger that it matches opens one request, however often it comes."""
        await services.ready()
        triggers = services.triggers
        if triggers is None:
            raise NotSigned(source.value)
        try:
            outcomes = await triggers.take(source.value, request.headers, await request.body())
        except (NotSigned, WrongType):
            await services.limiter.take(STRANGERS, services.address(request).ip or "unknown")
            raise
        if source.value == "terraform":
            response.status_code = 200  # any other, and HCP Terraform sends it again
        return Taken(opened=[_opened(each) for each in outcomes])

    return api


def _opened(outcome: Outcome) -> Opened:
    request = outcome.request
    return Opened(
        trigger=outcome.trigger,
        request=request.id if request else None,
        state=request.state if request else None,
        refused=str(outcome.refusal) if outcome.refusal else "",
    )
