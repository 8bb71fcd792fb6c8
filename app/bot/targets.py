"""The side towards targets: access is given and taken back, credentials are handed over, gates are kept."""

from datetime import timedelta

from app.bot.admins import Admins
from app.bot.core import Core
from app.connectors.granter import Granter
from app.connectors.own_keys import OwnKeys
from app.connectors.reconciler import Reconciler
from app.connectors.troubles import Troubles
from app.gates.gatehouse import Gatehouse
from app.handing import Handing
from app.store.failing import Failing
from app.store.giving import Giving
from app.store.secrets import Secrets
from app.store.turns import Turns

RECONCILE_EVERY = timedelta(minutes=1)


class Targets:
    """What reaches targets, and what knows how they are."""

    def __init__(self, core: Core, admins: Admins) -> None:
        """Raises GatesError."""
        redis, told = core.connection.calls, core.meters.connector_called
        self.connectors = core.connectors
        self.secrets = Secrets(redis, core.settings.secret_keys)
        self.failing, self._turns = Failing(redis), Turns(redis)
        troubles = Troubles(self.failing, self._turns, admins.tell_of_target)
        self.granter = Granter(
            core.workflow,
            core.store,
            self.connectors,
            giving=Giving(redis, core.holder),
            secrets=self.secrets,
            troubles=troubles,
            told=told,
        )
        self.reconciler = Reconciler(
            self.connectors, core.store, core.workflow, troubles, self.granter.take_up_more, told
        )
        self.handing = Handing(core.workflow, self.secrets, OwnKeys(self.connectors, told).certify)
        self.gates = Gatehouse(
            core.settings, redis, core.store, core.workflow, core.holder, admins.tell_of_target
        )

    async def reconcile(self) -> None:
        """Compare targets with grants, one replica for all."""
        if await self._turns.take("reconcile", RECONCILE_EVERY * 0.9):
            await self.reconciler.run()

    async def close(self) -> None:
        """Let go of every target."""
        await self.granter.close()
        await self.connectors.close()
        await self.gates.close()
