"""The real target of each kind of connector, all alike: what stands there, and how it goes away and comes back.

What stands is seen by another way than the connector's own. `lose` lets the answers to one call be lost: the target
does what it is asked, and dies before it says so.
"""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import required
from tests.connectors.kubernetes_on_the_wire import TOKEN, Cluster, kubernetes_server
from tests.connectors.receiver import KEY, asked_of_receiver, documented_receiver
from tests.connectors.wire import Wire
from tests.docker_engine import IMAGE, Dockerd
from tests.postgres_server import ADMIN, ADMINS_PASSWORD, Postgres
from tests.sudo_host import VISUDO
from tests.workplace import Workplace, at_work, policy_folder

RESOURCE = "orders-db"
KINDS = (
    "command",
    "docker-debug",
    "docker-restart",
    "kubernetes",
    "postgres",
    "ssh",
    "sudo",
    "webhook",
)
DOORS = """#!/bin/sh
# A door is a file. With a file `dies`, which names a call, it is killed once it has done that.
key=$2
case $1 in
open) echo "$4" > "$DOORS/$key"; said='{"summary": "the door", "environment": {"CODE": "4711"}}' ;;
shut) rm -f "$DOORS/$key" ;;
list) for each in "$DOORS"/jit-*; do
  [ -e "$each" ] && found="$found${found:+, }{\\"key\\": \\"${each##*/}\\"}"
done; said="{\\"grants\\": [$found]}" ;;
esac
[ "$(cat "$DOORS/dies" 2>/dev/null)" = "$1" ] && kill -9 $$
echo "$said"
"""


@dataclass
class Real:
    """A target. `settings` are those of its connector, `parameters` those of an action."""

    kind: str
    settings: dict[str, Any]
    parameters: dict[str, Any]
    stands: Callable[[], Sequence[str]]
    """The keys of grants that stand there."""
    down: Callable[[], Awaitable[object]]
    up: Callable[[], Awaitable[object]]
    lose: Callable[[str], object] | None = None
    """Lets the answers to `grant` or `revoke` be lost, and with `""` none any more; None where none are sent."""
    environment: dict[str, str] = field(default_factory=dict)
    """What the settings refer to."""
    behind: Any = None
    """The server itself."""

    @property
    def given(self) -> dict[str, Any]:
        """What an action says of it."""
        return {"connector": self.kind} | ({"with": self.parameters} if self.parameters else {})

    def file(self, folder: Path) -> Path:
        """Write the settings file of a bot with this one connector."""
        file = folder / "connectors.yaml"
        content = {"installation": "harbour", "connectors": {self.kind: self.settings}}
        file.write_text(yaml.safe_dump(content))
        return file


@asynccontextmanager
async def bot_with(
    real: Real,
    redis_url: str,
    folder: Path,
    change: Callable[[dict[str, Any]], None] = lambda _: None,
    **how: Any,
) -> AsyncIterator[Workplace]:
    """A bot at work whose production databases are given by that target."""

    def by_target(policies: dict[str, Any]) -> None:
        policies["actions"]["prod-db-debug"] |= real.given
        change(policies)

    policies = policy_folder(folder / "policies", by_target)
    workplace = Workplace(redis_url, folder / "data", policies=policies, **how)
    async with at_work(workplace, connectors=real.file(folder), connector_commands=True) as work:
        yield work


@asynccontextmanager
async def real_target(kind: str, folder: Path, server: Callable[[str], Any]) -> AsyncIterator[Real]:
    """Open one; `server` gives what the worker's tests share: `postgres`, `engine`."""
    match kind:
        case "command":
            yield of_command(folder)
        case "ssh":
            yield of_ssh(folder)
        case "sudo":
            yield of_sudo(folder)
        case "docker-debug" | "docker-restart":
            async with of_docker(kind, server("engine")) as real:
                yield real
        case "postgres":
            async with of_postgres(server("postgres")) as real:
                yield real
        case "kubernetes":
            with kubernetes_server() as cluster:
                async with of_kubernetes(cluster) as real:
                    yield real
        case "webhook":
            with documented_receiver(folder) as port:
                async with of_webhook(port) as real:
                    yield real
        case _:
            raise AssertionError(kind)


def of_command(folder: Path) -> Real:
    """A program; it is away when its file is."""
    kept, program, away = folder / "doors", folder / "door", folder / "door-away"
    kept.mkdir()
    program.write_text(DOORS)
    program.chmod(0o755)

    def lose(call: str) -> None:
        (kept / "dies").write_text({"grant": "open", "revoke": "shut"}.get(call, ""))

    settings = {
        "grant": [str(program), "open", "{key}", "--", "{resource}"],
        "extend": [str(program), "open", "{key}", "--", "{resource}"],
        "revoke": [str(program), "shut", "{key}"],
        "check": [str(program), "check"],
        "list": [str(program), "list"],
        "environment": {"DOORS": {"env": "JIT_TEST_DOORS"}},
    }
    return Real(
        kind="command",
        settings=settings,
        parameters={"level": "2"},
        stands=lambda: names_in(kept),
        **moved(program, away),
        lose=lose,
        environment={"JIT_TEST_DOORS": str(kept)},
        behind=kept,
    )


