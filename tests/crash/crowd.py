"""People at work while the bot dies again and again: they ask, decide, give back, and try again as people do.

What the app did not acknowledge is done again at once; what it acknowledged and shows no effect, after a
while. Nobody knows that the bot was killed.
"""

import asyncio
import itertools
import random
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from app.playground import Playground
from app.playground.hands import (
    Hands,
    NotTakenError,
    in_channel,
    offers,
    open_view,
    readable,
    told_directly,
    whispered,
)
from app.playground.model import Json
from app.playground.user_side.state import state

ID = re.compile(r"`(R\d\d-\w{7})`")
CHANNELS = ("#prod-approvals", "#staging-approvals", "#sandbox-approvals")
ENGINEERS = ("@ana", "@ben", "@dev")
EVERYONE = (*ENGINEERS, "@chloe")
APPROVERS = {"@ana": ("@ben", "@chloe"), "@dev": ("@ben", "@chloe"), "@ben": ("@chloe",)}
EFFECT_WITHIN = 6.0
"""How long, in seconds, somebody waits for an effect before they do it again."""
TRIES = 8
LOOK_EVERY = 0.15
Clicked = Callable[[], Awaitable[object]]


def acts(message: Json) -> list[str]:
    """Buttons of a message that do something to its request; asking again begins another, and works for ever."""
    return [action for action in offers(message) if action != "jit_again"]


class Ask(NamedTuple):
    """What somebody asks for, and the state in which it is to end."""

    who: str
    what: str
    end: str


