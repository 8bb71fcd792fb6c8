"""The HTTP API under `/v1`: one file for each kind of thing. Each translates a call into one of the workflow's."""

from fastapi import APIRouter, FastAPI

from app.web.api import ci, credentials, grants, heartbeats, logins, requests, triggers, verbs
from app.web.api.services import Services
from app.web.bodies import Bodies
from app.web.problems import Problem, tell_problems

ABOUT = (
    "Just-in-time approval for machines and terminals. Every call goes the way that a click in Slack goes: state, "
    "policy and caller are read again each time. Errors are problem documents (RFC 9457)."
)
NOES = {
    401: "There is no token, or it is expired or revoked; or an event is not genuine.",
    403: "Policy, or the token's scopes, do not let the caller.",
    404: "There is none, or none that is the caller's to see.",
    409: "Not in a state for this: somebody was quicker, or time is up.",
    413: "The body is larger than 64 KiB, or an event's than 1 MiB.",
    422: "What was sent cannot be used.",
    429: "Too many calls; `Retry-After` says when the next one is taken.",
    503: "The store does not answer: nothing was done and nothing is permitted.",
}


def add_api(web: FastAPI, services: Services) -> None:
    """Let an application serve the API."""
    tell_problems(web)
    web.add_middleware(Bodies)
    api = APIRouter(
        prefix="/v1",
        responses={
            status: {"model": Problem, "description": why, "content": {"application/problem+json": {}}}
            for status, why in NOES.items()
        },
    )
    # Routes are tried in this order, which costs the last ones a tenth of a millisecond: what is called most is first.
    for resource in (grants, heartbeats, requests, verbs, credentials, logins, ci, triggers):
        api.include_router(resource.routes(services))
    web.include_router(api)
