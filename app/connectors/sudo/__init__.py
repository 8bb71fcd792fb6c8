"""sudo: for each grant a file of rules that end by themselves, and are removed when the grant ends."""

import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

from app.connectors import files
from app.connectors.mark import Mark
from app.connectors.protocol import Capabilities, ConnectorFailed, Found, Granted, Unfit, parameters_of
from app.connectors.sudo import rules
from app.connectors.sudo import settings as written
from app.connectors.sudo.settings import Host, Parameters
from app.domain.request import Lease, Request

MODE = 0o440
SAMPLE = rules.Rule("nobody", "ALL", ["root"], ["/bin/true"], datetime(2000, 1, 1, tzinfo=UTC), asks=True)


class Sudo:
    """Names files by the grant's key, which has neither dot nor tilde: sudo reads no others.

    https://www.sudo.ws/docs/man/sudoers.man/#Including_other_files_from_within_sudoers
    """

    Settings = written.Settings
    Parameters = Parameters
    capabilities: ClassVar[Capabilities] = Capabilities(native_expiry=True, ends_sessions=False)

    def __init__(self, name: str, settings: written.Settings, mark: Mark) -> None:
        self.name = name
        self._settings = settings
        self._mark = mark

    def plan(self, request: Request) -> Sequence[str]:
        self._host(request)
        wanted = parameters_of(request, Parameters)
        who = f"{self._user(request)} may run, as {', '.join(wanted.run_as)}"
        return (
            f"sudo at {request.resource}: {who}:",
            *wanted.commands,
            "when it ends nothing new is run; what runs already is not ended",
        )

    def place(self, request: Request) -> str:
        """The folder, and the host where several share one: more time would move the rule to another."""
        host = self._host(request)
        return f"sudo's folder {host.folder}" + (f" for {host.name}" if host.name != "ALL" else "")

    async def grant(self, request: Request, key: str) -> Granted:
        try:
            host, rule = self._host(request), self._rule(request)
        except Unfit as unfit:
            raise ConnectorFailed(str(unfit)) from None
        await asyncio.to_thread(self._place, host.folder, key, rule, self._about(request), again=False)
        summary = f"sudo at {request.resource} for {rule.user}"
        return Granted(Lease(connector=self.name, reference=str(host.folder / key), summary=summary))

    async def extend(self, request: Request, key: str) -> None:
        try:
            host, rule = self._host(request), self._rule(request)
        except Unfit as unfit:
            raise ConnectorFailed(str(unfit)) from None
        await asyncio.to_thread(self._place, host.folder, key, rule, self._about(request), again=True)

    async def revoke(self, request: Request, key: str) -> None:
        try:
            folder = self._host(request).folder
        except Unfit as unfit:
            raise ConnectorFailed(f"{unfit} any more; name it again in JIT_CONNECTORS") from None
        await asyncio.to_thread(_remove, folder, key)

    async def check(self) -> None:
        for folder in self._folders:
            await asyncio.to_thread(self._check, folder)

    async def list_active(self) -> Sequence[Found]:
        return [each for folder in self._folders for each in await asyncio.to_thread(self._list, folder)]

    async def remove(self, found: Found) -> None:
        for folder in self._folders:
            if str(folder) == found.place and self._mark.request_in(found.key):
                await asyncio.to_thread(_remove, folder, found.key)

    async def close(self) -> None:
        """Nothing is held."""

    @property
    def _folders(self) -> list[Path]:
        return sorted({host.folder for host in self._settings.hosts.values()})

    def _place(self, folder: Path, key: str, rule: rules.Rule, about: str, *, again: bool) -> None:
        """Put a file of rules in place once sudo's checker has read it; `again`: it must be there."""
        with files.alone(folder):
            if again and not os.path.lexists(folder / key):
                raise ConnectorFailed("its rule is not there")
            files.place(folder / key, rules.text_of(rule, about), MODE, self._must_be_read)

    def _check(self, folder: Path) -> None:
        """See that a file can be placed, by one that sudo never reads."""
        with files.alone(folder):
            probe = folder / ".probe"
            files.place(probe, rules.text_of(SAMPLE, "a probe"), MODE, self._must_be_read)
            files.remove(probe)

    def _must_be_read(self, file: Path) -> None:
        """See that sudo will read a file: its form, and whose it is. Raises ConnectorFailed."""
        rules.must_parse(self._settings.visudo, file)
        rules.must_be_of(self._settings.owner, file)

    def _list(self, folder: Path) -> list[Found]:
        with files.alone(folder):
            names = sorted(file.name for file in folder.iterdir() if self._mark.request_in(file.name))
            return [Found(name, str(folder), rules.end_in(folder / name)) for name in names]

    def _rule(self, request: Request) -> rules.Rule:
        """Make the rule of a request. Raises Unfit, and ConnectorFailed where it would end before it begins."""
        wanted = parameters_of(request, Parameters)
        if request.starts_at is None or request.ends_at is None:
            raise ConnectorFailed("the grant has no end")
        if request.ends_at - request.starts_at < timedelta(seconds=1):
            raise ConnectorFailed("the grant has no whole second left")
        asks, host = wanted.password == "asked", self._host(request)  # noqa: S105  none
        return rules.Rule(
            self._user(request), host.name, wanted.run_as, wanted.commands, request.ends_at, asks
        )

    def _about(self, request: Request) -> str:
        return f"{request.id} of {request.requester.id} by jit-approval {self._mark.installation}"

    def _host(self, request: Request) -> Host:
        """Find the host behind a resource. Raises Unfit."""
        found = self._settings.hosts.get(request.resource)
        if found is None:
            raise Unfit(f"the connector {self.name} has no host for {request.resource}")
        return found

    def _user(self, request: Request) -> str:
        """Find whom the requester is at hosts. Raises Unfit."""
        found = self._settings.users.get(request.requester.id)
        if found is None:
            raise Unfit(f"the connector {self.name} has no user for whoever asks; name it in its users")
        return found


def _remove(folder: Path, key: str) -> None:
    with files.alone(folder):
        files.remove(folder / key)
