"""The bot of one process: every part of it made here, once, in the order in which they need each other."""

import aiohttp

from app.audit.log import AuditLog
from app.bot.admins import Admins
from app.bot.auditing import Auditing
from app.bot.core import Core
from app.bot.health import Health
from app.bot.slack import Slack
from app.bot.targets import Targets
from app.bot.watching import Watching
from app.bot.web import Web
from app.bot.working import Working
from app.mail.office import Office
from app.metrics import scrape
from app.policy import Policy, PolicySource
from app.settings import Settings
from app.store.connection import Connection
from app.web.server import make_web


class Bot:
    """The parts of one process, and what they run. Nothing runs until it is asked to."""

    def __init__(
        self,
        settings: Settings,
        policies: PolicySource,
        connection: Connection,
        http: aiohttp.ClientSession,
        audit_log: AuditLog,
    ) -> None:
        """Raises ConnectorsError."""
        core = Core(settings, policies, connection, http, audit_log)
        admins = Admins(core)
        watching = Watching(core, admins)
        targets = Targets(core, admins)
        web = Web(core, targets)
        mail = _mail(core, web)
        auditing = Auditing(core, mail)
        slack = Slack(core, admins, web, mail, auditing, watching)
        working = Working(core, targets, mail, auditing, slack)
        health = Health(core, targets, web, mail, slack, working.held)

        self.settings, self.policies = settings, policies
        self.connection, self.audit_log = connection, audit_log
        self.store, self.stream, self.workflow = core.store, core.stream, core.workflow
        self.directory, self.in_force, self.connectors = core.directory, core.in_force, core.connectors
        self.granter, self.reconciler = targets.granter, targets.reconciler
        self.failing, self.gates = targets.failing, targets.gates
        self.tokens, self.triggers, self.api, self.pages = web.tokens, web.triggers, web.api, web.pages
        self.mail, self.auditing = mail, auditing
        self.story, self.daily = auditing.story, auditing.daily
        self.announcer, self.leavers, self.rejudging = slack.announcer, slack.leavers, slack.rejudging
        self.slack, self.socket_mode = slack.app, slack.socket_mode
        self.readiness, self.metrics, self.meters = health.readiness, health.metrics, core.meters

        self.work, self.hear = working.run, web.hear
        self.watch_policies, self.watch_directory = watching.policies, watching.directory
        self.reload_policies = watching.reload_policies

    def policy(self) -> Policy:
        """The policy in force, with who is in a group and on call now."""
        return self.directory.policy()

    def web(self) -> scrape.App:
        """Everything that is served over HTTP: Slack's deliveries come so where there is no Socket Mode."""
        metrics = () if self.settings.metrics_port is not None else (self.metrics(),)
        slack_app = None if self.socket_mode else self.slack
        served = make_web(self.readiness, slack_app, self.api, (*self.pages(), *metrics))
        return scrape.watching(served, self.meters)

    def web_of_metrics(self) -> scrape.App:
        """Health and metrics alone, for a port of their own."""
        return make_web(self.readiness, None, None, (self.metrics(),))


def _mail(core: Core, web: Web) -> Office:
    return Office(
        core.settings,
        core.connection.calls,
        core.store,
        core.policy,
        core.delegating.in_force,
        core.identity,
        web.review_page,
    )
