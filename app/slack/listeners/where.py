"""Asking from Slack: at once, or by a page first where policy goes by where the person is. And what came of it."""

from collections.abc import Awaitable, Callable

import structlog
from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from app.domain.people import Principal
from app.domain.refusals import DeniedByPolicy
from app.slack.answers import Answer
from app.slack.services import Services
from app.slack.views import replies
from app.slack.views.where import NO_PAGE, came_of_it, check_needed, check_needed_text, without_a_page
from app.slack.wishes import ask_each
from app.whereabouts import Made, More, Wanted

log = structlog.get_logger(__name__)


async def ask(services: Services, wanted: Wanted, by: Principal, answer: Answer) -> None:
    """Ask for what is wanted, or give the link by which it is asked once the person's address is known."""
    if await asked_for_address(services, wanted, by, answer):
        return
    lacking = not services.whereabouts.has_page and await services.whereabouts.needed(wanted, by)
    if wanted.more:
        text, blocks = await _more_time(services, wanted.more, by, lacking=lacking), None
    else:
        text, blocks = await ask_each(services.workflow, wanted.wishes, by)
    await answer.say(*(without_a_page(text, blocks) if lacking else (text, blocks)))


async def _more_time(services: Services, more: More, by: Principal, *, lacking: bool) -> str:
    try:
        request = await services.workflow.extend(
            more.request_id, by, more.duration, more.reason, more.delivery
        )
    except DeniedByPolicy as denial:
        if lacking:
            raise DeniedByPolicy(f"{denial} {NO_PAGE}") from None
        raise
    return replies.extended(request)


async def asked_for_address(services: Services, wanted: Wanted, by: Principal, answer: Answer) -> bool:
    """Give the link where an address is needed and there is a page for it; False where it is to be asked at once."""
    whereabouts = services.whereabouts
    if not (whereabouts.has_page and await whereabouts.needed(wanted, by)):
        return False
    url = await whereabouts.keep(wanted, by)
    await answer.say(check_needed_text(wanted), check_needed(wanted, url))
    return True


def telling(client: AsyncWebClient) -> Callable[[Made], Awaitable[None]]:
    """Make what tells people what came of a wish that they asked for on the page."""

    async def tell(made: Made) -> None:
        text, blocks = came_of_it(made)
        try:
            await Answer(client, made.by.slack, made.wanted.answer_to).say(text, blocks)
        except (SlackApiError, ClientError, OSError, TimeoutError) as error:
            log.warning("not_told", by=made.by.id, error=str(error))  # it is done, and the page says so

    return tell
