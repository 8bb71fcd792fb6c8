"""The side towards Slack: cards, homes, what a changed policy or a leaver means for them, and the Bolt app."""

from slack_bolt.async_app import AsyncApp

from app.bot.admins import Admins
from app.bot.auditing import Auditing
from app.bot.core import Core
from app.bot.watching import Watching
from app.bot.web import Web
from app.mail.office import Office
from app.slack.announcer import Announcer
from app.slack.app import make_app
from app.slack.audiences import Audiences
from app.slack.delivery import SocketMode
from app.slack.homes import Homes
from app.slack.leavers import Leavers
from app.slack.leaving import Leaving
from app.slack.rejudging import Rejudging
from app.slack.services import Services
from app.store.deciders import DecidersTold
from app.store.homes import HomeViewers
from app.store.leaving import LeavingNotes


class Slack:
    """What is shown in Slack, and `app`, which takes what people do there."""

    def __init__(
        self, core: Core, admins: Admins, web: Web, mail: Office, auditing: Auditing, watching: Watching
    ) -> None:
        self._core = core
        redis, deciders = core.connection.calls, DecidersTold(core.connection.calls)
        self._has_pages = bool(core.settings.public_url)
        self.homes = Homes(
            core.client,
            core.store,
            HomeViewers(redis),
            core.policy,
            core.identity,
            has_pages=self._has_pages,
        )
        self.audiences = Audiences(
            core.store, core.policy, core.identity, core.delegating.in_force, mail.lets_slack_ping
        )
        self.announcer = self._announcer(deciders)
        self.leavers = Leavers(
            core.store, core.workflow, core.policy, core.identity, core.once, core.delegating.in_force
        )
        self.rejudging = self._rejudging(admins, deciders)
        self.app = self._app(web, auditing, watching)
        app_token = core.settings.slack_app_token
        self.socket_mode = SocketMode(self.app, app_token.get_secret_value()) if app_token else None

    def _announcer(self, deciders: DecidersTold) -> Announcer:
        core = self._core
        return Announcer(
            core.store,
            core.messages,
            core.posting,
            core.policy,
            core.identity,
            self.homes.concern,
            self.audiences,
            deciders,
            core.directory.catch_up,
            has_pages=self._has_pages,
        )

    def _rejudging(self, admins: Admins, deciders: DecidersTold) -> Rejudging:
        core = self._core
        notes = LeavingNotes(core.connection.calls)
        leaving = Leaving(core.store, core.workflow, core.directory, notes, admins.tell)
        return Rejudging(
            core.store,
            core.workflow,
            core.directory,
            core.once,
            core.in_force,
            deciders,
            leaving,
            core.delegating,
        )

    def _app(self, web: Web, auditing: Auditing, watching: Watching) -> AsyncApp:
        core, settings = self._core, self._core.settings
        services = Services(
            client=core.client,
            policy=core.policy,
            workflow=core.workflow,
            tokens=web.tokens,
            confirming=web.factors.confirming,
            credential_pages=web.factors.credentials,
            own_factors=web.factors.own,
            identity=core.identity,
            whereabouts=web.whereabouts,
            audiences=self.audiences,
            story=auditing.story,
            post_digest=auditing.post_digest_now,
            homes=self.homes,
            left=self.leavers.left,
            policy_status=watching.policy_status,
        )
        secret = settings.slack_signing_secret
        return make_app(
            services,
            settings.slack_bot_token.get_secret_value(),
            secret.get_secret_value() if secret else None,
            core.meters,
        )
