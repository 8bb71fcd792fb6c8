"""`/jit factors`: what one proves oneself by, and the way to the page on which that is changed."""

from typing import Any

from app.slack.answers import Answer
from app.slack.services import Services
from app.slack.views.factor import factor_blocks, factor_text

Body = dict[str, Any]


async def factors(services: Services, body: Body, _: list[str], answer: Answer) -> None:
    """List one's second factors, and lead to one's page."""
    by = await services.identity.of(body["user_id"])
    held, url = await services.own_factors.held(by), await services.own_factors.make(by)
    await answer.say(factor_text(held), factor_blocks(held, url))
