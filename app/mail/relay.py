"""One letter to the SMTP server: taken, refused for good, refused for now, or the server cannot be used at all."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from app.audit.plain import one_line
from app.smtp_url import RelayAddress, Tls

EACH = 15.0
"""Seconds for each answer of the server."""
WHOLE = 60.0
"""Seconds for a letter as a whole; far below store.post.CLAIMED."""
FAREWELL = 2.0
SAID = 300
PERMANENT = 500
ABOUT_US = frozenset({530, 535})
"""Answers that are about how we signed in, and not about who is to be told (RFC 4954, 6)."""


class NotTaken(Exception):  # noqa: N818  a verdict of the server
    """The server did not take a letter. `code` is its three digits, 0 where it gave none."""

    def __init__(self, code: int, said: str) -> None:
        self.code = code
        self.said = one_line(said)[:SAID]
        super().__init__(f"{code} {self.said}" if code else self.said)


class RefusedForGood(NotTaken):
    """It will never take this letter."""


class NotNow(NotTaken):
    """It may take this letter later; others it may take now."""


class CannotBeUsed(NotTaken):
    """It cannot be reached, trusted or signed in to: no letter gets anywhere."""


class Relay:
    """The server that takes our mail. Certificates are checked."""

    def __init__(self, address: RelayAddress, name: str, each: float = EACH, whole: float = WHOLE) -> None:
        """`name` is the host name that we greet with: the domain of the sender's address."""
        self._address = address
        self._name = name
        self._each = each
        self._whole = whole

    async def send(self, sender: str, to: str, message: bytes) -> None:
        """Hand over a letter. Raises one of NotTaken; after NotNow without a code it may have been taken."""
        try:
            async with asyncio.timeout(self._whole), self._connected() as client:
                await _hand_over(client, sender, to, message)
        except TimeoutError:
            raise NotNow(0, f"the server did not finish within {self._whole:g} s") from None

    async def check(self) -> str:
        """Connect, greet, secure and sign in, and send nothing; gives how. Raises CannotBeUsed."""
        try:
            async with asyncio.timeout(self._whole), self._connected():
                pass
        except TimeoutError:
            raise CannotBeUsed(0, f"the server did not finish within {self._whole:g} s") from None
        how = {Tls.PLAIN: "in plain, on loopback", Tls.STARTTLS: "by STARTTLS", Tls.IMPLICIT: "by TLS"}
        signed_in = f", signed in as {self._address.user}" if self._address.user else ""
        return f"{self._address.host}:{self._address.port} answers {how[self._address.tls]}{signed_in}"

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[SMTP]:
        address = self._address
        client = SMTP(
            hostname=address.host,
            port=address.port,
            username=address.user or None,
            password=address.password or None,
            local_hostname=self._name,
            timeout=self._each,
            use_tls=address.tls is Tls.IMPLICIT,
            start_tls=address.tls is Tls.STARTTLS,
            tls_context=None if address.tls is Tls.PLAIN else _trusting(address),
        )
        try:
            await client.connect()
        except SMTPResponseException as error:
            raise CannotBeUsed(error.code, error.message) from error
        except (SMTPException, OSError, ValueError) as error:
            client.close()
            raise CannotBeUsed(0, f"{type(error).__name__}: {error}") from error
        try:
            yield client
        finally:
            with suppress(SMTPException, OSError, TimeoutError):
                await client.quit(timeout=FAREWELL)
            client.close()


async def _hand_over(client: SMTP, sender: str, to: str, message: bytes) -> None:
    try:
        await client.sendmail(sender, [to], message)
    except SMTPSenderRefused as error:
        raise CannotBeUsed(error.code, error.message) from error
    except SMTPRecipientsRefused as error:
        raise _verdict(error.recipients[0].code, error.recipients[0].message) from error
    except SMTPResponseException as error:
        raise _verdict(error.code, error.message) from error
    except (SMTPException, OSError) as error:
        raise NotNow(0, f"{type(error).__name__}: {error}") from error


def _verdict(code: int, said: str) -> NotTaken:
    if code in ABOUT_US:
        return CannotBeUsed(code, said)
    return (RefusedForGood if code >= PERMANENT else NotNow)(code, said)


def _trusting(address: RelayAddress) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=address.ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
