"""What every page has: its template, strict headers, and forms that only its own browser can send.

The value in a form is bound to a cookie of the browser and to the page's token (a signed double submit,
OWASP's Cross-Site Request Forgery Prevention): a form of another page, or from another browser, is refused.
"""

import asyncio
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import ClientDisconnect

from app.web.address import Address, Network, address_of

LARGEST_FORM = 64 * 1024
FIELDS_AT_MOST = 32
ARRIVES_WITHIN = 10.0
COOKIE_LASTS = 24 * 3600
BROWSER = re.compile(r"[A-Za-z0-9_-]{43}")
PERMISSIONS = (
    "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=()"
)


class NotThisForm(Exception):  # noqa: N818  told on a page
    """What was sent is no form of this page in this browser; `str()` says what to do."""


class Frame:
    """Makes pages, and reads the forms that come back from them."""

    def __init__(self, public_url: str, trusted: Sequence[Network] = ()) -> None:
        """`public_url` is where people see the pages."""
        parts = urlsplit(public_url)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.host = parts.hostname or ""
        self._is_https = parts.scheme == "https"
        self._trusted = tuple(trusted)
        self._headers = _headers(https=self._is_https)
        self._templates = Environment(
            loader=PackageLoader("app.web.pages"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["typed"] = _typed

    @property
    def cookie(self) -> str:
        """The name of the cookie; `__Host-` ones are no other host's to set, and take https."""
        return "__Host-jit" if self._is_https else "jit"

    def page(
        self, request: Request, template: str, *, status: int = 200, token: str = "", **values: Any
    ) -> Response:
        """Give a page; its forms carry `csrf`, bound to this browser and to `token`."""
        browser = self.browser(request)
        html = self._templates.get_template(template).render(
            csrf=_csrf(browser, token) if token else "", token=token, **values
        )
        response = HTMLResponse(html, status_code=status, headers=self._headers)
        self._keep(response, browser)
        return response

    def refuse(self, request: Request, title: str, why: str, *, status: int = 400) -> Response:
        """Give a page that says no, and what to do about it."""
        return self.page(request, "told.html", status=status, title=title, told=why, mood="no")

    def redirect(self, request: Request, url: str) -> Response:
        """Lead on to a page, after a form."""
        response = Response(status_code=303, headers={**self._headers, "Location": url})
        self._keep(response, self.browser(request))
        return response

    def _keep(self, response: Response, browser: str) -> None:
        response.set_cookie(
            self.cookie,
            browser,
            max_age=COOKIE_LASTS,
            path="/",
            secure=self._is_https,
            httponly=True,
            samesite="lax",  # a link in Slack or mail comes from another site
        )

    def browser(self, request: Request) -> str:
        """Tell browsers apart: what this one's cookie says, or a new value for one that has none."""
        if not hasattr(request.state, "browser"):
            kept = request.cookies.get(self.cookie, "")
            request.state.browser = kept if BROWSER.fullmatch(kept) else secrets.token_urlsafe(32)
        return str(request.state.browser)

    def address(self, request: Request) -> Address:
        """Tell where the browser is, by its connection or by a proxy that is trusted."""
        peer = request.client.host if request.client else None
        return address_of(peer, request.headers.getlist("x-forwarded-for"), self._trusted)

    async def form(self, request: Request, token: str) -> Mapping[str, str]:
        """Read a form of the page with this token. Raises NotThisForm."""
        origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
        if origin not in {None, "null", self.origin} or site not in {None, "same-origin"}:
            raise NotThisForm("The form came from another site.")
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            raise NotThisForm("That is no form.")
        try:
            async with asyncio.timeout(ARRIVES_WITHIN):
                body = await _read(request)
            fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS_AT_MOST))
        except (TimeoutError, ValueError, ClientDisconnect):
            raise NotThisForm("The form did not arrive whole.") from None
        kept = request.cookies.get(self.cookie, "")
        if not BROWSER.fullmatch(kept) or not hmac.compare_digest(
            _csrf(kept, token), fields.pop("csrf", "").encode("ascii", "replace").decode()
        ):
            raise NotThisForm(
                "This browser did not open the page that the form is of, or takes no cookies. "
                "Open the link again, in one browser, and send it from there."
            )
        return fields


def _typed(told: str) -> Markup:
    """Set what is to be typed, which sentences have between backticks, as code; all else is text."""
    return Markup(re.sub(r"`([^`<>]+)`", r"<code>\1</code>", str(escape(told))))  # noqa: S704  escaped before


def _csrf(browser: str, token: str) -> str:
    return hmac.new(browser.encode(), token.encode(), hashlib.sha256).hexdigest()


async def _read(request: Request) -> bytes:
    """Read a body. Raises ValueError as soon as it is too large, whatever its headers say."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            raise ValueError("too large")
    return bytes(body)


def _headers(*, https: bool) -> dict[str, str]:
    """Nothing of others' in the page, the page in nothing of others', and its address told to nobody."""
    policy = {
        "default-src": "'none'",
        "style-src": "'self'",
        "script-src": "'self'",
        "img-src": "'self' data:",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    headers = {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex, nofollow",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": PERMISSIONS,
        "Cache-Control": "no-store",
    }
    return headers | ({"Strict-Transport-Security": "max-age=31536000"} if https else {})
