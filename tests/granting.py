"""A granter as the bot has it, with the grant key as its one connector, for tests of what comes before and after."""

from redis.asyncio import Redis

from app.connectors.granter import Granter
from app.connectors.registry import Connectors
from app.connectors.troubles import Troubles
from app.store.failing import Failing
from app.store.giving import Giving
from app.store.requests import RequestStore
from app.store.secrets import Secrets
from app.store.turns import Turns
from app.workflow import Workflow


def granter(workflow: Workflow, store: RequestStore, client: Redis, told: list[str] | None = None) -> Granter:
    """Make one; `told` gets what those who run the bot are told."""

    async def tell(text: str, _: str) -> None:
        if told is not None:
            told.append(text)

    return Granter(
        workflow,
        store,
        Connectors({}),
        giving=Giving(client, "tests"),
        secrets=Secrets(client, None),
        troubles=Troubles(Failing(client), Turns(client), tell),
    )