class Crowd:
    """The workspace's people, who all work at once."""

    def __init__(self, playground: Playground, hands: Hands, chance: random.Random) -> None:
        self._board = playground.board
        self._hands = hands
        self._chance = chance
        self._numbers = itertools.count(1)
        self._seen: tuple[int, Json] = (-1, {})
        self._one_form_at_a_time: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.going_home = False
        self.ends: dict[str, str] = {}
        """By request id: the state that its people brought it to and saw begun."""
        self.without_effect = 0
        """How often something was acknowledged, had no effect, and was done again."""

    def look(self) -> Json:
        """The workspace as everybody together sees it."""
        version = self._board.workspace.version
        if self._seen[0] != version:
            self._seen = (version, state(self._board))
        return self._seen[1]

    def answered(self) -> set[str]:
        """Ids of the requests of which somebody was told in answer."""
        told = [message for user in EVERYONE for message in whispered(self.look(), user)]
        return {match[1] for message in told for match in ID.finditer(readable(message))}

    def cards(self) -> list[Json]:
        """Every card, in whatever channel."""
        return [
            message
            for channel in CHANNELS
            for message in in_channel(self.look(), channel)
            if "thread_ts" not in message
        ]

    def buttons(self) -> list[tuple[Json, str]]:
        """Everything that can be clicked and does something to its request, in channels and direct messages."""
        direct = [message for user in EVERYONE for message in told_directly(self.look(), user)]
        return [(message, action) for message in (*self.cards(), *direct) for action in acts(message)]

    async def work(self) -> None:
        """Work until it is time to go home."""
        await asyncio.gather(*(self._works(who) for who in (*ENGINEERS, *ENGINEERS, "@chloe")))

    async def tidy_up(self, within: float) -> None:
        """Settle what is left over, until nothing can be clicked any more. Raises AssertionError."""
        ends = asyncio.get_running_loop().time() + within
        while buttons := self.buttons():
            left = [(action, readable(message)) for message, action in buttons]
            assert asyncio.get_running_loop().time() < ends, f"buttons that are left: {left}"
            for message, action in buttons:
                if action in {"jit_approve", "jit_revoke"}:
                    asks = readable(message).splitlines()[0]
                    approver = "@chloe" if "Ben Okafor" in asks else "@ben"
                    try:
                        await self._hands.clicks(approver, message, action)
                    except NotTakenError:
                        continue  # it changed meanwhile
            await asyncio.sleep(1)

    # -- stories ---------------------------------------------------------------------------------------

    async def _works(self, who: str) -> None:
        while not self.going_home:
            await self._story(self._any_ask(who))
            await asyncio.sleep(self._chance.uniform(0, 1))

    def _any_ask(self, who: str) -> Ask:
        chance = self._chance
        short = f"{chance.choice([1, 2, 3, 4, 5])}s"
        if who == "@chloe" or chance.random() < 0.25:
            return Ask(who, f"sandbox-admin sandbox-{chance.randint(1, 9)} {short}", "expired")
        database = chance.choice(["orders-db", "users-db", "payments-db"])
        end = chance.choice(["expired", "expired", "expired", "completed", "denied", "cancelled", "revoked"])
        return Ask(who, f"prod-db-debug {database} {short if end == 'expired' else '20m'}", end)

    async def _story(self, ask: Ask) -> None:
        """Ask, and bring it to its end, or give up as people do."""
        mark = f"INC-{next(self._numbers)}."
        typed = f"/jit request {ask.what} {mark} please"
        if not await self._does(
            lambda: self._hands.types(ask.who, typed), lambda: self._id(mark) != "", EFFECT_WITHIN
        ):
            return
        request_id = self._id(mark)
        if ask.what.startswith("sandbox") or await self._bring_to(ask, request_id):
            self.ends[request_id] = ask.end

    async def _bring_to(self, ask: Ask, request_id: str) -> bool:
        approver = self._chance.choice(APPROVERS[ask.who])
        match ask.end:
            case "denied":
                return await self._denies(approver, request_id)
            case "cancelled":
                return await self._clicks(ask.who, request_id, "jit_cancel")
        if not await self._clicks(approver, request_id, "jit_approve"):
            return False
        match ask.end:
            case "completed":
                return await self._clicks(ask.who, request_id, "jit_done")
            case "revoked":
                return await self._clicks(approver, request_id, "jit_revoke")
        return True

    async def _denies(self, approver: str, request_id: str) -> bool:
        async with self._one_form_at_a_time[approver]:
            return await self._does(
                lambda: self._fills_in(approver, request_id),
                lambda: self._button(request_id, "jit_deny") is None,
                EFFECT_WITHIN,
            )

    async def _fills_in(self, approver: str, request_id: str) -> None:
        card = self._button(request_id, "jit_deny")
        if card is None:
            return
        if open_view(self.look(), approver, "jit_deny_reason") is None:
            await self._hands.clicks(approver, card, "jit_deny")
            await self._until(lambda: self._form(approver, request_id) is not None, 3)
        view = self._form(approver, request_id)
        if view is not None:
            await self._hands.submits(approver, view, {"comment": "Not now"})

    async def _clicks(self, who: str, request_id: str, action: str) -> bool:
        """Wait for a button, and click it until it is gone."""
        if not await self._until(lambda: self._button(request_id, action) is not None, 30):
            return False

        async def click() -> None:
            message = self._button(request_id, action)
            if message is not None:
                await self._hands.clicks(who, message, action)

        return await self._does(click, lambda: self._button(request_id, action) is None, EFFECT_WITHIN)

    async def _does(self, do: Clicked, is_done: Callable[[], bool], within: float) -> bool:
        """Do something until it shows."""
        for _ in range(TRIES):
            try:
                await do()
            except NotTakenError:
                await asyncio.sleep(0.2)
            else:
                if await self._until(is_done, within):
                    return True
                self.without_effect += 1
        return is_done()

    async def _until(self, is_so: Callable[[], bool], within: float) -> bool:
        ends = asyncio.get_running_loop().time() + within
        while not is_so():
            if asyncio.get_running_loop().time() > ends:
                return False
            await asyncio.sleep(LOOK_EVERY)
        return True

    # -- seeing ----------------------------------------------------------------------------------------

    def _id(self, mark: str) -> str:
        """The id of the request that carries a mark, once it has a card."""
        return next((id_in(card) for card in self.cards() if mark in readable(card)), "")

    def _button(self, request_id: str, action: str) -> Json | None:
        """The message on which something can be clicked for a request."""
        return next(
            (message for message, each in self.buttons() if each == action and id_in(message) == request_id),
            None,
        )

    def _form(self, approver: str, request_id: str) -> Json | None:
        view = open_view(self.look(), approver, "jit_deny_reason")
        return view if view and view["private_metadata"].startswith(request_id) else None


def id_in(message: Json) -> str:
    """Read which request a message is about."""
    match = ID.search(readable(message))
    return match[1] if match else ""
