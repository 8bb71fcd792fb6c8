"""Doing what may take a second factor: by a click where that will do, else by a form that asks for the factor."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from app.domain.people import Principal
from app.domain.refusals import FactorNeeded
from app.mfa.doing import Done
from app.slack.services import Services
from app.slack.views.proving import done_modal, prove_modal, view_name
from app.store.pages import Page, Task
from app.whereabouts import More

Body = dict[str, Any]


@asynccontextmanager
async def asking_for_proof(
    services: Services, body: Body, by: Principal, details: Mapping[str, str] | None = None
) -> AsyncIterator[None]:
    """Ask for a factor where what is done in it takes one; nothing was done then, and the page does it.

    `details` are what the person chose, for the page to do the same.
    """
    try:
        yield
    except FactorNeeded as needed:
        if not needed.factors:
            raise  # nobody can
        request = await services.workflow.see(needed.request_id, by)
        asked = await services.confirming.make(Task(needed.purpose), request, by, details)
        await services.open_view(body["trigger_id"], prove_modal(asked))


def more_wanted(more: More) -> Mapping[str, str]:
    """Say how much more time is wanted, for a page to ask for it."""
    return {"more": str(int(more.duration.total_seconds())), "reason": more.reason}


def tell_in_view(client: AsyncWebClient) -> Callable[[Page, Done], Awaitable[None]]:
    """Give what tells, in the form that asked for a factor, that the page was used; closed forms are let be."""

    async def tell(page: Page, done: Done) -> None:
        try:
            await client.views_update(external_id=view_name(page.nonce), view=done_modal(done))
        except (SlackApiError, OSError, TimeoutError):
            return  # it is done, and the card says so

    return tell
