"""Turns events into what people see. A consumer of the outbox.

Cards are reconciled: whatever the event, the request's present state is read and Slack is made to show it.
The thread and the notices are written from the events, in their order, each once.
"""

from collections.abc import Awaitable, Callable, Sequence

import structlog
from structlog.contextvars import bound_contextvars

from app.domain.events import (
    ApproversChanged,
    Delegated,
    DelegationEnded,
    Event,
    ExtensionAsked,
    FactorEvent,
    QuestionAsked,
    Requested,
)
from app.domain.people import Principal
from app.domain.refusals import UnknownRequest
from app.domain.request import Question, Request, State
from app.domain.verdict import Outcome
from app.outbox import GiveUp
from app.policy import Permission, Policy
from app.policy.deciders import Deciding
from app.slack.audiences import LOOKED_UP, Audiences
from app.slack.identity import Identity
from app.slack.posting import Posting
from app.slack.views.alarm import card_not_posted, nobody_to_decide
from app.slack.views.blocks import Block
from app.slack.views.break_glass import glass_message, glass_text
from app.slack.views.card import Audience, approval_card, card_text
from app.slack.views.delegation import told_to_delegate
from app.slack.views.direct import (
    confirmation_message,
    grant_message,
    has_confirmation,
    has_grant,
    has_status,
    notice,
    status_message,
    summary,
)
from app.slack.views.factor import told_of_factor
from app.slack.views.questions import answer_message, answer_text, question_message, question_text
from app.slack.views.thread import story_line
from app.store.deciders import DecidersTold
from app.store.messages import Messages, Place, is_in_doubt
from app.store.requests import RequestStore
from app.store.stream import Entry

GROUP = "slack"
CARD = "card"
STATUS = "direct:status"
GRANT = "direct:grant"
CONFIRMATION = "direct:confirm"
GLASS = "security:glass"
UNSEEN = "direct:unseen"
MOST_TOLD = 20
"""Approvers who get a requester's question by direct message; the card offers the others to answer too."""
UNDECIDABLE = "direct:undecidable"
log = structlog.get_logger(__name__)


