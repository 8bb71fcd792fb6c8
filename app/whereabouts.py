"""Where a wish from Slack comes from, which Slack does not tell: kept until a browser has shown it, and then asked.

The link is given to the requester alone. What it proves is that a browser that had the link was at an address
within 5 minutes of the asking; whose hands it was in, it does not prove. So the wish itself cannot be changed by it,
and the requester is told from which address they have asked.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import NamedTuple

import structlog

from app.domain.people import Principal
from app.domain.refusals import Refused
from app.domain.request import Request, State
from app.domain.value import Value
from app.policy import Policy
from app.store.wishes import Kept, WaitingWishes
from app.workflow import Wish, Workflow

SLACK = "slack"
log = structlog.get_logger(__name__)


class NoSuchCheck(Refused):
    """The link is none, or none any more; which of the two is nobody's business."""

    code = "no_such_check"

    def __init__(self) -> None:
        super().__init__("That is no link that works: it does for 5 minutes, once. Ask again in Slack.")


class CheckUsed(Refused):
    """Another tab, or another browser, was first."""

    code = "check_used"

    def __init__(self) -> None:
        super().__init__("This link was used already. What came of it is told in Slack.")


class AddressUntold(Refused):
    """Nobody who is trusted says where the browser is."""

    code = "address_untold"

    def __init__(self) -> None:
        super().__init__(
            "Where you are cannot be told: what the proxies in between say of it cannot be read. Nothing was asked, "
            "and the link still works. Open it from another network, or ask whoever runs this bot to look at "
            "JIT_TRUSTED_PROXIES."
        )


class More(Value):
    """More time for access that is live; `delivery` names what asked."""

    request_id: str
    duration: timedelta
    reason: str
    delivery: str


class Wanted(Value):
    """What somebody asked for in Slack: wishes, of which one may break the glass, or more time.

    `answer_to`: where Slack takes an answer to what they did; empty for a direct message.
    """

    wishes: tuple[Wish, ...] = ()
    glass: str = ""
    """Why the glass is broken for the one wish; empty where it is not."""
    more: More | None = None
    answer_to: str = ""


class Waiting(NamedTuple):
    """The name of whose wish waits, and what it is."""

    name: str
    wanted: Wanted


class Made(NamedTuple):
    """What came of a wish: the requests, and the refusal with which it could not go on."""

    by: Principal
    wanted: Wanted
    requests: Sequence[Request]
    refusal: Refused | None
    ip: str


Tell = Callable[[Made], Awaitable[None]]


class Whereabouts:
    """Keeps wishes until it is known where they come from."""

    def __init__(
        self,
        waiting: WaitingWishes,
        workflow: Workflow,
        policy: Callable[[], Policy],
        verify: Callable[[str], Awaitable[Principal]],
        public_url: str,
        tell: Tell,
    ) -> None:
        """`verify` gives the person behind a Slack user, or raises NotKnown; `tell` tells them what came of it.

        Without a `public_url` there is no page.
        """
        self._waiting = waiting
        self._workflow = workflow
        self._policy = policy
        self._verify = verify
        self._public_url = public_url
        self._tell = tell

    @property
    def has_page(self) -> bool:
        """Whether there is a page on which an address can be shown."""
        return bool(self._public_url)

    async def needed(self, wanted: Wanted, by: Principal) -> bool:
        """Tell whether an address would change what policy says of any of it. Raises BadInput."""
        if more := wanted.more:
            return await self._workflow.more_time_needs_address(
                more.request_id, by, more.duration, more.reason
            )
        for wish in wanted.wishes:
            if await self._workflow.needs_address(wish, by):
                return True
        return False

    async def keep(self, wanted: Wanted, by: Principal) -> str:
        """Keep a wish for 5 minutes; gives the link by which it is asked, once."""
        token = await self._waiting.keep(by, wanted.model_dump_json())
        log.info("address_wanted", by=by.id)
        return f"{self._public_url}/where/{token}"

    async def look(self, token: str) -> Waiting:
        """Look at what waits, which changes nothing. Raises NoSuchCheck or CheckUsed."""
        kept = await self._found(token)
        person = self._policy().people.get(kept.person)
        if person is None:
            raise NoSuchCheck
        return Waiting(person.name, _wanted(kept))

    async def ask(self, token: str, ip: str, told_by: str) -> Made:
        """Ask for what waits, as whoever wished it, from an address that the server saw; once.

        Raises NoSuchCheck, CheckUsed or AddressUntold, and NotKnown where the person is gone.
        """
        if not ip:
            raise AddressUntold
        kept = await self._found(token)
        by = await self._verify(kept.slack)
        if by.id != kept.person:
            raise NoSuchCheck
        if not await self._waiting.take(token, by):
            raise CheckUsed
        wanted, requests, refusal = _wanted(kept), list[Request](), None
        try:
            if wanted.more:
                requests.append(await self._extend(wanted.more, by, ip, told_by))
            for wish in wanted.wishes:
                seen = wish.model_copy(update={"source": SLACK, "ip": ip, "ip_told_by": told_by})
                requests.append(await self._request(seen, by, wanted.glass))
        except Refused as refused:
            refusal = refused
        log.info("asked_from", by=by.id, ip=ip, told_by=told_by, requests=[each.id for each in requests])
        made = Made(by, wanted, requests, refusal, ip)
        await self._tell(made)
        return made

    async def _found(self, token: str) -> Kept:
        found = await self._waiting.find(token)
        if found is None:
            raise NoSuchCheck
        if found.used:
            raise CheckUsed
        return found

    async def _request(self, wish: Wish, by: Principal, glass: str) -> Request:
        if not glass:
            return await self._workflow.request(wish, by)
        await self._workflow.may_break_glass(wish, by)
        request = await self._workflow.request(wish, by)
        if request.state is not State.PENDING and request.glass is None:
            return request
        return await self._workflow.break_glass(request.id, by, glass)

    async def _extend(self, more: More, by: Principal, ip: str, told_by: str) -> Request:
        return await self._workflow.extend(
            more.request_id, by, more.duration, more.reason, more.delivery, SLACK, ip, told_by
        )


def _wanted(kept: Kept) -> Wanted:
    return Wanted.model_validate_json(kept.wish)
