"""What every side of the bot stands on: the store, the policy in force, who is who, the workflow."""

import os
import secrets
import socket

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from app.audit.log import AuditLog
from app.connectors.registry import Connectors
from app.delegating import Delegating
from app.directory.asking import Means
from app.directory.keeping import Keeper
from app.directory.opsgenie import Opsgenie
from app.directory.pagerduty import PagerDuty
from app.metrics.meters import Meters
from app.metrics.slack import trace_slack
from app.policy import Policy, PolicySource, shipped_policies
from app.settings import Settings
from app.slack.bulletin import Bulletin
from app.slack.delivery import make_client
from app.slack.identity import Identity
from app.slack.posting import Posting
from app.store.beats import Beats
from app.store.connection import Connection
from app.store.delegations import DelegationStore
from app.store.in_force import PolicyInForce
from app.store.messages import Messages
from app.store.once import Once
from app.store.proofs import ProofStore
from app.store.requests import RequestStore
from app.store.rolls import Rolls
from app.store.stream import Stream
from app.workflow import Workflow


class Core:
    """Made first, and given to all other parts."""

    def __init__(
        self,
        settings: Settings,
        policies: PolicySource,
        connection: Connection,
        http: aiohttp.ClientSession,
        audit_log: AuditLog,
    ) -> None:
        """Raises ConnectorsError."""
        redis = connection.calls
        self.settings = settings
        self.policies = policies
        self.connection = connection
        self.http = http
        self.audit_log = audit_log
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.meters = trace_slack(http, settings.slack_api_url, Meters())
        self.client = make_client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url, http)
        self.messages = Messages(redis)
        self.posting = Posting(self.client, self.messages)
        self.bulletin = Bulletin(self.posting, self.messages, self.policy)
        self.store = RequestStore(redis)
        self.stream = Stream(redis, connection.waits)
        self.once = Once(redis, self.holder)
        self.in_force = PolicyInForce(redis)
        means = _means(settings, self.client, http)
        self.directory = Keeper(lambda: policies.current, Rolls(redis), means, self.store.now, self.holder)
        self.identity = Identity(self.client, self.policy)
        self.delegating = Delegating(DelegationStore(redis), self.policy, self.identity.is_active)
        self.connectors = Connectors.open(settings.connectors, commands=settings.connector_commands)
        self.beats = Beats(redis)
        self.workflow = Workflow(
            self.store, self.policy, self.delegating, ProofStore(redis), self.connectors.plan, self.beats
        )

    def policy(self) -> Policy:
        """The policy in force, with who is in a group and on call now."""
        return self.directory.policy()

    def names(self) -> dict[str, str]:
        """People's names by their ids, as policy has them now."""
        return {person.id: person.name for person in self.policy().people.values()}


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
