"""Doing what may take a second factor: by a click where that will do, else by a form that asks for the factor."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from app.domain.people import Principal
from app.domain.proof import SLACK_SESSION, Proof
from app.domain.refusals import FactorNeeded
from app.mfa.doing import Done
from app.slack.services import Services
from app.slack.views.proving import done_modal, prove_modal, view_name
from app.store.pages import Page, Task

Body = dict[str, Any]


async def proved_or_asked(
    services: Services,
    body: Body,
    by: Principal,
    do: Callable[[Proof], Awaitable[object]],
    details: Mapping[str, str] | None = None,
) -> bool:
    """Do it by the click, or by a factor that is fresh enough; else ask for one. Tells whether it is done.

    `details` are what the person chose, for the page to do the same.
    """
    try:
        await do(SLACK_SESSION)
    except FactorNeeded as needed:
        for proof in await services.confirming.recent(by, needed.factors):
            try:
                await do(proof)
            except FactorNeeded:
                continue
            return True
        if not needed.factors:
            raise
        await ask_for_proof(services, body, needed, by, details)
        return False
    return True


async def ask_for_proof(
    services: Services, body: Body, needed: FactorNeeded, by: Principal, details: Mapping[str, str] | None = None
) -> None:
    """Open the form that asks for a factor."""
    request = await services.workflow.see(needed.request_id, by)
    asked = await services.confirming.make(Task(needed.purpose), request, by, details)
    await services.open_view(body["trigger_id"], prove_modal(asked))


def tell_in_view(client: AsyncWebClient) -> Callable[[Page, Done], Awaitable[None]]:
    """Give what tells, in the form that asked for a factor, that the page was used; closed forms are let be."""

    async def tell(page: Page, done: Done) -> None:
        try:
            await client.views_update(external_id=view_name(page.nonce), view=done_modal(done))
        except (SlackApiError, OSError, TimeoutError):
            return  # it is done, and the card says so

    return tell
