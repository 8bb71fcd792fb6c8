"""The provider that tests sign in at, and the bot's side of it over a real Redis."""

import os
import shutil
import subprocess
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from app.mfa.oidc import Client, Provider, StepUp
from app.store.step_ups import StepUpStore
from tests.mfa.oidc.browser import RETURN_TO, STRONG, Browser
from tests.node import node_modules_of

HERE = Path(__file__).parent
SECRET = "s3cret/with+signs that=need & encoding"
ACCOUNTS = {"ana": "00u-ana-1f2e", "ben": "00u-ben-3d4c"}
DIGEST, PAGE = "a" * 64, "b" * 64


@pytest.fixture(scope="session")
def program(request, tmp_path_factory) -> Path:
    """The provider's program, beside what it needs."""
    folder = tmp_path_factory.mktemp("provider")
    shutil.copy(HERE / "provider" / "provider.mjs", folder)
    package = HERE / "provider" / "package.json"
    (folder / "node_modules").symlink_to(node_modules_of(request.config, "sign-in-provider", package))
    return folder / "provider.mjs"


@contextmanager
def running(program: Path, method: str, return_to: str = RETURN_TO):
    """The provider, with a way in which the bot must show its secret; gives its issuer."""
    environment = {"RETURN_TO": return_to, "CLIENT_ID": "jit", "CLIENT_SECRET": SECRET, "AUTH_METHOD": method}
    with subprocess.Popen(
        ["node", str(program)],
        env={"PATH": os.environ["PATH"], **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            issuer = process.stdout.readline().strip()
            assert issuer.startswith("http://127.0.0.1:"), issuer
            yield issuer
        finally:
            process.kill()


@pytest.fixture(scope="session")
def issuer(program):
    with running(program, "client_secret_post") as address:
        yield address


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def accounts() -> dict[str, str]:
    return dict(ACCOUNTS)


@pytest.fixture
def client(issuer) -> Client:
    return Client(issuer, "jit", SECRET, (STRONG,))


@pytest.fixture
def step_up(client, http, redis, accounts) -> StepUp:
    return StepUp(Provider(http, client), StepUpStore(redis.calls), accounts.get)


@pytest.fixture
async def browser():
    made = Browser("the cookie of one browser")
    yield made
    await made.close()


@pytest.fixture
async def other_browser():
    made = Browser("the cookie of another")
    yield made
    await made.close()


def begin(step_up: StepUp, browser: Browser, person: str = "ana", digest: str = DIGEST, fresh: int = 0):
    """Begin a sign-in as the page would."""
    return step_up.begin(
        person,
        digest=digest,
        page=PAGE,
        browser=browser.secret,
        return_to=RETURN_TO,
        fresh=timedelta(seconds=fresh),
    )