class Announcer:
    """Makes Slack show the state of requests."""

    def __init__(
        self,
        store: RequestStore,
        messages: Messages,
        posting: Posting,
        policy: Callable[[], Policy],
        identity: Identity,
        concern: Callable[[Request, Event], Awaitable[None]],
        audiences: Audiences,
        deciders: DecidersTold,
        catch_up: Callable[[], Awaitable[object]],
        *,
        has_pages: bool = False,
    ) -> None:
        """`concern` is told, of each event, of the request as it stands then: Homes show it too.

        `catch_up` reads what other replicas were told of who is in groups. `has_pages`: whether there are pages
        for people.
        """
        self._store = store
        self._messages = messages
        self._posting = posting
        self._policy = policy
        self._identity = identity
        self._audiences = audiences
        self._concern = concern
        self._deciders = deciders
        self._catch_up = catch_up
        self._has_pages = has_pages

    async def handle(self, entries: Sequence[Entry]) -> None:
        """Consume events."""
        for entry in entries:
            with bound_contextvars(request=entry.event.request_id):
                await self._announce(entry)

    async def _announce(self, entry: Entry) -> None:
        if isinstance(entry.event, Delegated | DelegationEnded):
            await self._tell_delegate(entry.event)
            return
        if isinstance(entry.event, FactorEvent):
            await self._tell_of_factor(entry)
            return
        try:
            request = (await self._store.load(entry.event.request_id)).request
        except UnknownRequest:
            log.info("event_of_a_forgotten_request")
            return
        await self._note_deciders(request, entry.event)
        places = await self._messages.places(request.id)
        audience = await self._audiences.of(request, *people_in(entry.event))
        failures = []
        for show in (
            self._card,
            self._story,
            self._status,
            self._confirmation,
            self._alarm,
            self._grant,
            self._questions,
            self._glass,
            self._notice,
        ):
            try:
                await show(request, entry, audience, places)
            except GiveUp as why:  # what can never be posted must not keep the rest from being posted
                failures.append(str(why))
        await self._concern(request, entry.event)
        if failures:
            raise GiveUp("; ".join(failures))

    async def _note_deciders(self, request: Request, event: Event) -> None:
        """Keep who may decide as it is told first; know as much as whoever found that it changed."""
        match event:
            case ApproversChanged():
                self._identity.forget(event.left)
                await self._catch_up()
            case Requested() | ExtensionAsked() if request.state is State.PENDING or request.extension:
                await self._deciders.first(request.id, Deciding(self._policy()).of(request))
            case _:
                pass

    async def _tell_delegate(self, event: Delegated | DelegationEnded) -> None:
        """Tell a delegate what they may do from now on, or no longer."""
        places = await self._messages.places(event.request_id)
        await self._posting.show(
            event.request_id,
            event.kind,
            places,
            channel=event.delegate.slack,
            text=told_to_delegate(event),
        )

    async def _tell_of_factor(self, entry: Entry) -> None:
        """Tell somebody of a change to their second factors, in a message of its own for each event."""
        event = entry.event
        if not isinstance(event, FactorEvent) or (text := told_of_factor(event)) is None:
            return
        post = f"factor-{entry.partition}-{entry.id}"
        places = await self._messages.places(post)
        await self._posting.show(post, event.kind, places, channel=event.person.slack, text=text)

    async def _card(self, request: Request, _: Entry, audience: Audience, places: dict[str, str]) -> None:
        if _was_never_asked(request):
            return
        await self._posting.show(
            request.id,
            CARD,
            places,
            channel=request.channel,
            text=card_text(request),
            blocks=approval_card(request, audience),
        )

    async def _story(
        self, request: Request, entry: Entry, audience: Audience, places: dict[str, str]
    ) -> None:
        pinged = self._audiences.to_ping(request, entry.event, audience)
        line = story_line(request, entry.event, audience.model_copy(update={"pinged": pinged}))
        card = places.get(CARD)
        if line is None or card is None or is_in_doubt(card):
            return
        place = Place.read(card)
        try:
            await self._posting.show(
                request.id, f"story:{entry.id}", places, channel=place.channel, text=line, thread=place.ts
            )
        except GiveUp as why:
            if "thread_not_found" not in str(why):
                raise
            log.info("thread_deleted_by_someone", channel=place.channel, ts=place.ts)

    async def _status(self, request: Request, _: Entry, audience: Audience, places: dict[str, str]) -> None:
        if has_status(request):
            blocks = status_message(request, audience)
            await self._tell(request, STATUS, places, summary(request), blocks)

    async def _confirmation(
        self, request: Request, _: Entry, audience: Audience, places: dict[str, str]
    ) -> None:
        if has_confirmation(request) or CONFIRMATION in places:
            blocks = confirmation_message(request, audience)
            await self._tell(request, CONFIRMATION, places, summary(request), blocks)

    async def _alarm(self, request: Request, _: Entry, audience: Audience, places: dict[str, str]) -> None:
        """Tell the requester, once, when nobody is there to decide."""
        if request.state is not State.PENDING:
            return
        if CARD not in places:
            await self._tell(request, UNSEEN, places, card_not_posted(request))
            return
        for stage in request.open_stages:
            approvers = audience.approvers.get(stage.name, ())
            if len(approvers) > LOOKED_UP:
                continue  # of so many some are there, and Slack would be asked about each
            away = await self._audiences.unreachable(approvers)
            if len(approvers) - len(away) < stage.quorum - len(request.approvals(stage)):
                await self._tell(request, UNDECIDABLE, places, nobody_to_decide(request, stage))
                return

    async def _grant(self, request: Request, _: Entry, audience: Audience, places: dict[str, str]) -> None:
        if has_grant(request):
            blocks = grant_message(request, audience, has_pages=self._has_pages)
            await self._tell(request, GRANT, places, summary(request), blocks)

    async def _notice(
        self, request: Request, entry: Entry, audience: Audience, places: dict[str, str]
    ) -> None:
        said = notice(request, entry.event, audience)
        is_wanted = self._audiences.lets_ping(request.requester.id)
        if said is not None and is_wanted and not _was_never_asked(request):
            await self._tell(request, f"notice:{entry.id}", places, said)

    async def _glass(self, request: Request, _: Entry, audience: Audience, places: dict[str, str]) -> None:
        """Tell security of a broken glass, and how it stands until the review is closed."""
        if request.glass is None:
            return
        policy = self._policy()
        reviewers = [
            policy.people[each]
            for each in sorted(policy.permissions.get(Permission.REVIEW, frozenset()))
            if each in policy.people and not policy.people[each].is_same_person(request.requester)
        ]
        await self._posting.show(
            request.id,
            GLASS,
            places,
            channel=policy.admin_channel,
            text=glass_text(request),
            blocks=glass_message(request, audience, reviewers),
        )

    async def _questions(
        self, request: Request, entry: Entry, audience: Audience, places: dict[str, str]
    ) -> None:
        """Tell whoever is to answer a question, and whoever asked it what the answer is."""
        failures = []
        for question in request.questions:
            shown = question_text(request, question), question_message(request, question)
            told = [
                (f"question:{question.number}:{to.id}", to, *shown)
                for to in self._to_answer(request, question, entry, audience, places)
            ]
            if question.answered_by is not None:
                answer = answer_text(request, question), answer_message(request, question)
                told.append((f"answer:{question.number}", question.by, *answer))
            for role, to, text, blocks in told:
                try:
                    await self._posting.show(
                        request.id, role, places, channel=to.slack, text=text, blocks=blocks
                    )
                except GiveUp as why:  # who cannot be told must not keep the others from being told
                    failures.append(f"{to.id}: {why}")
        if failures:
            raise GiveUp("; ".join(failures))

    def _to_answer(
        self, request: Request, question: Question, entry: Entry, audience: Audience, places: dict[str, str]
    ) -> Sequence[Principal]:
        """Who was told of a question already, and, when it has just been asked, who is to be told."""
        known = self._policy().people
        told_by_id = {
            person: known[person]
            for role in places
            if (person := role.removeprefix(f"question:{question.number}:")) != role and person in known
        }
        just_asked = isinstance(entry.event, QuestionAsked) and entry.event.number == question.number
        if just_asked and question.by.is_same_person(request.requester):
            decided = {decision.by.id for decision in request.decisions}
            told_by_id |= {each.id: each for each in audience.notified[:MOST_TOLD] if each.id not in decided}
        elif just_asked:
            told_by_id[request.requester.id] = request.requester
        return tuple(told_by_id.values())

    async def _tell(
        self,
        request: Request,
        role: str,
        places: dict[str, str],
        text: str,
        blocks: list[Block] | None = None,
    ) -> None:
        if not request.requester.slack:
            return  # a machine reads no messages: it asks the API
        try:
            await self._posting.show(
                request.id, role, places, channel=request.requester.slack, text=text, blocks=blocks
            )
        except GiveUp as why:
            if await self._identity.is_reachable(request.requester):
                raise
            log.info("requester_has_left", why=str(why))


def _was_never_asked(request: Request) -> bool:
    """Denied by policy: the answer went to the requester, the record to the audit log, no card."""
    return request.verdict.outcome is Outcome.DENY


def people_in(event: Event) -> Sequence[str]:
    """Ids of the people whom an event names, beside those whom the request knows."""
    return [
        event.by,
        *(str(person) for key in ("behalf", "delegator") if (person := getattr(event, key, ""))),
    ]
