"""Every no of the API as a problem document (RFC 9457): one table from refusals to statuses and titles."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from app.domain.refusals import BadInput, Refused, TooMany
from app.mfa.refusals import TooManyTries

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:jit-approval:problem:"


class Kind(NamedTuple):
    """A kind of problem: its status, and a title that is the same each time."""

    status: int
    title: str


KINDS: Mapping[str, Kind] = {
    "bad_input": Kind(422, "What was sent cannot be used"),
    "token_refused": Kind(401, "No valid token"),
    "job_refused": Kind(401, "The job's token does not hold"),
    "scope_missing": Kind(403, "The token is not for this"),
    "not_known": Kind(403, "Nobody whom policy names"),
    "slack_unavailable": Kind(503, "Slack does not say who you are now"),
    "not_permitted": Kind(403, "Policy does not let you"),
    "self_approval": Kind(403, "Nobody decides on their own request"),
    "not_an_approver": Kind(403, "Not an approver of this request"),
    "not_by_api": Kind(403, "Policy takes decisions in Slack alone"),
    "factor_needed": Kind(403, "Takes a second factor, which no token is"),
    "factor_refused": Kind(403, "The second factor does not prove it"),
    "too_many_tries": Kind(429, "Too many wrong codes"),
    "decision_waits": Kind(409, "Decide first what waits for you"),
    "too_many_factors": Kind(409, "Enough second factors"),
    "already_enrolled": Kind(409, "Enrolled already"),
    "oidc_provider_away": Kind(503, "The sign-in provider does not answer"),
    "page_refused": Kind(403, "The page does not do this"),
    "page_gone": Kind(404, "No such page"),
    "page_used": Kind(410, "The page was used"),
    "end_is_fixed": Kind(409, "Its end cannot be moved"),
    "not_what_was_shown": Kind(409, "It changed since it was shown"),
    "denied_by_policy": Kind(403, "Policy denies it"),
    "unknown_request": Kind(404, "No such request"),
    "unknown_code": Kind(404, "No such code"),
    "not_your_turn": Kind(409, "Others decide first"),
    "already_decided": Kind(409, "Decided already"),
    "wrong_state": Kind(409, "Not in a state for this"),
    "digest_needed": Kind(403, "Bound to one exact command"),
    "digest_mismatch": Kind(403, "Bound to another command"),
    "no_heartbeat": Kind(409, "Takes no heartbeats"),
    "not_single_use": Kind(409, "Not good for one use alone"),
    "not_offline": Kind(403, "Not to be had as an offline token"),
    "offline_off": Kind(409, "No offline tokens here"),
    "already_used": Kind(409, "Used already"),
    "key_reused": Kind(422, "The Idempotency-Key was used for another request"),
    "not_signed": Kind(401, "Not a genuine event that is listened to"),
    "late_event": Kind(422, "Not an event of now"),
    "wrong_type": Kind(415, "Not of a type that is read here"),
    "nothing_opened": Kind(422, "The event matches, and could open no request"),
    "certificate_unavailable": Kind(503, "The sender's certificate cannot be had now"),
    "too_many": Kind(429, "Too many calls"),
    "no_credentials": Kind(409, "There are no credentials to take"),
    "credentials_gone": Kind(409, "The credentials were taken already"),
    "no_access": Kind(409, "There is no access that they would be of"),
    "not_set_up": Kind(409, "The target is not set up"),
    "busy": Kind(503, "Changed by others at this instant"),
    "issuer_away": Kind(503, "The token's issuer does not answer"),
    "unavailable": Kind(503, "The store does not answer"),
    "refused": Kind(409, "Refused"),
}
"""A refusal that is not here is of the kind of the nearest one that it is derived from."""
OF_STATUS = {
    400: ("malformed", "Not a request that can be read"),
    404: ("unknown_path", "No such path"),
    405: ("wrong_method", "The path does not take this method"),
    408: ("too_slow", "The body did not arrive in time"),
    413: ("too_large", "The body is too large"),
}


class Problem(BaseModel):
    """A problem document. `code` and `type` are stable; `detail` is for people and may change."""

    type: str = Field(examples=[f"{TYPE}wrong_state"])
    title: str = Field(examples=["Not in a state for this"])
    status: int = Field(examples=[409])
    code: str = Field(examples=["wrong_state"])
    detail: str = Field(examples=["R07-4KX9TQZ is cancelled, so there is nothing to approve any more."])
    errors: list[dict[str, str]] = Field(
        default=[], description="With `bad_input`: what is wrong with each field."
    )


def problem(
    code: str,
    kind: Kind,
    detail: str,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Make a problem document."""
    body: dict[str, Any] = {
        "type": TYPE + code,
        "title": kind.title,
        "status": kind.status,
        "code": code,
        "detail": detail,
    }
    if errors:
        body["errors"] = list(errors)
    return JSONResponse(body, kind.status, dict(headers or {}), media_type=MEDIA_TYPE)


def kind_of(refusal: type[Refused]) -> Kind:
    """Find the kind of a refusal, or of the nearest that it is derived from."""
    codes = [each.code for each in refusal.__mro__ if issubclass(each, Refused)]
    return next(KINDS[code] for code in codes if code in KINDS)


def refusal_problem(refusal: Refused) -> JSONResponse:
    """Tell a refusal."""
    errors = []
    if isinstance(refusal, BadInput) and refusal.field:
        errors = [{"field": refusal.field, "message": str(refusal)}]
    kind = kind_of(type(refusal))
    return problem(refusal.code, kind, str(refusal), errors, _headers(refusal, kind))


def _headers(refusal: Refused, kind: Kind) -> dict[str, str]:
    if isinstance(refusal, TooMany | TooManyTries):
        return {"Retry-After": str(refusal.after)}
    if kind.status == 503:
        return {"Retry-After": "1"}
    return {"WWW-Authenticate": "Bearer"} if kind.status == 401 else {}


def status_problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Tell what HTTP itself has a word for."""
    code, title = OF_STATUS.get(status, ("refused", "Refused"))
    return problem(code, Kind(status, title), detail, headers=headers)


def tell_problems(web: FastAPI) -> None:
    """Let an application tell its problems so."""

    @web.exception_handler(Refused)
    async def refused(_: Request, refusal: Refused) -> JSONResponse:
        return refusal_problem(refusal)

    @web.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> JSONResponse:
        errors = [_told(dict(each)) for each in error.errors()[:20]]
        detail = "; ".join(f"{each['field']}: {each['message']}" for each in errors)
        return problem("bad_input", KINDS["bad_input"], detail, errors)

    @web.exception_handler(HTTPException)
    async def of_http(_: Request, error: HTTPException) -> JSONResponse:
        return status_problem(error.status_code, str(error.detail), error.headers)


def _told(error: dict[str, Any]) -> dict[str, str]:
    where = ".".join(str(step) for step in error["loc"][1:]) or str(error["loc"][0])
    return {"field": where[:100], "message": str(error["msg"]).removeprefix("Value error, ")[:300]}
