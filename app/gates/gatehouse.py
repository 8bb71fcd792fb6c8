"""All that gates need, in one place: nothing of it runs where no gate is set up."""

from collections.abc import Coroutine, Sequence
from typing import Any

from redis.asyncio import Redis

from app.gates.intake import Intake
from app.gates.keeper import BATCH, GROUP, Keeper, Tell
from app.gates.registry import Gates
from app.mfa.vault import Vault
from app.outbox import Consumer
from app.settings import Settings
from app.store.gates import GateStore
from app.store.giving import Giving
from app.store.requests import RequestStore
from app.workflow import Workflow


class Gatehouse:
    """The gates that settings name."""

    def __init__(
        self,
        settings: Settings,
        client: Redis,
        requests: RequestStore,
        workflow: Workflow,
        holder: str,
        tell: Tell,
    ) -> None:
        """Raises GatesError."""
        vault = vault_of(settings)
        self.gates = Gates.open(settings.gates, seals=vault.is_there)
        self.store = GateStore(client)
        self.intake = Intake(self.gates, self.store, vault)
        self.keeper = Keeper(
            self.gates,
            self.store,
            requests,
            workflow,
            giving=Giving(client, holder),
            vault=vault,
            tell=tell,
        )

    def consumers(self) -> Sequence[Consumer]:
        """Who reads events."""
        return [Consumer(GROUP, self.keeper.handle, BATCH)] if self.gates.all else []

    def jobs(self) -> Sequence[Coroutine[Any, Any, None]]:
        """What runs as long as the bot works."""
        return [self.keeper.run()] if self.gates.all else []

    async def warnings(self) -> list[str]:
        """What is decided and cannot be brought to its gate."""
        untold = await self.store.failing()
        return [untold[each] for each in sorted(untold)]

    async def close(self) -> None:
        await self.gates.close()


def vault_of(settings: Settings) -> Vault:
    """Make what seals tokens until they are used."""
    keys = settings.secret_keys.get_secret_value().split(",") if settings.secret_keys else []
    return Vault(keys)
