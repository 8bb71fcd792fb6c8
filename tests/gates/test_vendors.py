"""Contract of each vendor's gate: what it documents is what is sent, to the pinned host alone, and no secret elsewhere.

Over TLS with a certificate of that very name; a name that leads to a private address, another certificate, a redirect,
an answer without end and a key that is none are all no, told without secrets.
"""

import socket
from typing import Any

import pytest
from aiohttp import web
from pydantic import ValidationError

from app.connectors.settings import SecretRef
from app.domain.gate import Answer, Gate
from app.gates.github import Github
from app.gates.gitlab import Gitlab
from app.gates.protocol import NotNow, WaitsNoMore
from app.gates.registry import Gates
from app.gates.settings import GatesError, GithubSettings
from app.gates.terraform import Terraform
from app.policy.trigger_event import event_of as read_event
from tests.connectors.receiver import service
from tests.connectors.test_webhook import certificates
from tests.gates.conftest import VENDORS, YES, example
from tests.gates.vendors import GITLAB_TOKEN, PEM, RUN_TOKEN, at_loopback, event_of, settings_of

SAID = "Approved by Ben Okafor (R07-4KX9TQZ)."


@pytest.fixture
def named(monkeypatch):
    """Names below .test lead here."""
    resolve = socket.getaddrinfo

    def here(host: Any, *rest: Any, **more: Any) -> Any:
        return resolve("127.0.0.1" if str(host).endswith(".test") else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", here)


def waiting(gates: Gates, vendors: Any, vendor: str) -> Gate:
    """What waits at a gate, read from the vendor's event."""
    import json

    body = json.dumps(event_of(vendors, vendor)).encode()
    return gates.all[vendor].read(read_event(vendor, body)).gate


@pytest.mark.parametrize("vendor", VENDORS)
async def test_over_tls(tmp_path, named, vendor):
    """The trusted certificate of that very name is taken, and what the vendor documents is sent."""
    trusted, context = certificates(tmp_path)
    async with at_loopback("access.test", ssl_context=context) as vendors:
        gates = Gates.open(settings_of(vendors, tmp_path, ca=trusted), seals=True)
        gate, made = waiting(gates, vendors, vendor), gates.all[vendor]
        await made.is_ready(gate, RUN_TOKEN, "Waits.")
        await made.tell(gate, Answer.APPROVED, SAID, RUN_TOKEN)
        await made.check()
        await gates.close()

    assert [(vendor, YES[vendor], SAID)] == [each[:3] for each in vendors.final]
    if vendor == "gitlab":
        assert {"status": "approved", "comment": SAID, "represented_as": "release"} == vendors.final[0].body
    secrets = {"github": "bearer ghs_", "gitlab": GITLAB_TOKEN, "terraform": RUN_TOKEN}
    assert all(secrets[vendor].lower() not in path.lower() for _, path in vendors.calls)


@pytest.mark.parametrize("ca", ["system's", "other's"])
async def test_another_certificate(tmp_path, named, ca):
    """The system's trust, or another name, is not enough: nothing is sent."""
    trusted, context = certificates(tmp_path)
    host = "access.test" if ca == "system's" else "other.test"
    async with at_loopback(host, ssl_context=context) as vendors:
        more = {"ca": trusted} if ca == "other's" else {}
        gates = Gates.open(settings_of(vendors, tmp_path, **more), seals=True)
        with pytest.raises(NotNow, match="certificate"):
            await gates.all["gitlab"].tell(waiting(gates, vendors, "gitlab"), Answer.APPROVED, SAID, "")
        await gates.close()
    assert [] == vendors.calls


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "169.254.169.254", "127.0.0.2", "fd00::1", "::ffff:10.0.0.1"]
)
async def test_a_name_that_leads_inside(tmp_path, monkeypatch, address):
    """A pinned name that is answered with a private address is not called there."""
    resolve = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: resolve(
            address if host == "api.example.com" else host, *rest, **more
        ),
    )  # fmt: skip
    token = tmp_path / "token"
    token.write_text(GITLAB_TOKEN)
    token.chmod(0o600)
    settings = Gitlab.Settings(api="https://api.example.com", token=SecretRef(file=token))
    made = Gitlab("gitlab", settings)
    gate = Gate(name="gitlab", what="x", place={"project": "77", "deployment": "15"})
    with pytest.raises(NotNow, match="not public"):
        await made.tell(gate, Answer.APPROVED, SAID, "")
    await made.close()


async def test_redirects_lead_nowhere(tmp_path):
    """A vendor that points elsewhere is told no secret there."""
    reached: list[str] = []

    async def turn(request: web.Request) -> web.Response:
        reached.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    async with service(turn) as port:
        made = Terraform(
            "terraform", Terraform.Settings(api=f"http://127.0.0.1:{port}", networks=["127.0.0.1/32"])
        )
        gate = Gate(name="terraform", what="x", place={"task": "t", "token": "d"})
        with pytest.raises(NotNow, match="307, and redirects are not followed"):
            await made.tell(gate, Answer.APPROVED, SAID, RUN_TOKEN)
        await made.close()
    assert ["/task-results/t/callback"] == reached


