"""Turns events into letters. A consumer of the outbox, which waits for no mail server."""

from collections.abc import Awaitable, Callable, Sequence

import structlog

from app.domain.delegation import Delegation
from app.domain.events import FactorEvent
from app.domain.refusals import UnknownRequest
from app.mail.audience import Concerned
from app.mail.factors import said_of_factor
from app.mail.letter import Letter, Topic
from app.mail.said import Said
from app.policy import Policy
from app.store.post import Post
from app.store.requests import RequestStore
from app.store.stream import Entry

GROUP = "mail"
BATCH = 20
log = structlog.get_logger(__name__)


class Mailer:
    """Puts letters into the post. Without a mail server (`is_on`) events are read and nothing is put."""

    def __init__(
        self,
        store: RequestStore,
        post: Post,
        policy: Callable[[], Policy],
        delegations: Callable[[], Awaitable[Sequence[Delegation]]],
        *,
        is_on: bool,
    ) -> None:
        self._store = store
        self._post = post
        self._policy = policy
        self._delegations = delegations
        self._is_on = is_on

    async def handle(self, entries: Sequence[Entry]) -> None:
        """Consume events. Raises Unavailable when Redis cannot be reached."""
        if not self._is_on:
            return
        for entry in entries:
            if isinstance(entry.event, FactorEvent) and (said := said_of_factor(entry.event)):
                await self.tell_person(
                    entry.event.person.id, f"factor:{entry.event.request_id}:{entry.id}", said
                )
        if not self._policy().wants_mail:
            return
        delegations = await self._delegations()
        for entry in entries:
            try:
                loaded = await self._store.load(entry.event.request_id)
            except UnknownRequest:
                continue  # a delegation's event, or a request that is forgotten
            concerned = Concerned(self._policy(), loaded.request, delegations, loaded.now)
            for letter_id, letter in concerned.letters(entry.id, entry.event):
                await self._post.put(letter_id, letter.model_dump_json())

    async def tell_person(self, person: str, key: str, said: Said) -> bool:
        """Tell someone of something that belongs to no request, by email whatever they chose.

        For what is told on every channel, such as a new second factor. Once for each key; False where there is
        no mail server, or the policies have no address of theirs.
        """
        known = self._policy().people.get(person)
        if not self._is_on or known is None or not known.email:
            return False
        await self._notice(f"{key}:{person}", Letter(topic=Topic.NOTICE, person=person, said=said))
        return True

    async def tell_digest_readers(self, key: str, said: Said) -> None:
        """Send the digest to the addresses that policy names for it, once for each key."""
        if self._is_on:
            for address in self._policy().digest_readers:
                await self._notice(f"{key}:{address}", Letter(topic=Topic.NOTICE, address=address, said=said))

    async def _notice(self, letter_id: str, letter: Letter) -> None:
        await self._post.put(letter_id, letter.model_dump_json())
