"""The wiring: every part is made here, once, and given what it needs. Nothing happens at import."""

import asyncio
import contextlib
import hashlib
import os
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, closing
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import aiohttp
import structlog
from fastapi import APIRouter
from prometheus_client.core import Metric
from pydantic import SecretStr
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from app.audit import consumer as audit
from app.audit.daily import Daily
from app.audit.digest import Digest
from app.audit.log import AuditLog, AuditLogError, Head
from app.audit.story import StoryLine, story_lines
from app.ci.jobs import Jobs
from app.connectors import granter as connectors
from app.connectors.own_keys import OwnKeys
from app.connectors.reconciler import Reconciler
from app.connectors.registry import Connectors
from app.connectors.settings import ConnectorsError
from app.connectors.troubles import Troubles
from app.delegating import Delegating
from app.directory.asking import Means
from app.directory.found import SourceFailed
from app.directory.http import get
from app.directory.keeping import Keeper
from app.directory.opsgenie import Opsgenie
from app.directory.pagerduty import PagerDuty
from app.domain.duration import format_duration
from app.domain.refusals import Unavailable
from app.gates.gatehouse import Gatehouse
from app.handing import Handing
from app.logs import LINES
from app.mail import mailer as mail
from app.mail.digest import digest_mail
from app.mail.office import Office
from app.metrics import scrape
from app.metrics.counting import Counting
from app.metrics.meters import Meters
from app.metrics.slack import trace_slack
from app.metrics.standing import Here, Standing, Stored, here
from app.mfa.set_up import second_factors
from app.offline import Signer
from app.outbox import Consumer, GiveUp, Outbox, TryAgain
from app.policy import Policy, PolicyError, PolicySource, shipped_policies
from app.schedule import DEADLINES_EVERY, Deadlines, make_scheduler, once_guarded
from app.settings import Settings, networks_in
from app.slack import announcer as slack
from app.slack.app import make_app
from app.slack.bulletin import Bulletin
from app.slack.delivery import SocketMode, make_client
from app.slack.homes import Homes
from app.slack.identity import Identity
from app.slack.leavers import Leavers
from app.slack.leaving import Leaving
from app.slack.listeners.where import telling
from app.slack.posting import Posting
from app.slack.proving import tell_in_view
from app.slack.rejudging import Rejudging
from app.slack.services import Services
from app.slack.views.alarm import policy_broken, source_failed
from app.slack.views.policy_status import PolicyStatus
from app.store import keys
from app.store.beats import HEARING_NOTED_EVERY, Beats
from app.store.checks import Checks
from app.store.connection import Connection, OwnServer, connect
from app.store.deciders import DecidersTold
from app.store.delegations import DelegationStore
from app.store.embedded import DataInUse
from app.store.factors import FactorStore
from app.store.failing import Failing
from app.store.giving import Giving
from app.store.happened import Happened
from app.store.homes import HomeViewers
from app.store.in_force import PolicyInForce
from app.store.jobs import JobStore
from app.store.leases import Leases
from app.store.leaving import LeavingNotes
from app.store.messages import Messages
from app.store.once import Once
from app.store.proofs import ProofStore
from app.store.requests import FAILED, RequestStore
from app.store.rolls import Rolls
from app.store.secrets import Secrets
from app.store.stream import Stream
from app.store.tokens import TokenStore
from app.store.totals import read_totals
from app.store.turns import Turns
from app.store.watch import Watch
from app.store.wishes import WaitingWishes
from app.together import run_together
from app.tokens import Tokens
from app.web.api.services import Services as ApiServices
from app.web.limits import Limiter
from app.web.pages import static_files, where
from app.web.pages.answering import Answering
from app.web.pages.confirm import ConfirmPage
from app.web.pages.credentials import CredentialsPage
from app.web.pages.factors import FactorsPage
from app.web.pages.frame import Frame
from app.web.pages.guessing import Guessing
from app.web.server import CannotListen, Health, listen, make_web, run_web
from app.web.triggers.opening import Triggers
from app.web.triggers.refusals import CertificateUnavailable
from app.web.triggers.sns import Fetch
from app.whereabouts import Whereabouts
from app.workflow import Workflow

