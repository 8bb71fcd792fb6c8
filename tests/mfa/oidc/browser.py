"""A browser at the provider: keeps its cookies, follows it, and stops where it is sent back to the bot."""

from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp

RETURN_TO = "http://127.0.0.1:9/confirm/oidc"
STRONG, WEAK = "urn:example:two-factors", "urn:example:password"


class Browser:
    """One browser of one person. `secret` is what the bot's cookie in it holds."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.asked = 0
        """How often it was asked to sign in."""

    async def sign_in(self, address: str, account: str, acr: str = STRONG, ago: int = 0):
        """Sign in as an account; gives the parameters of the callback."""
        who = urlencode({"account": account, "acr": acr, "ago": ago})
        for _ in range(8):
            async with self._session.get(address, allow_redirects=False) as answer:
                assert 300 <= answer.status < 400, await answer.text()
                address = answer.headers["Location"]
            if address.startswith(RETURN_TO):
                return parse_qsl(urlsplit(address).query)
            root = f"{answer.url.scheme}://{answer.url.host}:{answer.url.port}"
            address = address if address.startswith("http") else root + address
            if "/sign-in/" in address:
                self.asked += 1
                address += f"?{who}"
        raise AssertionError(f"never sent back, last to {address}")

    async def close(self) -> None:
        await self._session.close()