async def test_an_answer_without_end(tmp_path):
    """A vendor that answers with more than a megabyte is not read further."""

    async def floods(_: web.Request) -> web.Response:
        return web.Response(status=200, body=b"x" * (1024 * 1024 + 1))

    async with service(floods) as port:
        made = Terraform(
            "terraform", Terraform.Settings(api=f"http://127.0.0.1:{port}", networks=["127.0.0.1/32"])
        )
        gate = Gate(name="terraform", what="x", place={"task": "t", "token": "d"})
        with pytest.raises(NotNow, match="more than 1048576 bytes"):
            await made.tell(gate, Answer.APPROVED, SAID, RUN_TOKEN)
        await made.close()


@pytest.mark.parametrize("token", ["a\r\nX-Evil: 1", "", 7, None])
async def test_an_installation_token_that_is_none(tmp_path, token):
    """What could not stand in a header is no token, and nothing is answered with it."""
    called: list[str] = []

    async def gives(request: web.Request) -> web.Response:
        called.append(request.path)
        return web.json_response({"token": token}, status=201)

    async with service(gives) as port:
        made = github(tmp_path, PEM, port)
        place = {"repository": "harbour/orders", "repository_id": "7", "installation": "1", "run": "2",
                 "environment": "production"}  # fmt: skip
        with pytest.raises(NotNow, match="gave no installation token"):
            await made.tell(Gate(name="github", what="x", place=place), Answer.APPROVED, SAID, "")
        await made.close()
    assert ["/app/installations/1/access_tokens"] == called


@pytest.mark.parametrize(
    "key", ["no key", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----", PEM[:200]]
)
async def test_a_key_that_is_none(tmp_path, key):
    """It is told by where it stands, without a letter of it."""
    made = github(tmp_path, key, 1)
    with pytest.raises(NotNow, match=r"app.pem does not hold an RSA private key") as told:
        await made.check()
    assert key[40:80] not in str(told.value) or not key[40:80]
    await made.close()


async def test_a_key_that_others_can_read(tmp_path):
    """A private key that lies open is not used."""
    made = github(tmp_path, PEM, 1)
    (tmp_path / "app.pem").chmod(0o644)
    with pytest.raises(NotNow, match="can be read by others"):
        await made.check()
    await made.close()


def github(folder: Any, key: str, port: int) -> Github:
    file = folder / "app.pem"
    file.write_text(key)
    file.chmod(0o600)
    settings = GithubSettings(
        api=f"http://127.0.0.1:{port}", app="Iv23", key=SecretRef(file=file), networks=["127.0.0.1/32"]
    )
    return Github("github", settings)


async def test_a_token_that_is_gone(tmp_path):
    """Without its token a run is answered by nothing."""
    made = Terraform("terraform", Terraform.Settings())
    with pytest.raises(WaitsNoMore, match="its access token is gone"):
        await made.tell(Gate(name="terraform", what="x", place={"task": "t"}), Answer.APPROVED, SAID, "")


# -- settings --------------------------------------------------------------------------------------------


def test_the_documented_settings(tmp_path):
    """The example of the docs makes all three, at the vendors' own addresses."""
    import yaml

    file = tmp_path / "gates.yaml"
    file.write_text(yaml.safe_dump(example("gates")))
    assert list(VENDORS) == list(Gates.open(file, seals=True).all)
    with pytest.raises(GatesError, match=r"gates.terraform: .*JIT_SECRET_KEYS"):
        Gates.open(file, seals=False)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("gates: {}", "gates: "),
        ("[]", "gates.yaml: input should be"),
        ("gates: [", "is no YAML"),
        ("gates: {ci: {}}", "gates.ci.kind: is none of github, gitlab, terraform"),
        ("gates: {github: {app: a}}", "gates.github.key: field required"),
        ("gates: {github: {app: 'a b', key: {env: X}}}", "gates.github.app: "),
        ("gates: {gitlab: {token: glpat-s3cret}}", "gates.gitlab.token: "),
        ("gates: {gitlab: {token: {env: X}, what: 1}}", "gates.gitlab.what: extra inputs"),
        ("gates: {terraform: {api: 'https://u:p@app.terraform.io'}}", "gates.terraform.api: "),
    ],
)  # fmt: skip
def test_settings_that_are_wrong(tmp_path, written, said):
    """Each is told by file and key, and no value is repeated."""
    file = tmp_path / "gates.yaml"
    file.write_text(written)
    with pytest.raises(GatesError, match=said) as told:
        Gates.open(file, seals=True)
    assert "s3cret" not in str(told.value)


@pytest.mark.parametrize(
    "api", ["ftp://a", "https://", "https://u:p@a", "https://a/#x", "https://a/?q=1", "https://127.1",
            "https://2130706433", "https://a\\b", "https://A.example.com", "https://a b", "a"],
)  # fmt: skip
def test_addresses_that_are_none(api):
    """What two readers could take for two hosts is refused when the settings are read."""
    with pytest.raises(ValidationError):
        Terraform.Settings(api=api)