CANNOT_START = (PolicyError, ConnectorsError, DataInUse, AuditLogError, CannotListen)
"""What `serve` raises when it cannot start, each with what to do about it."""
FIRST_LOOK = 15.0
"""Seconds for which a start waits for who is in groups, before it serves without."""
LOOK_FOR_POLICIES_EVERY = 1.0
FAILING_SHOWN = 20
EVENTS_WAIT_AT_MOST = timedelta(minutes=1)
RECONCILE_EVERY = timedelta(minutes=1)
VERIFY_EVERY = timedelta(hours=6)
HOMES_EVERY = timedelta(milliseconds=500)
log = structlog.get_logger(__name__)


class Role(StrEnum):
    """What a process does: take what people do, work on what follows, or both."""

    ALL = "all"
    WEB = "web"
    WORKER = "worker"


class Bot:
    """The parts of one process."""

    _leases: Leases | None = None
    _sound: Head | None = None

    def __init__(
        self,
        settings: Settings,
        policies: PolicySource,
        connection: Connection,
        http: aiohttp.ClientSession,
        audit_log: AuditLog,
    ) -> None:
        self.settings = settings
        self.policies = policies
        self.connection = connection
        self.audit_log = audit_log
        self.audit_ownership = audit.Ownership(audit_log.log_id, connection.calls)
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.meters = trace_slack(http, settings.slack_api_url, Meters())
        token = settings.slack_bot_token.get_secret_value()
        client = make_client(token, settings.slack_api_url, http)
        messages = Messages(connection.calls)
        posting = Posting(client, messages)
        self.store = RequestStore(connection.calls)
        rolls, means = Rolls(connection.calls), _means(settings, client, http)
        self.directory = Keeper(lambda: policies.current, rolls, means, self.store.now, self.holder)
        identity = Identity(client, self.policy)
        self.stream = Stream(connection.calls, connection.waits)
        delegating = Delegating(DelegationStore(connection.calls), self.policy, identity.is_active)
        self.connectors = Connectors.open(settings.connectors, commands=settings.connector_commands)
        proofs = ProofStore(connection.calls)
        self.workflow = Workflow(
            self.store, self.policy, delegating, proofs, self.connectors.plan, Beats(connection.calls)
        )
        self.homes = Homes(client, self.store, HomeViewers(connection.calls), self.policy, identity)
        deciders = DecidersTold(connection.calls)
        self.mail = Office(
            settings,
            connection.calls,
            self.store,
            self.policy,
            delegating.in_force,
            identity,
            self._review_page,
        )
        self.announcer = slack.Announcer(
            self.store,
            messages,
            posting,
            self.policy,
            identity,
            self.homes.concern,
            delegating.in_force,
            deciders,
            self.directory.catch_up,
            self.mail.lets_slack_ping,
            has_pages=bool(settings.public_url),
        )
        self.once = Once(connection.calls, self.holder)
        self.in_force = PolicyInForce(connection.calls)
        self.leavers = Leavers(
            self.store, self.workflow, self.policy, identity, self.once, delegating.in_force
        )
        leaving = Leaving(
            self.store, self.workflow, self.directory, LeavingNotes(connection.calls), self._tell_admins
        )
        self.rejudging = Rejudging(
            self.store,
            self.workflow,
            self.directory,
            self.once,
            self.in_force,
            deciders,
            leaving,
            delegating,
        )
        self.bulletin = Bulletin(posting, messages, self.policy)
        self.secrets = Secrets(connection.calls, settings.secret_keys)
        self.failing, self.turns = Failing(connection.calls), Turns(connection.calls)
        troubles = Troubles(self.failing, self.turns, self._tell_of_target)
        self.granter = connectors.Granter(
            self.workflow,
            self.store,
            self.connectors,
            giving=Giving(connection.calls, self.holder),
            secrets=self.secrets,
            troubles=troubles,
            told=self.meters.connector_called,
        )
        self.reconciler = Reconciler(
            self.connectors,
            self.store,
            self.workflow,
            troubles,
            self.granter.take_up_more,
            self.meters.connector_called,
        )
        self.daily = Daily(
            audit_log,
            self.workflow.live,
            self.names,
            self.once,
            self._post_digest,
            settings.digest_zone,
            settings.digest_hour,
        )
        self.handing = Handing(
            self.workflow, self.secrets, OwnKeys(self.connectors, self.meters.connector_called).certify
        )
        self.gates = Gatehouse(
            settings, connection.calls, self.store, self.workflow, self.holder, self._tell_of_target
        )
        token_store = TokenStore(connection.calls)
        self.tokens = Tokens(token_store, Checks(connection.calls), self.policy, identity.of)
        self.triggers = Triggers(
            self.workflow,
            self.policy,
            settings.trigger_secrets,
            Happened(connection.calls),
            Limiter(token_store),
            identity.of,
            _fetching(http),
            self.gates.intake,
        )
        self.api = ApiServices(
            workflow=self.workflow,
            tokens=self.tokens,
            watch=Watch(connection.waits),
            limiter=Limiter(token_store),
            handing=self.handing,
            jobs=Jobs(http, self.policy, JobStore(connection.calls), self.tokens),
            triggers=self.triggers,
            signer=_signer(settings),
            trusted=networks_in(settings.trusted_proxies),
            ready=lambda: self.directory.looked(FIRST_LOOK),
            published=self.connectors.published,
        )
        self.whereabouts = Whereabouts(
            WaitingWishes(connection.calls),
            self.workflow,
            self.policy,
            identity.of,
            settings.public_url,
            telling(client),
        )
        self.factors = second_factors(
            settings, connection.calls, http, self.workflow, self.policy, identity.of, self.handing
        )
        self.factors.confirming.on_done = tell_in_view(client)
        services = Services(
            client=client,
            policy=self.policy,
            workflow=self.workflow,
            tokens=self.tokens,
            confirming=self.factors.confirming,
            credential_pages=self.factors.credentials,
            own_factors=self.factors.own,
            identity=identity,
            whereabouts=self.whereabouts,
            announcer=self.announcer,
            story=self.story,
            post_digest=self.post_digest_now,
            homes=self.homes,
            left=self.leavers.left,
            policy_status=self.policy_status,
        )
        secret = settings.slack_signing_secret
        self.slack = make_app(services, token, secret.get_secret_value() if secret else None, self.meters)
        self.socket_mode = _socket_mode(self.slack, settings.slack_app_token)
        self._policies_wanted = asyncio.Event()
        self._troubles_logged: set[str] = set()

    def pages(self) -> Sequence[APIRouter]:
        """The pages for people; none without an address at which people see them."""
        if not self.settings.public_url:
            return ()
        signing_in = self.factors.signing_in
        frame = Frame(self.settings.public_url, self.api.trusted)
        guessing = Guessing(FactorStore(self.connection.calls), self.api.limiter)
        answering = Answering(frame, self.api.limiter, guessing)
        return (
            static_files.routes(),
            ConfirmPage(frame, self.factors.confirming, signing_in, answering).routes(),
            FactorsPage(frame, self.factors.own, answering).routes(),
            CredentialsPage(frame, self.factors.credentials, answering).routes(),
            where.routes(frame, self.whereabouts, self.api.limiter, self.api.ready),
        )

    def web(self) -> scrape.App:
        """Everything that is served over HTTP: Slack's deliveries come so where there is no Socket Mode."""
        routers = self.pages() if self.settings.metrics_port is not None else (*self.pages(), self._metrics())
        slack_app = None if self.socket_mode else self.slack
        return scrape.watching(make_web(self.readiness, slack_app, self.api, routers), self.meters)

    def web_of_metrics(self) -> scrape.App:
        """Health and metrics alone, for a port of their own."""
        return make_web(self.readiness, None, None, (self._metrics(),))

    def _metrics(self) -> APIRouter:
        standing = Standing(self._stored)

        async def stands() -> list[Metric]:
            return [*await standing.families(), *here(await self._here())]

        return scrape.routes(self.meters, stands, self.settings.metrics_token)

    async def _here(self) -> Here:
        """What this process knows of itself, for those who scrape."""
        digest, policy = self.policies.current.digest, self.policies.current
        return Here(
            policy_digest=digest,
            policy_rules=policy.rule_count,
            policy_actions=len(policy.actions),
            policy_is_broken=bool(self.policies.problem),
            slack_is_connected=await self.socket_mode.is_connected() if self.socket_mode else None,
            sources_failing=len(self.directory.troubles()),
            audit_entries=await self._audit_entries(),
            leases=self._leases.held if self._leases else {},
            store_errors=FAILED,
            log_lines=LINES,
        )

    async def _audit_entries(self) -> int | None:
        """How many entries the audit log has; None where it cannot be read in time."""
        try:
            async with asyncio.timeout(1.0):
                return (await asyncio.to_thread(self.audit_log.head)).size
        except (AuditLogError, TimeoutError):
            return None

    async def _stored(self) -> Stored:
        noted = await self.in_force.read()
        return Stored(
            totals=await read_totals(self.connection.calls),
            waiting=await self.stream.waiting(),
            policy_since=noted.since if noted else None,
            now=await self.store.now(),
        )

    async def _review_page(self, person: str, request_id: str) -> str | None:
        """Give the page that shows a request to someone whom mail tells of it, as long as it waits."""
        by, (request, now) = self.policy().people.get(person), await self.store.load(request_id)
        if by is None:
            return None
        return await self.factors.confirming.make_review(request, by, request.lapses_at - now) or None

    def policy(self) -> Policy:
        """The policy in force, with who is in a group and on call now."""
        return self.directory.policy()

    async def policy_status(self) -> PolicyStatus:
        """Since when the policy is in force, and what is wrong with the files if they are other ones."""
        noted = await self.in_force.read()
        is_noted = noted is not None and noted.digest == self.policy().digest
        since = noted.since if noted and is_noted else None
        return PolicyStatus(since=since, problem=self.policies.problem)

    async def story(self, request_id: str) -> Sequence[StoryLine]:
        """A request's whole story from the audit log."""
        await self.audit_ownership.check()
        entries = await asyncio.to_thread(self.audit_log.story, request_id)
        return story_lines(entries, self.names())

    def names(self) -> dict[str, str]:
        """People's names by their ids, as policy has them now."""
        return {person.id: person.name for person in self.policy().people.values()}

    async def post_digest_now(self) -> str:
        """Post the digest of the last 24 hours; gives the channel."""
        await self.audit_ownership.check()
        now = await self.store.now()
        await self.bulletin.digest(await self.daily.make_now(now), f"digest:{now.isoformat()}")
        return self.policy().digest_channel

    async def _post_digest(self, digest: Digest, key: str) -> None:
        """Send the digest by mail, then post it: either is done once for a key, however often this is tried."""
        await self.mail.mailer.tell_digest_readers(key, digest_mail(digest))
        await self.bulletin.digest(digest, key)

    async def readiness(self) -> Health:
        """How the bot is."""
        reasons: dict[str, str] = {}
        warnings: dict[str, str] = {}
        try:
            now = await self.store.now()
            warnings |= _stuck(await self.stream.waiting_since(), now)
            if failing := await self.failing.all():
                warnings["targets"] = "; ".join([failing[each] for each in sorted(failing)][:FAILING_SHOWN])
            if untold := await self.gates.warnings():
                warnings["gates"] = "; ".join(untold[:FAILING_SHOWN])
            if told := await self.mail.warnings(now):
                warnings["email"] = told
        except Unavailable:
            reasons["store"] = "Redis does not answer"
        if self.socket_mode and not await self.socket_mode.is_connected():
            reasons["slack"] = "Slack is not connected"
        if self.policies.problem:
            warnings["policy"] = f"the changed files are not in force: {self.policies.problem}"
        if troubles := self.directory.troubles():
            warnings["directory"] = "; ".join(map(str, troubles))
        if missing := self.triggers.missing():
            warnings["triggers"] = "; ".join(f"{name} {why}" for name, why in missing.items())
        return Health(reasons, warnings, self.policies.current.digest)

    def reload_policies(self) -> None:
        """Look for changed policies now."""
        self._policies_wanted.set()

    async def work(self) -> None:
        """Run the consumers of events and the jobs, until cancelled."""
        consumers = [
            Consumer(connectors.GROUP, self.granter.handle, connectors.BATCH),
            Consumer(slack.GROUP, self.announcer.handle),
            Consumer(mail.GROUP, self.mail.mailer.handle, mail.BATCH),
            Consumer(audit.GROUP, self._recording().handle, audit.BATCH),
            *self.gates.consumers(),
        ]
        wanted = [(partition, each.group) for each in consumers for partition in keys.ALL_PARTITIONS]
        leases = self._leases = Leases(self.connection.calls, self.holder, wanted)
        deadlines = Deadlines(self.store, self.workflow, self.granter.take_up)
        scheduler = make_scheduler({
            "deadlines": (DEADLINES_EVERY, deadlines.tick),
            "digest": (timedelta(seconds=20), self._daily_digest),
            "trim": (timedelta(minutes=10), self._trim),
            "homes": (HOMES_EVERY, self.homes.tick),
            "judge_anew": (timedelta(seconds=1), self.rejudging.tick),
            "leavers": (timedelta(minutes=1), self.leavers.look),
            "reconcile": (RECONCILE_EVERY, self._reconcile),
            "verify": (VERIFY_EVERY, self._verify),
        }, self.meters.job_ran)  # fmt: skip
        scheduler.start()
        told = self.meters.job_ran
        at_start = asyncio.gather(
            once_guarded("reconcile", self.reconciler.run, told), once_guarded("verify", self._verify, told)
        )
        try:
            outbox = Outbox(self.stream, leases, consumers)
            jobs = [*self.mail.jobs(), *self.gates.jobs()]
            await run_together([outbox.run(keys.ALL_PARTITIONS), *jobs])
        finally:
            at_start.cancel()
            scheduler.shutdown(wait=False)
            await deadlines.close()
            await self.granter.close()
            await self.connectors.close()
            await self.gates.close()

    def _recording(self) -> Counting:
        recorder = audit.Recorder(self.audit_log, self.audit_ownership)
        return Counting(self.meters, recorder.handle, self.store.find, lambda: self.policies.current.actions)

    async def _verify(self) -> None:
        """Read the audit log through, against where it was sound before."""
        found = await asyncio.to_thread(self.audit_log.verify, self._sound)
        self.meters.audit_read(is_sound=found.is_sound)
        if found.problem:
            log.error("audit_log_broken", entry=found.problem.sequence, what=found.problem.what)
        else:
            self._sound = found.head

    async def hear(self) -> None:
        """Note, for as long as the API is served here, that heartbeats are heard: silence counts only then."""
        beats = Beats(self.connection.calls)
        await self.directory.looked(FIRST_LOOK)  # calls wait for that too
        while True:
            with contextlib.suppress(Unavailable):
                await beats.note_hearing()
            await asyncio.sleep(HEARING_NOTED_EVERY.total_seconds())

    async def watch_policies(self) -> None:
        """Look for changed policies each second and on SIGHUP; a broken set is told and not used."""
        untold = ""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._policies_wanted.wait(), LOOK_FOR_POLICIES_EVERY)
                log.info("policy_reload_asked_for")
            self._policies_wanted.clear()
            known = self.policies.problem
            if await asyncio.to_thread(self.policies.refresh):
                log.info("policy_in_force", digest=self.policies.current.digest[:12])
            problem = self.policies.problem
            if problem and problem != known:
                log.error("policy_broken", problem=problem, consequence="the old one stays in force")
            untold = problem if problem != known else untold
            if untold and await self._tell_broken(untold):
                untold = ""

    async def watch_directory(self) -> None:
        """Keep up with who is in groups and on call; what cannot be relied on is told once, until it changes."""
        known: dict[str, str] = {}
        keeping = asyncio.create_task(self.directory.run())
        try:
            while not keeping.done():
                await asyncio.wait({keeping}, timeout=LOOK_FOR_POLICIES_EVERY)
                known = await self._tell_troubles(known)
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    async def _tell_troubles(self, known: dict[str, str]) -> dict[str, str]:
        """Log what is new among the troubles with sources, and tell it; gives what need not be told again."""
        told = {}
        for trouble in self.directory.troubles():
            since = f"{trouble.as_of:%Y%m%dT%H%M%S}" if trouble.as_of else "never"
            if trouble.as_of is None and not trouble.problem:
                continue  # it is being asked for the first time
            key = f"directory:{trouble.source}:{since}"
            if key not in self._troubles_logged:
                self._troubles_logged.add(key)
                log.error("source_not_relied_on", name=trouble.name, said=str(trouble))
            if known.get(trouble.name) == key or await self._tell_admins(
                source_failed(str(trouble)), key, "once"
            ):
                told[trouble.name] = key
        return told

    async def _tell_broken(self, problem: str) -> bool:
        """Say, once a day for all replicas, that a policy is broken; False to try again."""
        digest = hashlib.sha256(problem.encode()).hexdigest()[:16]
        try:
            day = f"{await self.store.now():%Y-%m-%d}"
        except Unavailable as error:
            log.warning("admins_not_told_yet", error=str(error))
            return False
        return await self._tell_admins(policy_broken(problem), f"policy:{digest}", day)

    async def _tell_admins(self, text: str, name: str, day: str) -> bool:
        """Say something in the admin channel, once for all replicas; False to try again."""
        try:
            if await self.once.take(name, day):
                await self.bulletin.notice(text, f"{name}:{day}")
                await self.once.done(name, day)
        except GiveUp as never:
            log.warning("admins_not_told", error=str(never))
        except (TryAgain, Unavailable, SlackApiError, OSError, TimeoutError) as error:
            log.warning("admins_not_told_yet", error=str(error))
            return False
        return True

    async def _tell_of_target(self, text: str, name: str) -> bool:
        """Tell those who run the bot of a target, once for its name."""
        return await self._tell_admins(source_failed(text), f"target:{name}", "once")

    async def _daily_digest(self) -> None:
        await self.daily.tick(await self.store.now())

    async def _reconcile(self) -> None:
        """Compare targets with grants, one replica for all."""
        if await self.turns.take("reconcile", RECONCILE_EVERY * 0.9):
            await self.reconciler.run()

    async def _trim(self) -> None:
        for partition in keys.ALL_PARTITIONS:
            at_gates = [each.group for each in self.gates.consumers()]
            await self.stream.trim(
                partition, (connectors.GROUP, slack.GROUP, mail.GROUP, audit.GROUP, *at_gates)
            )


