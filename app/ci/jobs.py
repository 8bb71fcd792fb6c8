"""Takes the token that a CI signed for a job, once, and gives one of the API for it.

Nothing in a token is believed before its issuer is one that policy names and its signature holds; nobody but
that issuer is asked. What it then says has to be, claim by claim, what policy says of one machine.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import structlog
from joserfc import jws
from joserfc.errors import JoseError

from app.ci.lifetime import left_of
from app.ci.refusals import IssuerDoesNotAnswer, JobRefused
from app.ci.run import run_of
from app.domain.token import Made, Token
from app.domain.visible import in_quotes
from app.oidc.published import Clock, Published
from app.oidc.signed import read_signed
from app.oidc.troubles import IssuerTrouble, NotSigned
from app.policy import Policy
from app.policy.workloads import Workload, as_said
from app.store.jobs import JobStore, UsedAlready
from app.tokens import Tokens

LONGEST_ID = 255
TOLD = (
    "repository_id",
    "project_id",
    "sub",
    "environment",
    "ref",
    "ref_path",
    "event_name",
    "pipeline_source",
)
LABEL = ("repository", "project_path", "run_id", "job_id")
RECORDED = (
    *LABEL, "repository_id", "project_id", "actor_id", "user_id", "sha", "ref", "environment", "workflow_ref",
    "ci_config_ref_uri", "run_attempt", "pipeline_id",
)  # fmt: skip
log = structlog.get_logger(__name__)


class Jobs:
    """Jobs whose issuers the policy in force names."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        policy: Callable[[], Policy],
        store: JobStore,
        tokens: Tokens,
        clock: Clock = time.monotonic,
    ) -> None:
        self._http = http
        self._policy = policy
        self._store = store
        self._tokens = tokens
        self._clock = clock
        self._issuers: dict[str, Published] = {}

    async def exchange(self, text: str, wanted: str = "") -> Made:
        """Give a job a token; `wanted` names the machine where it may be several.

        Raises JobRefused, IssuerDoesNotAnswer or Unavailable.
        """
        issuer = self._issuer_of(text)
        claims = await self._claims(text, issuer)
        if claims.get("iss") != issuer:
            raise JobRefused("is malformed")
        left = left_of(claims, await self._store.now())
        name, job = self._machine(issuer, claims, wanted)
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 1 <= len(jti) <= LONGEST_ID:
            raise JobRefused("has no id of its own (jti), so it could be used twice")

        async def keep(token: Token) -> bool:
            return await self._store.keep(token, issuer, jti, left)

        try:
            made = await self._tokens.make_for_job(name, job, _label(claims), run_of(claims), keep)
        except UsedAlready:
            log.warning("job_token_replayed", machine=name, issuer=issuer, job=_recorded(claims))
            raise JobRefused("was used already; each is good for one sign-in") from None
        log.info("job_signed_in", machine=name, token=made.token.id, issuer=issuer, job=_recorded(claims))
        return made

    def _issuer_of(self, text: str) -> str:
        """Read whose it claims to be, which is asked only if policy names it."""
        try:
            payload: Any = jws.extract_compact(text.encode()).payload
            issuer = _object(payload).get("iss")
        except (JoseError, ValueError, TypeError, RecursionError):
            raise JobRefused("is malformed") from None
        if not isinstance(issuer, str) or issuer not in {job.issuer for job in self._workloads.values()}:
            raise JobRefused("is of an issuer that policy does not name")
        return issuer

    async def _claims(self, text: str, issuer: str) -> Mapping[str, Any]:
        published = self._issuers.setdefault(issuer, Published(self._http, issuer, self._clock))
        try:
            return (await read_signed(text, published.key)).claims
        except NotSigned as not_signed:
            raise JobRefused(str(not_signed).replace("provider", "issuer")) from None
        except IssuerTrouble as trouble:
            log.warning("issuer_trouble", issuer=issuer, what=trouble.what)
            raise IssuerDoesNotAnswer(issuer, trouble.what) from None

    def _machine(self, issuer: str, claims: Mapping[str, Any], wanted: str) -> tuple[str, Workload]:
        """Find the one machine that this job is."""
        fitting = {
            name: job
            for name, job in self._workloads.items()
            if job.issuer == issuer and wanted in {"", name} and job.fits(claims)
        }
        if len(fitting) > 1:
            raise JobRefused(f"fits {', '.join(sorted(fitting))}; say which is meant (JIT_MACHINE)")
        if not fitting:
            raise JobRefused(f"is genuine, but policy names no machine for this job ({_told(claims)})")
        return next(iter(fitting.items()))

    @property
    def _workloads(self) -> Mapping[str, Workload]:
        return self._policy().workloads


def _object(payload: bytes) -> Mapping[str, Any]:
    found = json.loads(payload)
    if not isinstance(found, dict):
        raise TypeError
    return found


def _told(claims: Mapping[str, Any]) -> str:
    """Say what the token says, for whoever writes the policy: of the policy it tells nothing."""
    said = {name: as_said(claims.get(name)) for name in TOLD if claims.get(name)}
    audience = str(claims.get("aud"))[:100]
    return f"aud {audience}" + "".join(f", {name} {str(value)[:100]}" for name, value in said.items())


def _label(claims: Mapping[str, Any]) -> str:
    return " ".join(in_quotes(str(claims[name])) for name in LABEL if as_said(claims.get(name)))


def _recorded(claims: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(claims[name])[:200] for name in RECORDED if as_said(claims.get(name))}
