"""Makes the mail of a letter, from the request as it stands when it is sent."""

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, tzinfo
from typing import NamedTuple

from app.domain import events
from app.domain.delegation import Delegation
from app.domain.people import Principal
from app.domain.refusals import UnknownRequest
from app.domain.request import Request
from app.mail import wording
from app.mail.audience import Concerned
from app.mail.letter import Letter, Topic
from app.mail.message import Envelope, Mailbox, make_message
from app.mail.said import Said
from app.mail.wording import Reader
from app.policy import Policy
from app.policy.ways import Way
from app.store.post import Fate, Post
from app.store.requests import RequestStore

Link = Callable[[str, str], Awaitable[str | None]]
"""Gives the address of the page that shows a request (id) to a person (id); None where there are no pages."""
A_PAGE = re.compile(r"https?://[!-~]+")


class Mail(NamedTuple):
    """A mail that is ready to be sent."""

    to: str
    message: bytes


def is_page(link: str) -> bool:
    """Tell whether an address is one of the web, and nothing else."""
    return A_PAGE.fullmatch(link) is not None


async def no_pages(_person: str, _request: str) -> str | None:
    """Stand for Link where no pages are set up."""
    return None


class Composer:
    """Knows what is true now, and whether somebody is still to be told."""

    def __init__(
        self,
        store: RequestStore,
        post: Post,
        policy: Callable[[], Policy],
        delegations: Callable[[], Awaitable[Sequence[Delegation]]],
        sender: Mailbox,
        link: Link = no_pages,
        zone: Callable[[str], Awaitable[tzinfo]] | None = None,
        is_reachable: Callable[[Principal], Awaitable[bool]] | None = None,
    ) -> None:
        """`zone` gives a Slack user's zone; `is_reachable` tells whether somebody has not left."""
        self._store = store
        self._post = post
        self._policy = policy
        self._delegations = delegations
        self._sender = sender
        self._link = link
        self._zone = zone
        self._is_reachable = is_reachable

    async def compose(self, letter_id: str, letter: Letter) -> Mail | None:
        """Make a mail; None where it would not be true, or nobody is to read it, any more."""
        to = self._to(letter)
        if to is None:
            return None
        if letter.topic is Topic.NOTICE:
            return await self._made(letter_id, to, letter.said) if letter.said else None
        try:
            loaded = await self._store.load(letter.request_id)
        except UnknownRequest:
            return None
        request = loaded.request
        concerned = Concerned(self._policy(), request, await self._delegations(), loaded.now)
        person = self._policy().people.get(letter.person)
        if person and self._is_reachable and not await self._is_reachable(person):
            return None
        said = await self._says(letter, request, concerned, await self._reader(person, request))
        if said is None:
            return None
        link = None
        if said.button and person and concerned.may_decide(person.id):
            link = await self._page(person.id, request.id)
        return await self._made(letter_id, to, said, request, link)

    def _to(self, letter: Letter) -> Mailbox | None:
        if not letter.person:
            return Mailbox(address=letter.address)
        policy = self._policy()
        person = policy.people.get(letter.person)
        if person is None or not person.email:
            return None
        if letter.topic is not Topic.NOTICE and not policy.is_told_by(Way.EMAIL, person.id):
            return None
        return Mailbox(name=person.name, address=person.email)

    async def _says(
        self, letter: Letter, request: Request, concerned: Concerned, reader: Reader
    ) -> Said | None:
        event = letter.event
        if event is None:
            return None
        match letter.topic:
            case Topic.ASK | Topic.REMIND if isinstance(
                event, events.ExtensionAsked | events.ExtensionDecided
            ):
                is_asked = letter.person in {person.id for _, person in concerned.asked_for_more()}
                return wording.asking_more(request, reader) if is_asked else None
            case Topic.ASK | Topic.REMIND:
                is_asked = letter.person in {person.id for _, person in concerned.asked()}
                again = letter.topic is Topic.REMIND
                return wording.asking(request, reader, again=again) if is_asked else None
            case Topic.SETTLED:
                return wording.settled(request, reader) if await self._was_asked(concerned, letter) else None
            case Topic.QUESTION if isinstance(event, events.QuestionAsked | events.QuestionAnswered):
                is_answer = isinstance(event, events.QuestionAnswered)
                return wording.question(request, event.number, reader, answer=is_answer)
            case Topic.TELL | Topic.GLASS:
                return wording.told(request, event, reader)
            case _:
                return None

    async def _was_asked(self, concerned: Concerned, letter: Letter) -> bool:
        fates = [await self._post.fate(each) for each in concerned.asks_of(letter.person)]
        return Fate.SENT in fates

    async def _reader(self, person: Principal | None, request: Request) -> Reader:
        names = {each.id: each.name for each in self._policy().people.values()}
        names |= {each.by.id: each.by.name for each in request.decisions}
        names |= {request.requester.id: request.requester.name}
        zone = await self._zone(person.slack) if person and self._zone else UTC
        return Reader(names=names, zone=zone, is_person=person is not None)

    async def _page(self, person: str, request: str) -> str | None:
        link = await self._link(person, request)
        return link if link and is_page(link) else None

    async def _made(
        self,
        letter_id: str,
        to: Mailbox,
        said: Said,
        request: Request | None = None,
        link: str | None = None,
    ) -> Mail:
        envelope = Envelope(
            sender=self._sender,
            to=to,
            letter=letter_id,
            thread=request.id if request else "",
            topic=request.environment if request else "notices",
            at=await self._post.now(),
        )
        return Mail(to.address, make_message(said, envelope, link))