def _stuck(waiting_since: dict[str, datetime], now: datetime) -> dict[str, str]:
    """Tell of consumers that events wait for: what they do for them has not been done."""
    return {
        group: f"events have waited for {format_duration(now - since)}; the log of the worker says why"
        for group, since in waiting_since.items()
        if now - since > EVENTS_WAIT_AT_MOST
    }


Job = Coroutine[Any, Any, None]


def _socket_mode(app: AsyncApp, token: SecretStr | None) -> SocketMode | None:
    return SocketMode(app, token.get_secret_value()) if token else None


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


def _means(settings: Settings, client: AsyncWebClient, http: aiohttp.ClientSession) -> Means:
    """Give what asking sources of members takes."""
    pagerduty, opsgenie = settings.pagerduty_token, settings.opsgenie_key
    scim = settings.scim_token
    return Means(
        slack=client,
        http=http,
        folder=settings.policies or shipped_policies(),
        commands=settings.group_commands,
        scim_token=scim.get_secret_value() if scim else "",
        pagerduty=PagerDuty(http, pagerduty.get_secret_value(), settings.pagerduty_url)
        if pagerduty
        else None,
        opsgenie=Opsgenie(http, opsgenie.get_secret_value(), settings.opsgenie_url) if opsgenie else None,
    )


