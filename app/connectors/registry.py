"""The connectors that settings name, made from the kinds that ship and those of other packages."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import NamedTuple, Self, cast

from pydantic import ValidationError

from app.connectors.grant_key import GrantKey
from app.connectors.mark import Mark
from app.connectors.protocol import Connector, Kind, Publishes, Unfit
from app.connectors.settings import ConnectorsError, ConnectorsSpec, in_file, read_connectors
from app.domain.refusals import NotSetUp
from app.domain.request import Request

GROUP = "jit.connectors"
SHIPPED = {
    "aws-identity-center": ("app.connectors.aws:IdentityCenter", "aws"),
    "aws-role": ("app.connectors.aws:AwsRole", "aws"),
    "kubernetes": ("app.connectors.kubernetes:Kubernetes", "kubernetes"),
    "gcp": ("app.connectors.gcp:Gcp", ""),
    "postgres": ("app.connectors.postgres:Postgres", "postgres"),
    "command": ("app.connectors.command:Command", ""),
    "docker-debug": ("app.connectors.docker:Debug", ""),
    "docker-restart": ("app.connectors.docker:Restart", ""),
    "ssh": ("app.connectors.ssh:Ssh", ""),
    "sudo": ("app.connectors.sudo:Sudo", ""),
    "webhook": ("app.connectors.webhook:Webhook", ""),
}
"""Kinds that ship, each as `module:class`, with the extra that installs what it needs, if any. They stand here
and not among the entry points, so that no other package can take their names."""
RUNS_PROGRAMS = "command"
NO_COMMANDS = "runs programs, which the settings do not allow: set JIT_CONNECTOR_COMMANDS=1"
FEW = 16


class Opened(NamedTuple):
    """A connector, how many calls it gets at a time, and places that it looks after though they have moved."""

    connector: Connector
    at_once: int
    formerly: frozenset[str] = frozenset()


class Connectors:
    """Finds the connector of a request. An action without one is given by the grant key alone."""

    def __init__(self, opened: Mapping[str, Opened], mark: Mark | None = None) -> None:
        self.mark = mark or Mark("none")
        self._opened = opened
        self._grant_key = Opened(GrantKey(), 100)

    @classmethod
    def open(cls, file: Path | None, *, commands: bool = False) -> Self:
        """Make those that a file names; nothing else is imported. Raises ConnectorsError.

        `commands`: whether the installation lets connectors run programs.
        """
        if file is None:
            return cls({})
        spec = read_connectors(file)
        mark = Mark(spec.installation)
        return cls(dict(_open(file, spec, mark, commands=commands)), mark)

    @property
    def all(self) -> Mapping[str, Opened]:
        """Those that are set up, by name."""
        return self._opened

    def of(self, request: Request) -> Opened | None:
        """Give the connector that a request's access is created by; None where it is set up no more."""
        if request.target is None:
            return self._grant_key
        return self._opened.get(request.target.connector)

    def plan(self, request: Request) -> tuple[str, ...]:
        """Say what would be done for a request. Raises NotSetUp, unless it can be."""
        opened = self.of(request)
        if opened is None:
            name = request.target.connector if request.target else ""
            raise NotSetUp(request.action, f"no connector {name} is set up")
        try:
            return tuple(opened.connector.plan(request))
        except Unfit as unfit:
            raise NotSetUp(request.action, str(unfit)) from None

    async def published(self, name: str) -> bytes | None:
        """Give what a connector lets targets fetch; None where it lets them fetch nothing, or is none of ours."""
        opened = self._opened.get(name)
        if opened is None or not isinstance(publisher := opened.connector, Publishes):
            return None
        return await publisher.published()

    async def close(self) -> None:
        """Let go of all connections."""
        for opened in self._opened.values():
            await opened.connector.close()


def _open(file: Path, spec: ConnectorsSpec, mark: Mark, *, commands: bool) -> Iterable[tuple[str, Opened]]:
    for name, each in spec.each().items():
        at = f"connectors.{name}."
        if each.kind == RUNS_PROGRAMS and not commands:
            raise ConnectorsError(f"{file}: {at}kind: {NO_COMMANDS}")
        try:
            kind = find_kind(each.kind)
        except ConnectorsError as error:
            raise ConnectorsError(f"{file}: {at}kind: {error}") from None
        try:
            settings = kind.Settings.model_validate(each.settings)
        except ValidationError as error:
            raise ConnectorsError(in_file(file, at, error)) from None
        yield name, Opened(kind(name, settings, mark), each.at_once, frozenset(each.formerly))


def find_kind(kind: str) -> Kind:
    """Load a kind. Raises ConnectorsError."""
    if kind in SHIPPED:
        place, extra = SHIPPED[kind]
        module, _, attribute = place.partition(":")
        try:
            return cast(Kind, getattr(import_module(module), attribute))
        except ModuleNotFoundError as missing:
            if not extra or (missing.name or "").startswith("app."):
                raise
            raise ConnectorsError(
                f"{kind} needs {missing.name}, which is not installed; pip install 'jit-approval[{extra}]'"
            ) from None
    found = list(entry_points(group=GROUP, name=kind))
    if len(found) != 1:
        known = sorted({*SHIPPED, *entry_points(group=GROUP).names})
        wrong = f"{len(found)} packages have a kind {kind}" if found else f"there is no kind {kind}"
        raise ConnectorsError(f"{wrong}; known here: {', '.join(known[:FEW])}")
    return cast(Kind, found[0].load())
