"""Signed calls to a service of the user's own: the documented receiver as a process, and services that misbehave.

Contract: a call is confirmed by 200 or 204 of the pinned host alone; what is signed cannot be changed, replayed or sent
late; names are looked at when they are connected to, however they are answered; redirects lead nowhere; an answer is
bounded; nothing of a request gets into the address or a header; a secret is in no message of an error.
"""

import asyncio
import base64
import gzip
import hashlib
import hmac
import json
import socket
import ssl
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.connectors.addresses import Allowed
from app.connectors.mark import Mark
from app.connectors.protocol import ConnectorFailed, Found
from app.connectors.webhook import Webhook
from app.connectors.webhook.signing import signed
from app.domain.target import Target
from tests.connectors.asked import granting
from tests.connectors.receiver import KEY, documented_receiver, service

MARK = Mark("harbour")
LOOPBACK = ["127.0.0.1/32"]
NASTY = '\'; DROP TABLE x; -- $(id) `id`\r\nX-Evil: 1\r\n\r\n{"call": "revoke"} ../../ \x00 é 🙂'


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIT_TEST_WEBHOOK", KEY)


def webhook(port: int, *, host: str = "127.0.0.1", scheme: str = "http", **changed: Any) -> Webhook:
    written = {
        "url": f"{scheme}://{host}:{port}/jit",
        "secrets": [{"env": "JIT_TEST_WEBHOOK"}],
        "networks": LOOPBACK,
        "timeout": 5,
    }
    return Webhook("webhook", Webhook.Settings.model_validate(written | changed), MARK)


@pytest.fixture
async def documented(tmp_path) -> AsyncIterator[Webhook]:
    """The connector, with the receiver of the docs."""
    with documented_receiver(tmp_path) as port:
        made = webhook(port)
        yield made
        await made.close()


def asked(**changed: Any) -> Any:
    target = Target(connector="webhook", parameters={"level": "2"})
    return granting(**{"target": target, "action": "door", "resource": "vault"} | changed)


async def test_the_documented_receiver(documented):
    """It gives once, is found, moves its end, takes back as often as it is asked, and refuses what comes late."""
    request = asked()
    key = MARK.key(request.id)
    await documented.check()
    for _ in range(2):
        granted = await documented.grant(request, key)
    assert (f"door/{key}", "door on vault") == (granted.lease.reference, granted.lease.summary)
    assert granted.secret
    assert "4711" == granted.secret.environment["DOOR_CODE"].get_secret_value()
    assert [Found(key, "127.0.0.1", request.ends_at)] == list(await documented.list_active())

    later = request.model_copy(update={"ends_at": request.ends_at + timedelta(hours=1)})
    await documented.extend(later, key)
    assert [later.ends_at] == [each.ends_at for each in await documented.list_active()]
    await documented.revoke(request, key)
    await documented.revoke(request, key)
    await documented.extend(later, key)
    assert [] == list(await documented.list_active())
    with pytest.raises(ConnectorFailed, match="409: this grant is over"):
        await documented.grant(request, key)


async def test_what_nobody_knows_any_more_is_removed(documented):
    """By its key alone."""
    request = asked()
    key = MARK.key(request.id)
    await documented.grant(request, key)
    (found,) = await documented.list_active()
    await documented.remove(found)
    assert [] == list(await documented.list_active())


@pytest.mark.parametrize("wrong", ["key", "late", "early", "changed", "replayed", "unsigned"])
async def test_the_documented_receiver_refuses_what_is_forged(tmp_path, wrong):
    """Another key, an old or future time, another body, a second time, no signature: 401, and nothing is done."""
    body, now = b'{"call": "check"}', datetime.now(UTC)
    at = now + {"late": timedelta(minutes=-6), "early": timedelta(minutes=6)}.get(wrong, timedelta())
    key = b"x" * 32 if wrong == "key" else b"k" * 32
    headers = {} if wrong == "unsigned" else signed([key], body, at)
    with documented_receiver(tmp_path) as port:
        async with aiohttp.ClientSession() as http:
            if wrong == "replayed":
                async with http.post(f"http://127.0.0.1:{port}", data=body, headers=headers) as first:
                    assert 200 == first.status
            sent = body.replace(b"check", b"grant") if wrong == "changed" else body
            async with http.post(f"http://127.0.0.1:{port}", data=sent, headers=headers) as answer:
                assert 401 == answer.status