async def serve(settings: Settings, role: Role = Role.ALL) -> None:
    """Run the bot until SIGINT or SIGTERM. Raises one of CANNOT_START when it cannot start."""
    policies = PolicySource(settings.policies or shipped_policies())
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    async with AsyncExitStack() as stack:
        listening = None
        if role is not Role.WORKER:
            listening = stack.enter_context(closing(listen(settings.http_host, settings.http_port)))
        scraped = None
        if settings.metrics_port is not None:
            scraped = stack.enter_context(closing(listen(settings.http_host, settings.metrics_port)))
        connection = await stack.enter_async_context(_connection(settings))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        audit_log = stack.enter_context(closing(AuditLog(settings.data / "audit.sqlite3")))
        bot = Bot(settings, policies, connection, http, audit_log)
        log.info("policy_in_force", digest=policies.current.digest[:12])
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, bot.reload_policies)
        await _until_signalled(
            [
                bot.watch_policies(),
                bot.watch_directory(),
                *_work(bot, role),
                *_ways_in(bot, listening),
                *([run_web(bot.web_of_metrics(), scraped)] if scraped else []),
            ]
        )
        log.info("stopping")


def _work(bot: Bot, role: Role) -> list[Job]:
    return [] if role is Role.WEB else [bot.work()]


