"""The parts of mail put together, by the settings: with a mail server, or without one."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime, tzinfo
from typing import Any, Protocol

from redis.asyncio import Redis

from app.domain.delegation import Delegation
from app.domain.people import Principal
from app.mail.composer import Composer, Link, no_pages
from app.mail.health import mail_warnings
from app.mail.mailer import Mailer
from app.mail.message import Mailbox
from app.mail.postman import Postman
from app.mail.relay import Relay
from app.policy import Policy
from app.policy.ways import Way
from app.settings import Settings, mailbox_in
from app.smtp_url import relay_address
from app.store.post import Post
from app.store.requests import RequestStore


class WhoIsWho(Protocol):
    """What Slack knows of people."""

    async def zone_of(self, user_id: str) -> tzinfo:
        """Give the zone of a Slack user."""
        ...

    async def is_reachable(self, person: Principal) -> bool:
        """Tell whether somebody has not left."""
        ...


class Office:
    """Where letters are written and sent. `mailer` takes events, `jobs` send; without a server nothing is."""

    def __init__(
        self,
        settings: Settings,
        client: Redis,
        store: RequestStore,
        policy: Callable[[], Policy],
        delegations: Callable[[], Awaitable[Sequence[Delegation]]],
        identity: WhoIsWho,
        link: Link = no_pages,
    ) -> None:
        """`link` gives the page that shows a request (id) to a person (id)."""
        self.is_on = settings.smtp_url is not None
        self.post = Post(client)
        self._policy = policy
        self.mailer = Mailer(store, self.post, policy, delegations, is_on=self.is_on)
        self._postmen: list[Postman] = []
        relay = relay_of(settings)
        if relay is not None:
            name, address = mailbox_in(settings.mail_from)
            sender = Mailbox(name=name, address=address)
            composer = Composer(
                store,
                self.post,
                policy,
                delegations,
                sender,
                link,
                identity.zone_of,
                identity.is_reachable,
            )
            self._postmen = [Postman(self.post, composer.compose, relay, address)]

    def jobs(self) -> list[Coroutine[Any, Any, None]]:
        """What runs as long as the bot works."""
        return [postman.run() for postman in self._postmen]

    def lets_slack_ping(self, person_id: str) -> bool:
        """Tell whether Slack may ping someone: not who chose email alone, where there is email."""
        return not self.is_on or self._policy().is_told_by(Way.SLACK, person_id)

    async def warnings(self, now: datetime) -> str:
        """What is wrong with mail, for anybody to read; empty where nothing is. Raises Unavailable."""
        return await mail_warnings(self.post, self._policy(), now, is_on=self.is_on)


def relay_of(settings: Settings) -> Relay | None:
    """Give the server that the settings name; None where they name none."""
    if settings.smtp_url is None:
        return None
    _, address = mailbox_in(settings.mail_from)
    where = relay_address(settings.smtp_url.get_secret_value(), settings.smtp_ca)
    return Relay(where, address.partition("@")[2])
