"""A real SMTP server on loopback (aiosmtpd), with TLS of the tests' own authority, and with bad days.

What it does with a recipient is said by the address: `gone@…` is refused, `busy@…` put off, at `stall@…` it falls
silent, at `dies@…` it drops the connection within DATA, `spam@…` is refused after DATA.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "jit", "s3cret/with:signs@"


class Got(NamedTuple):
    """A mail that the server took."""

    sender: str
    to: list[str]
    message: EmailMessage
    raw: bytes


class Post:
    """What a server got, and how it behaves."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.tried: list[str] = []
        self.port = 0
        self.mended: set[str] = set()
        """Local parts whose trouble is over."""

    def to(self, address: str) -> list[EmailMessage]:
        """The mails to an address, in their order."""
        return [each.message for each in self.got if address in each.to]

    async def until(self, is_so: Callable[[], object], what: str, within: float = 15.0) -> None:
        """Wait until something is true."""
        ends = asyncio.get_running_loop().time() + within
        while not is_so():
            assert asyncio.get_running_loop().time() < ends, f"not within {within:g} s: {what}"
            await asyncio.sleep(0.01)

    async def one(self, address: str, part: str = "") -> EmailMessage:
        """Wait for a mail to an address, whose text has a part."""

        def found() -> list[EmailMessage]:
            return [each for each in self.to(address) if part in text_of(each)]

        await self.until(
            found, f"a mail to {address} with {part!r}; got {[text_of(m) for m in self.to(address)]}"
        )
        return found()[0]

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        local = address.partition("@")[0]
        self.tried.append(address)
        if local not in self.mended:
            match local:
                case "gone":
                    return "550 5.1.1 no such mailbox"
                case "busy":
                    return "450 4.2.1 try again later"
                case "stall":
                    await asyncio.sleep(3600)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        local = envelope.rcpt_tos[0].partition("@")[0]
        if local == "dies" and local not in self.mended:
            server.transport.abort()
            await asyncio.sleep(0.05)
            return "451 never said"
        if local == "spam" and local not in self.mended:
            return "554 5.7.1 looks like spam"
        raw = envelope.content
        message = message_from_bytes(raw, policy=default)
        self.got.append(Got(envelope.mail_from, list(envelope.rcpt_tos), message, raw))
        return "250 taken"


def text_of(message: EmailMessage) -> str:
    """The text of a mail, without what keeps its words from being links."""
    return _part(message, "plain").replace("\u200b", "")


def html_of(message: EmailMessage) -> str:
    return _part(message, "html")


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


@asynccontextmanager
async def smtp_server(
    *, tls: ssl.SSLContext | None = None, implicit: bool = False, auth: bool = False, port: int = 0
) -> AsyncIterator[Post]:
    """Run a server; with `tls` it wants STARTTLS, or TLS at once; with `auth` it wants USER and PASSWORD."""
    post = Post()

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        is_right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=is_right, handled=False)

    def made() -> SMTP:
        starts = tls if tls and not implicit else None
        return SMTP(
            post,
            tls_context=starts,
            require_starttls=starts is not None,
            authenticator=authenticate if auth else None,
            auth_required=auth,
            auth_require_tls=tls is not None and not implicit,
            hostname="mail.test",
            timeout=30,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(made, "127.0.0.1", port, ssl=tls if implicit else None)
    post.port = server.sockets[0].getsockname()[1]
    try:
        yield post
    finally:
        server.close()


# -- certificates ----------------------------------------------------------------------------------------


class Authority:
    """An authority of the tests' own, whose certificate is a file that can be trusted."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        basic = x509.BasicConstraints(ca=True, path_length=0)
        certificate = self._signed(self._name, self._key.public_key(), basic, ())
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def context(self, host: str = "127.0.0.1") -> ssl.SSLContext:
        """Give what a server of a host needs to be trusted."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        leaf = x509.BasicConstraints(ca=False, path_length=None)
        certificate = self._signed(subject, key.public_key(), leaf, (host,))
        file = self._folder / f"{host}.server.pem"
        file.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _signed(self, subject: x509.Name, key: Any, basic: x509.BasicConstraints, hosts: Any) -> Any:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(basic, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )
        for host in hosts:
            name = x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
            builder = builder.add_extension(x509.SubjectAlternativeName([name]), critical=False)
        return builder.sign(self._key, hashes.SHA256())
