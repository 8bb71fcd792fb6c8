"""A bot behind HTTP whose gates are vendors on loopback, with the policies of docs/gates.md."""

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.fernet import Fernet
from pydantic import SecretStr

from tests.gates.vendors import Vendors, at_loopback, event_of, settings_of
from tests.web.callers import Callers, Said
from tests.web.triggers.senders import mac
from tests.workplace import Workplace, at_work, policy_folder

DOC = (Path(__file__).parents[2] / "docs/gates.md").read_text(encoding="utf-8")
SECRETS = {name: f"{name.lower()}-secret-of-this-test" for name in ("GITHUB", "GITLAB", "TERRAFORM")}
SECRET_KEYS = Fernet.generate_key().decode()
VENDORS = ("github", "gitlab", "terraform")
YES = {"github": "approved", "gitlab": "approved", "terraform": "passed"}
NO = {"github": "rejected", "gitlab": "rejected", "terraform": "failed"}


def example(kind: str) -> Any:
    """An example of the docs."""
    found = re.search(rf"```yaml {kind}\n(.*?)```", DOC, re.DOTALL)
    assert found
    return yaml.safe_load(found[1])


def with_gates(policies: dict[str, Any]) -> None:
    for section, entries in example("policy").items():
        policies.setdefault(section, {}).update(entries)


def signed(vendor: str, body: bytes, secret: str = "") -> dict[str, str]:
    """The headers by which a vendor proves an event."""
    key = (secret or SECRETS[vendor.upper()]).encode()
    match vendor:
        case "github":
            return {
                "X-GitHub-Event": "deployment_protection_rule",
                "X-Hub-Signature-256": f"sha256={mac(key, body).hex()}",
            }
        case "gitlab":
            return {"X-Gitlab-Event": "Deployment Hook", "X-Gitlab-Token": key.decode()}
        case _:
            return {"X-TFC-Task-Signature": hmac.new(key, body, hashlib.sha512).hexdigest()}


class Gated:
    """The workplace, the vendors, and the way from one to the other."""

    def __init__(self, work: Workplace, vendors: Vendors) -> None:
        self.work = work
        self.vendors = vendors
        self.callers = Callers(work)

    async def send(self, vendor: str, event: Any = None, secret: str = "") -> Said:
        """Send an event as its vendor does."""
        body = json.dumps(event_of(self.vendors, vendor) if event is None else event).encode()
        return await self.raw(vendor, body, signed(vendor, body, secret))

    async def raw(self, vendor: str, body: bytes, headers: dict[str, str]) -> Said:
        return await self.callers.nobody.call(
            "POST",
            f"/v1/triggers/{vendor}",
            data=body,
            headers={"Content-Type": "application/json"} | headers,
        )

    async def opens(self, vendor: str, event: Any = None) -> str:
        """Send an event; gives the one request that it opened."""
        said = await self.send(vendor, event)
        assert said.status == (200 if vendor == "terraform" else 202), said.body
        (opened,) = said.body["opened"]
        assert opened["request"], opened
        return str(opened["request"])

    async def approved(self, request_id: str) -> None:
        card = await self.work.card(request_id, offering="jit_approve")
        await self.work.clicks("@ben", card, "jit_approve")

    async def answered(self, count: int = 1) -> list[tuple[str, str]]:
        """Wait until so many final answers were taken; gives vendor and status of each."""
        await self.work.until(lambda: len(self.vendors.final) >= count, f"{count} answers")
        return [(each.vendor, each.status) for each in self.vendors.final]

    async def settles(self, request_id: str, fate: str = "answered") -> None:
        """Wait until nothing more is done about a gate."""
        store = self.work.bot.gates.store
        found = ""

        async def look() -> bool:
            nonlocal found
            found = await store.fate(request_id)
            return found not in {"", "waiting"}

        await waited(look, f"{request_id} is settled")
        assert fate == found

    async def requests(self) -> list[Any]:
        store = self.work.bot.store
        return [*await store.pending(), *await store.live()]


async def waited(look: Callable[[], Any], what: str, within: float = 20.0) -> None:
    """Wait until something is so."""
    import asyncio

    ends = asyncio.get_running_loop().time() + within
    while not await look():
        assert asyncio.get_running_loop().time() < ends, f"not within {within:g} s: {what}"
        await asyncio.sleep(0.02)


def how(file: Path, **more: Any) -> dict[str, Any]:
    """The settings of a bot at these gates."""
    secrets = {f"JIT_TRIGGER_{name}": SecretStr(value) for name, value in SECRETS.items()}
    return {"gates": file, "JIT_TRIGGER_": secrets, "secret_keys": SECRET_KEYS, **more}


@asynccontextmanager
async def at_gates(workplace: Workplace, vendors: Vendors, file: Path, **more: Any) -> Any:
    """Open a workplace with one bot at these gates."""
    async with at_work(workplace, **how(file, **more)) as work:
        yield Gated(work, vendors)


@pytest.fixture
def workplace(redis, redis_server, tmp_path) -> Callable[..., Workplace]:
    """Make a workplace with the policies of the docs, and a change of the test's own."""

    def make(change: Any = lambda _: None, **options: Any) -> Workplace:
        def changed(policies: dict[str, Any]) -> None:
            with_gates(policies)
            change(policies)

        policies = policy_folder(tmp_path / "policies", changed)
        return Workplace(
            f"unix://{redis_server.socket}", tmp_path / "data", policies=policies, over_http=True, **options
        )

    return make


@pytest.fixture
async def vendors():
    async with at_loopback() as serving:
        yield serving


@pytest.fixture
def file(vendors, tmp_path) -> Path:
    """The settings of gates, for the vendors here."""
    return settings_of(vendors, tmp_path)


@pytest.fixture
async def gated(workplace, vendors, file, monkeypatch):
    """A bot at work, that tries again soon."""
    monkeypatch.setattr("app.gates.keeper.FIRST_AGAIN", 0.05)
    async with at_gates(workplace(), vendors, file) as opened:
        yield opened
