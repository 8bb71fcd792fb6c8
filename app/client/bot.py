"""Whether there is a grant, asked of the bot over HTTP with a service's token, and one use of those that have one."""

import json
import re
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from .exchange import Answer, Call, Exchange
from .need import GRANT, Held, Need
from .refused import CannotTell, NotGranted

TOKEN = re.compile(r"jit_[0-9a-z]{10}_[0-9a-z]{32}", re.ASCII)
TIMEOUT = 2.0
NOT_ANY_MORE = {(409, "already_used"), (409, "wrong_state"), (404, "unknown_request")}
"""What the bot says where somebody was quicker, or the grant is over."""
ELSEWHERE = {
    "digest_needed": "There is a grant, but for one exact command or parameters alone (`command` or `parameters` of "
    "POST /v1/requests), and this call names none.",
    "digest_mismatch": "There is a grant, but for another command or other parameters than these (`command` or "
    "`parameters` of POST /v1/requests).",
}
"""What the bot says of grants that are bound, and what is told of them."""


class BotGrants:
    """Asks the bot at an address. Raises CannotTell for every answer but a plain yes or no, in time.

    NotGranted is raised where there is a grant, for something else than the exact command or parameters of a need.

    The token's scope is `check`; `consume` as well where grants for one use are to be used.
    """

    def __init__(self, url: str, token: str, *, timeout: float = TIMEOUT, ca: str | None = None) -> None:
        """`timeout`: seconds for a whole call. Raises ValueError for an address or a token that cannot be one."""
        if not TOKEN.fullmatch(token):
            raise ValueError("token is none of `jit token create`: they look like jit_…_…")
        self._http = Exchange(url, timeout, ca)
        self._with_token = (("Authorization", f"Bearer {token}"),)

    def check(self, need: Need) -> Held | None:
        """Tell which grant permits something now, None when none does."""
        return _checked(self._http.call(self._check(need)), need)

    async def check_async(self, need: Need) -> Held | None:
        """Tell the same, beside other things."""
        return _checked(await self._http.call_async(self._check(need)), need)

    def consume(self, held: Held, need: Need) -> bool:
        """Use a grant up; False when somebody was quicker. Without an answer it may be used up or not."""
        return _used(self._http.call(self._consume(held, need)), held, need)

    async def consume_async(self, held: Held, need: Need) -> bool:
        """Use it up, beside other things."""
        return _used(await self._http.call_async(self._consume(held, need)), held, need)

    def close(self) -> None:
        """Close the connections of calls that wait."""
        self._http.close()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    def _check(self, need: Need) -> Call:
        asked = {"subject": need.subject, "action": need.action, "resource": need.resource}
        if need.digest:
            asked["digest"] = need.digest
        query = urlencode(asked, quote_via=quote, safe="")
        return Call("GET", f"/v1/grants/check?{query}", self._with_token)

    def _consume(self, held: Held, need: Need) -> Call:
        about = json.dumps({"digest": need.digest}).encode() if need.digest else b""
        return Call("POST", f"/v1/grants/{held.grant}/consume", self._with_token, about)


def _checked(answer: Answer, need: Need) -> Held | None:
    _must_not_be_elsewhere(answer, need)
    said = _document(answer, 200)
    if said.get("allowed") is False:
        return None
    grant, ends_at, once = said.get("grant"), said.get("ends_at"), said.get("single_use")
    if said.get("allowed") is not True or not isinstance(grant, str) or not GRANT.fullmatch(grant):
        raise CannotTell("the bot answered neither yes nor no")
    if not isinstance(once, bool):
        raise CannotTell("the bot did not say whether the grant is good for one use")
    digest = said.get("digest")
    if digest is not None and (not need.digest or digest != need.digest):
        raise CannotTell("the bot answered of another command or other parameters")
    return Held(grant, _moment(ends_at), once, digest=digest or "")


def _used(answer: Answer, held: Held, need: Need) -> bool:
    _must_not_be_elsewhere(answer, need)
    if answer.status in {404, 409}:
        code = _document(answer, answer.status, "application/problem+json").get("code")
        if (answer.status, code) in NOT_ANY_MORE:
            return False
    said = _document(answer, 200)
    subject = said.get("subject")
    of = subject.get("id") if isinstance(subject, dict) else None
    told = (said.get("consumed"), said.get("grant"), of, said.get("action"), said.get("resource"))
    if told != (True, held.grant, need.subject, need.action, need.resource) or told[0] is not True:
        raise CannotTell("the bot used up something else")
    return True


def _must_not_be_elsewhere(answer: Answer, need: Need) -> None:
    """Raise NotGranted where the bot says that there is a grant, and not for this."""
    why = ELSEWHERE.get(_code(answer)) if answer.status == 403 else None
    if why:
        raise NotGranted(need, why=why)


def _document(answer: Answer, status: int, kind: str = "application/json") -> dict[str, Any]:
    """Read an answer of this status. Raises CannotTell for every other: a redirect, a page, a failure."""
    if answer.status != status:
        raise CannotTell(f"the bot answered with HTTP {answer.status} {_code(answer)}".strip())
    return _object(answer, kind)


def _object(answer: Answer, kind: str) -> dict[str, Any]:
    try:
        said = json.loads(answer.body) if answer.content_type == kind else None
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise CannotTell("the bot answered with something else than a JSON object")
    return said


def _code(answer: Answer) -> str:
    """Give the code of a problem document; for the log, too: a token that expired is to be seen there."""
    try:
        code = _object(answer, "application/problem+json").get("code")
    except CannotTell:
        return ""
    return code if isinstance(code, str) and re.fullmatch(r"[a-z_]{1,40}", code) else ""


def _moment(text: Any) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise CannotTell("the bot did not say until when") from None
    if at.tzinfo is None:
        raise CannotTell("the bot did not say until when, with a zone")
    return at
