"""Contract of the mail server's side: what it says decides what becomes of a letter.

Against a real SMTP server on loopback: secrets pass over TLS that is checked, or not at all; a refusal for good, a
refusal for now and a server that cannot be used are told apart; nothing waits longer than it may.
"""

import asyncio

import pytest

from app.mail.relay import CannotBeUsed, NotNow, NotTaken, RefusedForGood, Relay
from app.smtp_url import Tls, relay_address
from tests.mail.servers import USER, Authority, smtp_server

SIGNED_IN = f"{USER}:s3cret%2Fwith%3Asigns%40@"
MESSAGE = b"Subject: x\r\n\r\nx\r\n"
FROM = "jit@example.com"


def relay(url: str, ca=None, **how) -> Relay:
    return Relay(relay_address(url, ca), "example.com", **{"each": 2.0, "whole": 4.0, **how})


async def refusal(of: Relay, to: str) -> NotTaken:
    with pytest.raises(NotTaken) as raised:
        await of.send(FROM, to, MESSAGE)
    return raised.value


async def test_over_starttls_with_auth(tmp_path):
    """A letter is taken over STARTTLS, signed in, from a server whose certificate is trusted."""
    authority = Authority(tmp_path)
    async with smtp_server(tls=authority.context(), auth=True) as post:
        server = relay(f"smtp://{SIGNED_IN}127.0.0.1:{post.port}", authority.file)
        await server.send(FROM, "ana@example.com", MESSAGE)
        said = await server.check()
    assert [(FROM, ["ana@example.com"])] == [(each.sender, each.to) for each in post.got]
    assert f"127.0.0.1:{post.port} answers by STARTTLS, signed in as {USER}" == said


async def test_over_tls_at_once(tmp_path):
    """smtps:// is TLS from the first byte."""
    authority = Authority(tmp_path)
    async with smtp_server(tls=authority.context(), implicit=True, auth=True) as post:
        await relay(f"smtps://{SIGNED_IN}127.0.0.1:{post.port}", authority.file).send(
            FROM, "ana@example.com", MESSAGE
        )
    assert 1 == len(post.got)


async def test_a_certificate_that_nobody_vouches_for(tmp_path):
    """Neither the system nor another authority vouches for it: nothing is sent, the password least of all."""
    authority, other = Authority(tmp_path), Authority(tmp_path, "other")
    async with smtp_server(tls=authority.context(), auth=True) as post:
        error = await refusal(
            relay(f"smtp://{SIGNED_IN}127.0.0.1:{post.port}", other.file), "ana@example.com"
        )
    assert (CannotBeUsed, True, []) == (
        type(error),
        "certificate verify failed" in str(error).lower(),
        post.got,
    )


async def test_a_certificate_of_another_host(tmp_path):
    """The name in the certificate must be the host's."""
    authority = Authority(tmp_path)
    async with smtp_server(tls=authority.context("mail.example.net"), auth=True) as post:
        error = await refusal(
            relay(f"smtp://{SIGNED_IN}127.0.0.1:{post.port}", authority.file), "ana@example.com"
        )
    assert (CannotBeUsed, []) == (type(error), post.got)


async def test_a_server_without_starttls(tmp_path):
    """Whoever strips STARTTLS from what a server offers gets nothing."""
    authority = Authority(tmp_path)
    async with smtp_server() as post:
        error = await refusal(relay(f"smtp://127.0.0.1:{post.port}", authority.file), "ana@example.com")
    assert (CannotBeUsed, True, []) == (type(error), "STARTTLS" in str(error), post.got)


async def test_a_wrong_password(tmp_path):
    """It is about us: no letter is refused for good by it."""
    authority = Authority(tmp_path)
    async with smtp_server(tls=authority.context(), auth=True) as post:
        error = await refusal(
            relay(f"smtp://jit:wrong@127.0.0.1:{post.port}", authority.file), "ana@example.com"
        )
    assert (CannotBeUsed, 535) == (type(error), error.code)


