"""A bot that signs offline tokens, and what it signs with."""

import base64
from contextlib import asynccontextmanager

from tests.web.callers import at_the_api

KEYS = [base64.urlsafe_b64encode(bytes([each]) * 32).decode() for each in (7, 8)]
AUDIENCE = "billing-api"


def offline(policies):
    """Debugging production's databases may be had as a token; machines may sign for everyone."""
    policies["actions"]["prod-db-debug"]["offline"] = True
    policies["machines"]["front-door"] = {"scopes": ["check", "offline"]}
    policies["api"] = {"decide": True}


@asynccontextmanager
async def issuing(workplace, change=offline, **how):
    """Open a bot that signs; `url` is what it calls itself."""
    made = workplace(change)
    url = f"http://localhost:{made._listening.getsockname()[1]}"
    settings = {"public_url": url, "signing_keys": ",".join(KEYS)} | how
    async with at_the_api(made, **settings) as opened:
        opened.issuer = url
        yield opened


async def token_of(caller, grant, audience=AUDIENCE):
    """Ask for a token."""
    return await caller.post(f"/v1/grants/{grant}/token", {"audience": audience})
