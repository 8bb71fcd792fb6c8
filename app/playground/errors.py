"""Slack's refusals."""

import math

from app.playground.model import Json


class OutageError(Exception):
    """Slack is down: HTTP 503 and no envelope at all."""


class SlackError(Exception):
    """A refusal in Slack's envelope: `{ok: false, error: code, …}`, sometimes with its reasons in words."""

    def __init__(
        self, code: str, *, messages: list[str] | None = None, status: int = 200, **extra: object
    ) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.headers: dict[str, str] = {}
        self.body: Json = {"ok": False, "error": code, **extra}
        if messages:
            self.body["response_metadata"] = {"messages": messages}


def invalid_arguments(*complaints: str) -> SlackError:
    """Refuse arguments, saying which. docs: apis/web-api (evaluating responses)."""
    return SlackError("invalid_arguments", messages=[f"[ERROR] {complaint}" for complaint in complaints])


def rate_limited(seconds: float) -> SlackError:
    """Ask for patience: HTTP 429 with `Retry-After` in whole seconds. docs: apis/web-api/rate-limits."""
    error = SlackError("ratelimited", status=429)
    error.headers["Retry-After"] = str(max(1, math.ceil(seconds)))
    return error
