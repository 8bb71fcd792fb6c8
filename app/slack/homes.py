"""Publishes App Homes: when somebody opens theirs, and anew when something that it shows changes.

Only those who opened theirs within the last hour are published to. What concerns them is noted in the store
and done soon after by any replica, much at once done once: cards never wait for Homes.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from app.domain.events import AttemptRefused, Event
from app.domain.ids import partition_of
from app.domain.people import Principal
from app.domain.refusals import BadInput, NotKnown, UnknownRequest
from app.domain.request import Request, State
from app.domain.waiting import extension_waits_for, waits_for
from app.policy import Permission, Policy
from app.policy.ask import History
from app.policy.offers import Offer, Offers
from app.slack.identity import Identity
from app.slack.posting import TRANSIENT
from app.slack.views.blocks import Block
from app.slack.views.home import HAD, OFFERED, Home, LivePage, home_view, page_of, refused_view
from app.store.homes import HomeViewers
from app.store.requests import RequestStore
from app.workflow.counting import CAME_TO_NOTHING

MINE = 50
"""How many of somebody's newest requests are read: what they hold is among them, or was read as live."""
AT_ONCE = 8
PAUSE = 1.0
"""Seconds before the next try, where Slack does not say how long."""
log = structlog.get_logger(__name__)


class Homes:
    """Everybody's Home."""

    def __init__(
        self,
        client: AsyncWebClient,
        store: RequestStore,
        viewers: HomeViewers,
        policy: Callable[[], Policy],
        identity: Identity,
        *,
        has_pages: bool = False,
    ) -> None:
        """`has_pages`: whether there are pages for people."""
        self._client = client
        self._store = store
        self._viewers = viewers
        self._policy = policy
        self._identity = identity
        self._has_pages = has_pages
        self._offers: Offers | None = None
        self._waits_until = 0.0

    # -- when it is published ------------------------------------------------------------------------

    async def open(self, user_id: str, page: str = "") -> None:
        """Somebody opened their Home, or turned to a page of what is live; publish it, and remember them."""
        await self._viewers.opened(user_id, page)
        await self._publish(user_id, page)

    async def concern(self, request: Request, event: Event) -> None:
        """Something happened to a request: let the Homes of those whom it concerns be made anew."""
        if isinstance(event, AttemptRefused):
            return
        await self._viewers.concern(set(_concerned(self._policy(), request)))

    async def tick(self) -> int:
        """Publish what is to be made anew; gives how many were."""
        if asyncio.get_running_loop().time() < self._waits_until:
            return 0
        due = await self._viewers.take_due(AT_ONCE)
        await asyncio.gather(*map(self._publish_again, due))
        return len(due)

    async def _publish_again(self, user_id: str) -> None:
        await self._publish(user_id, await self._viewers.page(user_id))

    async def _publish(self, user_id: str, page: str) -> None:
        """Publish; what keeps Slack from taking it now is waited for, and it is done soon after."""
        view = await self._view(user_id, page)
        try:
            await self._client.views_publish(user_id=user_id, view=view)
        except SlackApiError as error:
            if not _passes(error):
                log.exception("home_refused", user=user_id, answer=error.response.data)
                return
            await self._wait(user_id, error, float(error.response.headers.get("Retry-After", PAUSE)))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            await self._wait(user_id, error)

    async def _wait(self, user_id: str, error: Exception, pause: float = PAUSE) -> None:
        self._waits_until = asyncio.get_running_loop().time() + pause
        log.info("home_waits", user=user_id, error=str(error))
        await self._viewers.put_back(user_id)

    async def _view(self, user_id: str, page: str) -> Block:
        try:
            person = await self._identity.of(user_id)
        except NotKnown as unknown:
            return refused_view(str(unknown))
        return home_view(await self.of(person, page))

    # -- what it shows -------------------------------------------------------------------------------

    async def of(self, person: Principal, page: str = "") -> Home:
        """Gather what somebody's Home shows; `page` is the request at which the page of what is live begins."""
        policy = self._policy()
        now = await self._store.now()
        pending, live = await self._store.pending(), await self._store.live()
        newest = await self._store.of(partition_of(person.id), person.id, MINE)
        entitled = cache(policy.entitled)
        own = [each for each in live if person.is_same_person(each.requester)]
        return Home(
            person=person,
            at=now,
            held=tuple(own),
            asked=tuple(each for each in pending if person.is_same_person(each.requester)),
            waiting=tuple(each for each in pending if waits_for(each, person, entitled, now)),
            more_waiting=tuple(each for each in live if extension_waits_for(each, person, entitled, now)),
            offers=tuple(self.offers().to(person, _history(newest, own), now, OFFERED)),
            had=tuple(each for each in newest if each.is_final)[:HAD],
            live=await self._page(live, page) if policy.may(person.id, Permission.REVOKE) else None,
            policy_digest=policy.digest,
            has_pages=self._has_pages,
        )

    async def offers_to(self, person: Principal, at_most: int) -> list[Offer]:
        """Give what this person gets at once now."""
        history, now = await self._had_before(person), await self._store.now()
        return self.offers().to(person, history, now, at_most)

    async def offer(self, action: str, person: Principal) -> Offer:
        """Give the offer of an action as it is for this person now. Raises BadInput when it is none any more."""
        found = self._policy().find_action(action)
        history, now = await self._had_before(person), await self._store.now()
        offer = self.offers().for_action(found.name, person, history, now)
        if offer is None:
            raise BadInput(
                f"{found.name} is not approved at once for you just now. `/jit request {found.name}` asks for it."
            )
        return offer

    async def _had_before(self, person: Principal) -> History:
        newest = await self._store.of(partition_of(person.id), person.id, MINE)
        own = [each for each in newest if each.is_live or each.state in {State.APPROVED, State.SCHEDULED}]
        return _history(newest, own)

    def offers(self) -> Offers:
        """The offers of the policy in force, worked out once for each policy."""
        policy = self._policy()
        if self._offers is None or self._offers.policy is not policy:
            self._offers = Offers(policy)
        return self._offers

    async def _page(self, live: Sequence[Request], begins: str) -> LivePage:
        try:
            first = (await self._store.load(begins)).request if begins else None
        except UnknownRequest:
            first = None
        return page_of(live, first)


def _history(newest: Sequence[Request], own: Sequence[Request]) -> History:
    """What policy counts of a person's requests, whatever the action: an offer is no promise."""
    asked = tuple(each.created_at for each in newest if each.state not in CAME_TO_NOTHING)
    return History(asked=asked, live=len(own))


def _concerned(policy: Policy, request: Request) -> Iterator[str]:
    """Ids of Slack users: who asked, who may decide, and who may revoke."""
    if request.requester.slack:
        yield request.requester.slack
    extension = request.extension
    stages = (*request.verdict.stages, *(extension.verdict.stages if extension else ()))
    people = {person for stage in stages for person in policy.entitled(stage)}
    people |= policy.permissions.get(Permission.REVOKE, frozenset())
    for person in people:
        if person in policy.people:
            yield policy.people[person].slack


def _passes(error: SlackApiError) -> bool:
    code = str(error.response.get("error"))
    return code == "ratelimited" or code in TRANSIENT or error.response.status_code >= 500
