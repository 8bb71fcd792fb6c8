"""Takes what waits at a gate: checks that it is there where the settings say, and keeps what answers for it."""

from datetime import timedelta

from app.domain.gate import Gate
from app.domain.refusals import BadInput
from app.gates.protocol import Read
from app.gates.registry import Gates
from app.mfa.vault import Vault
from app.policy.trigger_event import Event
from app.store.gates import Fate, GateStore

TOKEN_KEPT = timedelta(minutes=61)
"""As long as Terraform may wait for a run task, and a little."""
SETTLED = frozenset(Fate)


class Intake:
    """Reads events for the gates that policies name."""

    def __init__(self, gates: Gates, store: GateStore, vault: Vault) -> None:
        self._gates = gates
        self._store = store
        self._vault = vault

    def missing(self, name: str, source: str) -> str:
        """Say why a gate is none that events of this source can wait at; empty where it is one."""
        return self._gates.missing(name, source)

    def read(self, name: str, source: str, event: Event) -> Read:
        """Read what waits. Raises BadInput."""
        if why := self.missing(name, source):
            raise BadInput(f"{why[0].upper()}{why[1:]}.")
        return self._gates.all[name].read(event)

    async def keep(self, read: Read) -> Gate:
        """Keep the secret of what waits, for its time, before there is a request; gives the gate.

        From here on no answer is given to what the vendor asked earlier, if that would answer this too.
        """
        if turn := self._gates.all[read.gate.name].turn(read.gate):
            await self._store.take_turn(read.gate.name, turn)
        if read.secret is not None:
            name = read.gate.place["token"]
            sealed = self._vault.seal(read.secret.get_secret_value(), name)
            await self._store.put_token(name, sealed, TOKEN_KEPT)
        return read.gate

    async def forget_if_settled(self, gate: Gate, request_id: str) -> None:
        """Let go of the secret of what came again and was answered before."""
        if (name := gate.place.get("token")) and await self._store.fate(request_id) in SETTLED:
            await self._store.forget_token(name)