def _ways_in(bot: Bot, listening: socket.socket | None) -> list[Job]:
    """HTTP for health, and Slack by Socket Mode where there is an app-level token, by HTTP where not."""
    if listening is None:
        return []
    web = run_web(bot.web(), listening)
    if bot.socket_mode:
        return [web, bot.hear(), _once_looked(bot, bot.socket_mode.run())]
    return [_once_looked(bot, web), bot.hear()]


async def _once_looked(bot: Bot, job: Job) -> None:
    """Take what people do once it is known who is in groups, or cannot be found out soon."""
    try:
        await bot.directory.looked(FIRST_LOOK)
    except asyncio.CancelledError:
        job.close()
        raise
    await job


@asynccontextmanager
async def _connection(settings: Settings) -> AsyncIterator[Connection]:
    """Connect to the server that is named, or run our own."""
    if settings.redis_url is None:
        async with OwnServer(settings.data) as own:
            yield own.connection
        return
    async with aclosing(connect(settings.redis_url.get_secret_value())) as connection:
        yield connection


async def _until_signalled(jobs: Sequence[Job]) -> None:
    """Run jobs until a signal; one that fails ends all, and is raised."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    running = asyncio.create_task(run_together(jobs))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    running.cancel()
    try:
        await running
    except asyncio.CancelledError:
        return