@given(st.binary(max_size=200), st.lists(st.binary(min_size=24, max_size=64), min_size=1, max_size=3))
def test_each_key_signs(body, keys):
    """Whoever knows one of the keys can check, as Standard Webhooks says."""
    headers = signed(keys, body, datetime(2026, 1, 1, tzinfo=UTC))
    assert "1767225600" == headers["webhook-timestamp"]
    content = f"{headers['webhook-id']}.1767225600.".encode() + body
    expected = [base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode() for key in keys]
    assert [f"v1,{each}" for each in expected] == headers["webhook-signature"].split(" ")


async def test_injection(documented):
    """Text of people is text in the body, whatever stands in it, and is nowhere else."""
    got: list[Any] = []

    async def keep(request: web.Request) -> web.Response:
        got.append((request.raw_path, dict(request.headers), await request.json()))
        return web.json_response({})

    request = asked(reason=NASTY, resource=NASTY, action=NASTY)
    key = MARK.key(request.id)
    async with service(keep) as port:
        made = webhook(port)
        await made.grant(request, key)
        await made.close()
    ((path, headers, body),) = got
    assert ("/jit", key) == (path, headers["Idempotency-Key"])
    assert "X-Evil" not in headers
    assert ("grant", NASTY, NASTY, NASTY) == (
        body["call"], *(body["request"][each] for each in ("reason", "resource", "action"))
    )  # fmt: skip
    await documented.grant(request, key)
    assert [key] == [each.key for each in await documented.list_active()]


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (202, b"{}", "answered 202"),
        (500, b'{"error": "no\\nsuch\\u0000 door"}', "answered 500: no such door"),
        (404, b"<html>", "answered 404$"),
        (500, b"[" * 100_000, "answered 500$"),
        (200, b"", "does not fit"),
        (200, b"nonsense", "does not fit"),
        (200, b'{"environment": {"A B": "s3cret"}}', "does not fit"),
        (200, b'{"environment": "s3cret"}', "environment: input should be"),
        (200, b'{"summary": "two\\nlines"}', "summary: string should match"),
        (200, gzip.compress(b"{}", mtime=0), "does not fit"),
        (200, b"x" * (1024 * 1024 + 1), "more than 1048576 bytes"),
    ],
)
async def test_answers_that_do_not_confirm(status, body, said):
    """Nothing but a whole answer of a service that has done it is one; no value of it is told."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body)

    async with service(answer) as port:
        made = webhook(port)
        with pytest.raises(ConnectorFailed, match=said) as told:
            await made.grant(asked(), "jit-harbour-r07-4kx9tqz")
        assert "s3cret" not in str(told.value)
        await made.close()


async def test_redirects_lead_nowhere():
    """A service that points elsewhere is a service that failed."""
    reached: list[str] = []

    async def turn(request: web.Request) -> web.Response:
        reached.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    async with service(turn) as port:
        made = webhook(port)
        with pytest.raises(ConnectorFailed, match="307, and redirects are not followed"):
            await made.revoke(asked(), "jit-harbour-r07-4kx9tqz")
        await made.close()
    assert ["/jit"] == reached


async def test_one_that_trickles():
    """An answer that goes on and on has its time, too."""

    async def trickle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.05)

    async with service(trickle) as port:
        made = webhook(port, timeout=0.4)
        began = time.monotonic()
        with pytest.raises(ConnectorFailed, match=r"did not answer within 0.4 s"):
            await made.check()
        assert time.monotonic() - began < 2
        await made.close()


async def test_nobody_listens():
    """A service that is away is told by its name."""
    made = webhook(1)
    with pytest.raises(ConnectorFailed, match=r"127.0.0.1 cannot be called"):
        await made.check()
    await made.close()


async def test_names_that_are_answered_otherwise_later(monkeypatch):
    """A name that led where it may, and then to an address that is not named, is not called there."""
    called: list[str] = []

    async def here(request: web.Request) -> web.Response:
        called.append(request.host)
        return web.Response()

    answers = ["127.0.0.1", "127.0.0.1", "127.0.0.2", "169.254.169.254"]
    resolve = socket.getaddrinfo

    def rebinding(host: str, *rest: Any, **more: Any) -> Any:
        return resolve(answers.pop(0) if host == "access.test" else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    async with service(here, "0.0.0.0") as port:  # noqa: S104  so that 127.0.0.2 would answer as well
        made = webhook(port, host="access.test")
        await made.check()
        await made.check()
        with pytest.raises(ConnectorFailed, match=r"127.0.0.2, which is not public"):
            await made.check()
        with pytest.raises(ConnectorFailed, match=r"169.254.169.254, and without TLS"):
            await made.check()
        await made.close()
    assert 2 == len(called)


@pytest.mark.parametrize(
    ("networks", "address", "may"),
    [
        ([], "8.8.8.8", True),
        ([], "10.0.0.1", False),
        (["10.0.0.0/8"], "10.0.0.1", True),
        (["10.0.0.0/8"], "::ffff:10.0.0.1", True),
        ([], "::ffff:127.0.0.1", False),
        ([], "64:ff9b::7f00:1", False),
        ([], "2002:7f00:1::", False),
        ([], "169.254.169.254", False),
        ([], "fd00:ec2::254", False),
        ([], "100.64.0.1", False),
        ([], "0.0.0.0", False),  # noqa: S104
        ([], "224.0.0.1", False),
        ([], "::1", False),
        ([], "fe80::1%1", False),
        ([], "2606:4700::1111", True),
    ],
)
def test_addresses(networks, address, may):
    """Public ones and named ones, in whatever form they come."""
    allowed = Allowed([ip_network(each) for each in networks], is_plain=False)
    try:
        allowed.must_hold("access.test", address)
    except ConnectorFailed:
        assert not may
    else:
        assert may


@pytest.mark.parametrize(
    "url",
    ["ftp://a", "https://", "https://u:p@a", "https://a/#x", "https://a b", "https://127.1", "https://0x7f.1",
     "https://2130706433", "https://0177.0.0.1", "https://a\\b", "https://a:0", "https://[::1", "a"],
)  # fmt: skip
def test_addresses_that_are_none(url):
    """What two readers could take for two hosts is refused when the settings are read."""
    with pytest.raises(ValidationError):
        webhook(1, url=url)


async def test_a_literal_address_is_looked_at_too():
    """It is resolved by nobody, and must be named all the same."""
    made = webhook(1, networks=[])
    with pytest.raises(ConnectorFailed, match="not public"):
        await made.check()
    await made.close()


@pytest.mark.parametrize("key", ["", "whsec_c2hvcnQ=", "not base64!"])
async def test_keys_that_are_none(monkeypatch, key):
    """A key that is missing, short or no key is told by where it stands, and nothing is sent."""
    monkeypatch.setenv("JIT_TEST_WEBHOOK", key)
    made = webhook(1)
    with pytest.raises(ConnectorFailed, match="JIT_TEST_WEBHOOK") as told:
        await made.check()
    assert not key or key not in str(told.value)
    await made.close()


def certificates(folder: Any) -> tuple[str, ssl.SSLContext]:
    """Make a certificate for access.test; gives the file to trust, and the service's context."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "access.test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("access.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "cert.pem", folder / "key.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(public, private)
    return str(public), context


async def test_tls_is_checked(tmp_path, monkeypatch):
    """The trusted certificate of that very name is taken; the system's trust, or another name, is not enough."""
    trusted, context = certificates(tmp_path)
    resolve = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **more: resolve(
            "127.0.0.1" if str(host).endswith(".test") else host, *rest, **more
        ),
    )
    got: list[str] = []

    async def here(request: web.Request) -> web.Response:
        got.append((await request.json())["call"])
        return web.Response()

    async with service(here, ssl_context=context) as port:
        for host, ca in (("access.test", None), ("other.test", trusted), ("access.test", trusted)):
            made = webhook(port, host=host, scheme="https", ca=ca)
            if (host, ca) == ("access.test", trusted):
                await made.check()
            else:
                with pytest.raises(ConnectorFailed, match=r"cannot be called: .*certificate"):
                    await made.check()
            await made.close()
    assert ["check"] == got


def test_what_approvers_are_shown():
    """Which service is asked for what, with what policy gives along; nothing secret."""
    plan = webhook(1).plan(asked())
    assert ("the service at 127.0.0.1 is asked for door on vault", 'with {"level": "2"}') == plan
    assert "k" * 32 not in json.dumps(plan)