def of_ssh(folder: Path) -> Real:
    """The register of an authority; it is away when something else lies in its place."""
    register, away, ca = folder / "ssh", folder / "ssh-away", folder / "ca"
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(ca)]
    subprocess.run(words, check=True, capture_output=True)

    def goes() -> None:
        register.mkdir(exist_ok=True)
        register.rename(away)
        register.write_text("")

    def comes() -> None:
        register.unlink()
        away.rename(register)

    def stands() -> list[str]:
        place = away if away.exists() else register
        return sorted({*names_in(place / "issued")} - {*names_in(place / "revoked")})

    settings = {
        "ca": {"file": str(ca)},
        "folder": str(register),
        "krl": str(folder / "krl"),
        "hosts": {RESOURCE: {"address": "127.0.0.1"}},
    }
    return Real(
        kind="ssh",
        settings=settings,
        parameters={"users": ["deploy"]},
        stands=stands,
        down=partial(asyncio.to_thread, goes),
        up=partial(asyncio.to_thread, comes),
    )


def of_sudo(folder: Path) -> Real:
    """A folder that a host's sudo includes; it is away when it is not mounted."""
    if not VISUDO.exists():
        required("sudo")
    rules, away = folder / "sudoers.d", folder / "sudoers-away"
    rules.mkdir()
    settings = {
        "hosts": {RESOURCE: {"folder": str(rules)}},
        "users": {"ana": "nobody"},
        "visudo": str(VISUDO),
        "owner": rules.stat().st_uid,
    }
    parameters = {"commands": ["/usr/bin/id -u"], "password": "not-asked"}
    return Real(
        kind="sudo",
        settings=settings,
        parameters=parameters,
        stands=lambda: names_in(away if away.exists() else rules),
        **moved(rules, away),
        behind=rules,
    )


@asynccontextmanager
async def of_docker(kind: str, engine: Dockerd) -> AsyncIterator[Real]:
    """An engine with the container `web-1`."""
    asks = b"/start" if kind == "docker-debug" else b"/restart"
    async with wired(engine.port, grant=asks, revoke=b"DELETE /") as wire:
        settings = {"engine": f"http://127.0.0.1:{wire['port']}", "containers": {RESOURCE: "web-1"}}
        yield Real(
            kind=kind,
            settings=settings | ({"image": IMAGE} if kind == "docker-debug" else {}),
            parameters={},
            stands=lambda: [name for name in engine.names() if name.startswith("jit-")],
            **wire["how"],
            behind=engine,
        )


@asynccontextmanager
async def of_postgres(server: Postgres) -> AsyncIterator[Real]:
    """A server with the database `orders`."""
    async with wired(server.port, grant=b"COMMIT", revoke=b"DROP ROLE") as wire:
        settings = {
            "host": "127.0.0.1",
            "port": wire["port"],
            "admin": ADMIN,
            "password": {"env": "JIT_TEST_POSTGRES"},
            "sslmode": "disable",
            "databases": {RESOURCE: {"database": "orders"}},
        }
        yield Real(
            kind="postgres",
            settings=settings,
            parameters={"roles": ["readonly"]},
            stands=lambda: [role.replace("_", "-") for role in server.roles()],
            **wire["how"],
            environment={"JIT_TEST_POSTGRES": ADMINS_PASSWORD},
            behind=server,
        )


@asynccontextmanager
async def of_kubernetes(cluster: Cluster) -> AsyncIterator[Real]:
    """A server that speaks the documented API, with the namespace `orders`."""
    port = int(cluster.url.rpartition(":")[2])
    async with wired(port, grant=b"POST /apis/rbac", revoke=b"DELETE /apis/rbac") as wire:
        settings = {
            "server": f"http://127.0.0.1:{wire['port']}",
            "token": {"env": "JIT_TEST_KUBERNETES"},
            "namespaces": {RESOURCE: "orders"},
            "people": {"ana": "oidc:ana"},
        }
        yield Real(
            kind="kubernetes",
            settings=settings,
            parameters={"role": "view"},
            stands=lambda: [name for _, name in cluster.bindings],
            **wire["how"],
            environment={"JIT_TEST_KUBERNETES": TOKEN},
            behind=cluster,
        )


@asynccontextmanager
async def of_webhook(port: int) -> AsyncIterator[Real]:
    """The receiver of the docs, a process of its own."""
    async with wired(port, grant=b'"call":"grant"', revoke=b'"call":"revoke"') as wire:
        written = {"secrets": [{"env": "JIT_TEST_WEBHOOK"}], "networks": ["127.0.0.1/32"]}
        yield Real(
            kind="webhook",
            settings={"url": f"http://127.0.0.1:{wire['port']}/", **written},
            parameters={"level": "2"},
            stands=lambda: asked_of_receiver(port),
            **wire["how"],
            environment={"JIT_TEST_WEBHOOK": KEY},
            behind=port,
        )


@asynccontextmanager
async def wired(port: int, **calls: bytes) -> AsyncIterator[dict[str, Any]]:
    """Lay a wire to a port; gives its own, and how it is cut, mended and loses answers."""
    wire = Wire(port)
    await wire.mend()

    def lose(call: str) -> None:
        wire.loses = calls[call] if call else b""

    try:
        yield {"port": wire.port, "how": {"down": wire.cut, "up": wire.mend, "lose": lose}}
    finally:
        await wire.cut()


def moved(place: Path, away: Path) -> dict[str, Any]:
    """How a file or folder goes away and comes back."""
    return {
        "down": partial(asyncio.to_thread, place.rename, away),
        "up": partial(asyncio.to_thread, away.rename, place),
    }


def names_in(folder: Path) -> list[str]:
    """The keys that are names of files."""
    return sorted(file.name for file in folder.glob("jit-*")) if folder.exists() else []
