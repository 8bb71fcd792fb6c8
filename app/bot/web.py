"""The side towards HTTP: what the API and triggers call, and the pages for people."""

import asyncio
import contextlib
from collections.abc import Sequence

import aiohttp
from fastapi import APIRouter

from app.bot.core import Core
from app.bot.targets import Targets
from app.ci.jobs import Jobs
from app.directory.found import SourceFailed
from app.directory.http import get
from app.domain.refusals import Unavailable
from app.mfa.set_up import second_factors
from app.offline import Signer
from app.settings import Settings, networks_in
from app.slack.listeners.where import telling
from app.slack.proving import tell_in_view
from app.store.beats import HEARING_NOTED_EVERY
from app.store.checks import Checks
from app.store.factors import FactorStore
from app.store.happened import Happened
from app.store.jobs import JobStore
from app.store.tokens import TokenStore
from app.store.watch import Watch
from app.store.wishes import WaitingWishes
from app.tokens import Tokens
from app.web.api.services import Services
from app.web.limits import Limiter
from app.web.pages import static_files, where
from app.web.pages.answering import Answering
from app.web.pages.confirm import ConfirmPage
from app.web.pages.credentials import CredentialsPage
from app.web.pages.factors import FactorsPage
from app.web.pages.frame import Frame
from app.web.pages.guessing import Guessing
from app.web.triggers.opening import Triggers
from app.web.triggers.refusals import CertificateUnavailable
from app.web.triggers.sns import Fetch
from app.whereabouts import Whereabouts

FIRST_LOOK = 15.0
"""Seconds for which a start waits for who is in groups, before it serves without."""


class Web:
    """Services of the API, and of pages where people see them at an address."""

    def __init__(self, core: Core, targets: Targets) -> None:
        redis, settings = core.connection.calls, core.settings
        self._core = core
        token_store = TokenStore(redis)
        self.limiter = Limiter(token_store)
        self.tokens = Tokens(token_store, Checks(redis), core.policy, core.identity.of)
        self.triggers = Triggers(
            core.workflow,
            core.policy,
            settings.trigger_secrets,
            Happened(redis),
            self.limiter,
            core.identity.of,
            _fetching(core.http),
            targets.gates.intake,
        )
        self.whereabouts = Whereabouts(
            WaitingWishes(redis),
            core.workflow,
            core.policy,
            core.identity.of,
            settings.public_url,
            telling(core.client),
        )
        self.factors = second_factors(
            settings, redis, core.http, core.workflow, core.policy, core.identity.of, targets.handing
        )
        self.factors.confirming.on_done = tell_in_view(core.client)
        self.api = self._services(targets)

    def _services(self, targets: Targets) -> Services:
        core, settings = self._core, self._core.settings
        return Services(
            workflow=core.workflow,
            tokens=self.tokens,
            watch=Watch(core.connection.waits),
            limiter=self.limiter,
            handing=targets.handing,
            jobs=Jobs(core.http, core.policy, JobStore(core.connection.calls), self.tokens),
            triggers=self.triggers,
            signer=_signer(settings),
            trusted=networks_in(settings.trusted_proxies),
            ready=self.ready,
            published=targets.connectors.published,
        )

    async def ready(self) -> None:
        """Wait until it is known who is in groups, or cannot be found out soon."""
        await self._core.directory.looked(FIRST_LOOK)

    def pages(self) -> Sequence[APIRouter]:
        """The pages for people; none without an address at which people see them."""
        public_url = self._core.settings.public_url
        if not public_url:
            return ()
        frame = Frame(public_url, self.api.trusted)
        guessing = Guessing(FactorStore(self._core.connection.calls), self.limiter)
        answering = Answering(frame, self.limiter, guessing)
        factors = self.factors
        return (
            static_files.routes(),
            ConfirmPage(frame, factors.confirming, factors.signing_in, answering).routes(),
            FactorsPage(frame, factors.own, answering).routes(),
            CredentialsPage(frame, factors.credentials, answering).routes(),
            where.routes(frame, self.whereabouts, answering, self.ready),
        )

    async def review_page(self, person: str, request_id: str) -> str | None:
        """Give the page that shows a request to someone whom mail tells of it, as long as it waits."""
        core = self._core
        by, (request, now) = core.policy().people.get(person), await core.store.load(request_id)
        if by is None:
            return None
        return await self.factors.confirming.make_review(request, by, request.lapses_at - now) or None

    async def hear(self) -> None:
        """Note, for as long as the API is served here, that heartbeats are heard: silence counts only then."""
        await self.ready()  # calls wait for that too
        while True:
            with contextlib.suppress(Unavailable):
                await self._core.beats.note_hearing()
            await asyncio.sleep(HEARING_NOTED_EVERY.total_seconds())


def _signer(settings: Settings) -> Signer:
    """Sign offline tokens with what the settings have."""
    signing = settings.signing_keys
    return Signer(settings.public_url, signing.get_secret_value().split(",") if signing else ())


def _fetching(http: aiohttp.ClientSession) -> Fetch:
    """Fetch what events are verified by."""

    async def fetch(url: str) -> bytes:
        try:
            return await get(http, url, headers={}, within=5.0)
        except SourceFailed as error:
            raise CertificateUnavailable(f"Amazon SNS {error}.") from None

    return fetch
