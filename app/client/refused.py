"""Every way in which a call is not let through, each a problem document (RFC 9457) that can be sent as it is."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .asking import Asking
from .exactly import Exactly
from .need import Need

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:jit-approval:problem:"
PHRASES = {403: "Forbidden", 503: "Service Unavailable"}
NOBODY = {
    "subject": "The caller is nobody whom policy can name.",
    "resource": "The resource is not one that a grant can be for.",
    "command": "The command is not one that a grant can be for.",
    "parameters": "The parameters are none that a grant can be for.",
}
ALONE = {
    "command": "For this command alone send `request.api` to the bot: POST /v1/requests.",
    "parameters": "For these parameters alone send `request.api` to the bot: POST /v1/requests.",
}
Environ = Mapping[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Refused(Exception):  # noqa: N818  an answer
    """The call is not let through. As a WSGI application it answers with its problem document."""

    status = 403
    code = "grant_needed"
    title = "This takes a grant"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.more: dict[str, Any] = {}
        """Members beside those of every problem document."""

    @property
    def document(self) -> dict[str, Any]:
        """The problem document."""
        return {
            "type": TYPE + self.code,
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            **self.more,
        }

    @property
    def body(self) -> bytes:
        """The document in ASCII: what is beyond it is escaped, so that no charset makes something else of it."""
        return json.dumps(self.document, ensure_ascii=True).encode("ascii")

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The headers of the answer; nothing in them is as a caller sent it."""
        return [
            ("Content-Type", MEDIA_TYPE),
            ("Content-Length", str(len(self.body))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ]

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response(f"{self.status} {PHRASES[self.status]}", self.headers)
        return [b"" if environ.get("REQUEST_METHOD") == "HEAD" else self.body]


class NotGranted(Refused):
    """Nobody gave the caller a grant for this, it is over, or it was used up; `why` says more than the first.

    Where a call does one `exact` thing, the document has what to send to POST /v1/requests for a grant for that alone.
    """

    def __init__(
        self, need: Need, asking: Asking | None = None, why: str = "", exact: Exactly | None = None
    ) -> None:
        asking = asking or Asking()
        told = asking.told(need.action, need.resource)
        alone = f" {ALONE[exact.part]}" if exact else ""
        super().__init__(f"{why or 'There is no live grant for this.'} {_how(told)}{alone}")
        self.need = need
        self.why = why
        api = {"api": asking.sent(need.action, need.resource) | {exact.part: exact.what}} if exact else {}
        self.more = {
            "subject": need.subject,
            "action": need.action,
            "resource": need.resource,
            "request": {**told, **api},
        }
        self._link = told.get("link", "")

    @property
    def headers(self) -> list[tuple[str, str]]:
        linked = [("Link", f'<{self._link}>; rel="help"')] if self._link else []
        return [*super().headers, *linked]


class NobodysNeed(Refused):
    """The caller is nobody, or what they want is nothing, for which a grant can be. What they sent is not repeated."""

    def __init__(self, action: str, part: str, asking: Asking) -> None:
        told = asking.told(action, None)
        super().__init__(f"{NOBODY[part]} {_how(told)}")
        self.more = {"action": action, "request": told}


class TokenRefused(Refused):
    """The offline token that came with the call does not hold; `str()` says why."""

    code = "token_refused"
    title = "The token of a grant does not hold"

    def __init__(self, why: str) -> None:
        super().__init__(f"The token of a grant {why}.")


class CannotTell(Refused):
    """Whether there is a grant cannot be told now, so nothing is let through. `why` is for the service's own log."""

    status = 503
    code = "cannot_tell"
    title = "Whether there is a grant cannot be told now"

    def __init__(self, why: str) -> None:
        super().__init__(
            "Whether there is a grant cannot be told now, so nothing was done. Try again shortly."
        )
        self.why = why

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [*super().headers, ("Retry-After", "1")]


def _how(told: Mapping[str, str]) -> str:
    typed = f"`{told['slack']}` in Slack" + (f", or `{told['command']}`" if "command" in told else "")
    more = f"; more at {told['link']}" if "link" in told else ""
    return f"Ask for one: {typed}{more}."
