"""Access that comes with credentials, for tests of the page that shows them: SSH's, with files and values."""

import re
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.playground.hands import readable, urls, whispered
from tests.web.pages.confirming import open_office
from tests.workplace import ASK, Workplace

BUTTON = "jit_credentials"
PATH = re.compile(r"http://localhost:\d+(/credentials/[A-Za-z0-9_-]{43})")
WORD = re.compile(r"code: `([0-9A-Z]{4}-[0-9A-Z]{4})`")
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJwLoNDGdtw8kOPqkVhtzHvbVUlXC4QhKKgJcqyDNdxX"


class Led(NamedTuple):
    """Where Slack leads the requester, and what it tells them beside the link."""

    path: str
    word: str
    text: str


def by_ssh(policies: dict[str, Any]) -> None:
    """Production's databases are reached by SSH."""
    policies["actions"]["prod-db-debug"] |= {"connector": "ssh", "with": {"users": ["deploy"]}}


def with_connectors(folder: Path) -> Path:
    """Write the settings of an authority of the test's own."""
    authority = folder / "ca"
    key = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    authority.write_bytes(key)
    authority.chmod(0o600)
    (folder / "ssh").mkdir()
    ssh = {
        "ca": {"file": str(authority)},
        "folder": str(folder / "ssh"),
        "krl": str(folder / "krl"),
        "hosts": {"orders-db": {"address": "orders-db.internal", "host_key": HOST_KEY}},
    }
    file = folder / "connectors.yaml"
    file.write_text(yaml.safe_dump({"installation": "harbour", "connectors": {"ssh": ssh}}))
    return file


@asynccontextmanager
async def open_with_credentials(
    workplace: Callable[..., Workplace],
    folder: Path,
    change: Callable[[dict[str, Any]], None] = lambda _: None,
    **more: Any,
):
    """A bot with pages whose access comes with credentials."""

    def changed(policies: dict[str, Any]) -> None:
        by_ssh(policies)
        change(policies)

    async with open_office(workplace, changed, connectors=with_connectors(folder), **more) as work:
        yield work


async def led(work: Workplace, request_id: str, user: str = "@ana") -> Led:
    """Click the button on the requester's message; gives where it leads."""
    message = await work.told(user, request_id, "You have access", offering=BUTTON)
    text = await work.refused(user, message, BUTTON)
    shown = whispered(await work.hands.look(), user)[-1]
    assert text == readable(shown)
    (url,) = urls(shown)
    found, word = PATH.fullmatch(url), WORD.search(text)
    assert found, url
    return Led(found[1], word[1] if word else "", text)


async def live(work: Workplace, command: str = ASK) -> str:
    """Ask, approve, and wait until access is live; gives the request's id."""
    return await work.goes_live(command)
