"""Secrets on their way to requesters: encrypted, no longer than access lasts, given once (see `app.handing`)."""

import json
from typing import Protocol

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr
from redis.asyncio import Redis

from app.domain.request import Request
from app.store import keys
from app.store.requests import milliseconds, reachable


class Sealed(Protocol):
    """What is kept: see `app.connectors.protocol.Secret`."""

    @property
    def environment(self) -> dict[str, SecretStr]: ...

    @property
    def files(self) -> dict[str, SecretStr]: ...


class Opened(dict[str, dict[str, str]]):
    """What was kept, in clear: `environment` and `files`. It shows nothing of itself in logs."""

    def __repr__(self) -> str:
        return "Opened(…)"


def in_clear(secret: Sealed) -> Opened:
    """Give what is to be kept, or told, in clear."""
    return Opened(
        {
            part: {name: value.get_secret_value() for name, value in values.items()}
            for part, values in (("environment", secret.environment), ("files", secret.files))
        }
    )


class Secrets:
    """Seals by the first of the keys and opens by any (Fernet, AES-128-CBC with HMAC-SHA256), so keys can change."""

    def __init__(self, client: Redis, secret_keys: SecretStr | None) -> None:
        """Without keys one of this process alone is used: then nobody else opens what it seals."""
        self._redis = client
        written = secret_keys.get_secret_value() if secret_keys else Fernet.generate_key().decode()
        self._fernet = MultiFernet([Fernet(key.strip()) for key in written.split(",") if key.strip()])

    async def put(self, request: Request, secret: Sealed) -> None:
        """Keep a request's secret for its requester until access ends; a newer one takes its place."""
        if request.ends_at is None:
            return  # access without an end is none, and nothing is kept for ever
        sealed = self._fernet.encrypt(json.dumps([request.id, in_clear(secret)]).encode())
        async with reachable():
            await self._redis.set(
                keys.secret(request.id), sealed.decode(), pxat=milliseconds(request.ends_at)
            )

    async def keep(self, request: Request) -> None:
        """Access has more time, and what was not taken yet has as much."""
        if request.ends_at is not None:
            async with reachable():
                await self._redis.pexpireat(keys.secret(request.id), milliseconds(request.ends_at))

    async def read(self, request_id: str) -> Opened | None:
        """Open a request's secret and leave it there; whose turn it is to have it is the workflow's to say.

        None where there is none, or none of the keys opens it.
        """
        async with reachable():
            sealed = await self._redis.get(keys.secret(request_id))
        if not sealed:
            return None
        try:
            of, clear = json.loads(self._fernet.decrypt(str(sealed).encode()))
        except InvalidToken:
            return None
        return Opened(clear) if of == request_id else None

    async def forget(self, request_id: str) -> None:
        """It was taken, or access ends: nobody gets it any more."""
        async with reachable():
            await self._redis.delete(keys.secret(request_id))