async def test_no_password_where_one_is_wanted(tmp_path):
    """A server that wants AUTH refuses the sender, and it is us who must mend it."""
    authority = Authority(tmp_path)
    async with smtp_server(tls=authority.context(), auth=True) as post:
        error = await refusal(relay(f"smtp://127.0.0.1:{post.port}", authority.file), "ana@example.com")
    assert (CannotBeUsed, 530) == (type(error), error.code)


@pytest.mark.parametrize(
    ("to", "kind", "code"),
    [
        ("gone@example.com", RefusedForGood, 550),
        ("busy@example.com", NotNow, 450),
        ("stall@example.com", NotNow, 0),
        ("dies@example.com", NotNow, 0),
        ("spam@example.com", RefusedForGood, 554),
    ],
)
async def test_what_a_server_says(to, kind, code):
    """A 5xx to the recipient or the letter is for good; a 4xx, silence and a broken connection are for now."""
    async with smtp_server() as post:
        error = await refusal(relay(f"smtp://127.0.0.1:{post.port}", each=0.5), to)
    assert (kind, code, []) == (type(error), error.code, post.got)


async def test_a_server_that_is_away():
    """Nobody listens."""
    async with smtp_server() as post:
        port = post.port
    assert CannotBeUsed is type(await refusal(relay(f"smtp://127.0.0.1:{port}"), "ana@example.com"))


async def test_a_server_that_never_greets():
    """It takes the connection and says nothing: given up in time."""
    server = await asyncio.start_server(lambda *_: asyncio.sleep(3600), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        async with asyncio.timeout(3):
            error = await refusal(relay(f"smtp://127.0.0.1:{port}", each=0.3), "ana@example.com")
    finally:
        server.close()
    assert CannotBeUsed is type(error)


async def test_a_server_that_drips():
    """It answers a little each time, and never to the end: the whole has a limit too."""

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(100):
            writer.write(b"220-wait\r\n")
            await asyncio.sleep(0.1)

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        async with asyncio.timeout(3):
            await refusal(relay(f"smtp://127.0.0.1:{port}", each=5.0, whole=0.5), "ana@example.com")
    finally:
        server.close()


@pytest.mark.parametrize(
    ("url", "tls", "port"),
    [
        ("smtp://mail.example.com", Tls.STARTTLS, 587),
        ("smtp://u:p@mail.example.com:2525", Tls.STARTTLS, 2525),
        ("smtps://u:p@mail.example.com", Tls.IMPLICIT, 465),
        ("smtp://localhost:25", Tls.PLAIN, 25),
        ("smtp://127.0.0.1:25", Tls.PLAIN, 25),
        ("smtp://[::1]:25", Tls.PLAIN, 25),
        ("smtp://localhost.example.com:25", Tls.STARTTLS, 25),
        ("smtp://127.0.0.1.example.com", Tls.STARTTLS, 587),
    ],
)
def test_addresses(url, tls, port):
    """In plain to loopback alone, whatever a name looks like."""
    read = relay_address(url)
    assert (tls, port) == (read.tls, read.port)


def test_loopback_with_an_authority(tmp_path):
    """Who says whom to trust means TLS, on loopback too."""
    assert Tls.STARTTLS is relay_address("smtp://127.0.0.1:25", tmp_path).tls


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.com:587",
        "http://mail.example.com",
        "smtp://",
        "smtp://mail.example.com:no",
        "smtp://mail.example.com:99999",
        "smtp://user@mail.example.com",
        "smtp://:hunter2@mail.example.com",
        "smtp://mail.example.com/path",
        "smtp://mail.example.com?tls=off",
        "smtp://user:hunter2%0d%0aQUIT@mail.example.com",
    ],
)
def test_what_is_no_address(url):
    """Each is refused with what would be right, and no password is repeated."""
    with pytest.raises(ValueError, match="it should be smtp://user:password@host:587") as raised:
        relay_address(url)
    assert "hunter2" not in str(raised.value)
