"""A provider that signs whatever it is told to, with its own key or another's, and publishes what it is told to."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiohttp import web
from joserfc import jwk, jwt

from tests.mfa.oidc.browser import STRONG

KEY = jwk.RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
FOREIGN = jwk.RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})


class Forger:
    """What the provider publishes, what it answers with, and what goes wrong with it."""

    def __init__(self) -> None:
        self.issuer = ""
        self.metadata: dict[str, Any] = {}
        self.keys: list[dict[str, Any]] = [KEY.as_dict(private=False)]
        self.id_token: Any = None
        self.weather: dict[str, web.StreamResponse | float] = {}
        """By path, an answer in place of the right one, or seconds of silence before it."""
        self.asked: list[str] = []

    def claims(self, address: str, **other: Any) -> dict[str, Any]:
        """What a good token says that answers an authorization request; a claim of None is left out."""
        now = int(time.time())
        good = {
            "iss": self.issuer,
            "sub": "00u-ana-1f2e",
            "aud": "jit",
            "iat": now,
            "exp": now + 300,
            "nonce": parse_qs(urlsplit(address).query)["nonce"][0],
            "auth_time": now,
            "acr": STRONG,
        }
        return {name: value for name, value in (good | other).items() if value is not None}

    def signs(self, claims: dict[str, Any], key: Any = KEY, **header: Any) -> None:
        """Answer the next code with a token of these claims."""
        heading = {"alg": "RS256", "kid": "one"} | header
        heading = {name: value for name, value in heading.items() if value is not None}
        self.id_token = jwt.encode(heading, claims, key, algorithms=[heading["alg"]])

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        weather = self.weather.get(request.path)
        if isinstance(weather, float):
            await asyncio.sleep(weather)
        elif weather is not None:
            return weather
        if request.path == "/jwks":
            return web.json_response({"keys": self.keys})
        if request.path == "/token":
            return web.json_response({"access_token": "x", "token_type": "Bearer", "id_token": self.id_token})
        return web.json_response(self.metadata)


@asynccontextmanager
async def forging() -> AsyncIterator[Forger]:
    """Run one."""
    forger = Forger()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", forger.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    forger.issuer = f"http://127.0.0.1:{runner.addresses[0][1]}"
    forger.metadata = {
        "issuer": forger.issuer,
        "authorization_endpoint": f"{forger.issuer}/auth",
        "token_endpoint": f"{forger.issuer}/token",
        "jwks_uri": f"{forger.issuer}/jwks",
    }
    try:
        yield forger
    finally:
        await runner.cleanup()
