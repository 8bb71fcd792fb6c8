"""How soon a click on Approve shows on the card, and how soon the access is live.

    python tests/bench/bench_click.py

Every request waits with its card before the first click. A time runs from the click's POST to the change of
the card's message in the workspace, seen there as it happens. One at a time: each click comes after the bot
has said all that the one before led to. At once: clicks on many cards in the same instant, by two approvers
and on requests of two people.
"""

import asyncio
import itertools
import statistics
import sys
import time

import aiohttp
from figures import Figure, percentile, show, spread
from stage import Stage, staged

from app.playground.hands import Hands, offers, readable
from app.playground.model import Message

REQUEST = "/jit request prod-db-debug orders-db 30m"
WARM_UP = 10
SINGLE = 60
AT_ONCE = 20
APPROVERS = ("@ben", "@chloe")


class Clicks:
    """Clicks on cards, and watches them change."""

    def __init__(self, stage: Stage, session: aiohttp.ClientSession) -> None:
        self._stage = stage
        self._hands = Hands(stage.playground.url, session)

    async def cards(self, count: int) -> list[Message]:
        """Ask so often, by two people, and give the cards."""
        before = set(self._cards())
        for number, user in zip(range(count), itertools.cycle(("@ana", "@dev"))):
            await self._stage.types(user, f"{REQUEST} INC-{number}")
        await self._stage.until_quiet()
        new = [card for ts, card in self._cards().items() if ts not in before]
        if len(new) != count:
            raise RuntimeError(f"{count} were asked for, {len(new)} cards are there")
        return new

    async def approve(self, card: Message, user: str) -> tuple[float, float]:
        """Click Approve; gives the milliseconds until the card says who approved, and that access is live."""
        began = time.perf_counter()
        click = asyncio.create_task(
            self._hands.clicks(user, {"channel": card.channel, "ts": card.ts}, "jit_approve")
        )
        decided = await self._until(card, "Approved by", began)
        live = await self._until(card, "Access is live", began)
        await click
        return decided, live

    async def _until(self, card: Message, words: str, began: float) -> float:
        workspace = self._stage.workspace
        version = workspace.version
        async with asyncio.timeout(20):
            while not self._shows(card, words):
                version = await workspace.change_after(version)
        return (time.perf_counter() - began) * 1000

    def _shows(self, card: Message, words: str) -> bool:
        shown = {"blocks": card.blocks, "text": card.text}
        return words in readable(shown) and "jit_approve" not in offers(shown)

    def _cards(self) -> dict[str, Message]:
        return {
            message.ts: message
            for message in self._stage.workspace.channels["C0PROD"].messages
            if message.thread_ts in {None, message.ts}
        }


async def measure() -> list[Figure]:
    """Measure single clicks, then many at once."""
    async with staged() as stage, aiohttp.ClientSession() as session:
        clicks = Clicks(stage, session)
        for card in await clicks.cards(WARM_UP):
            await clicks.approve(card, "@ben")
        single = []
        for card in await clicks.cards(SINGLE):
            await stage.until_quiet()
            single.append(await clicks.approve(card, "@ben"))
        many = await asyncio.gather(
            *(clicks.approve(*pair) for pair in zip(await clicks.cards(AT_ONCE), itertools.cycle(APPROVERS)))
        )
    decided, live = ([each[part] for each in single] for part in (0, 1))
    all_decided = [each[0] for each in many]
    return [
        Figure("one at a time: p50 to «Approved»", statistics.median(decided), "ms", 100, spread(decided)),
        Figure("one at a time: p50 to «Access is live»", statistics.median(live), "ms", None, spread(live)),
        Figure(
            f"{AT_ONCE} at once: p50 to «Approved»",
            statistics.median(all_decided),
            "ms",
            None,
            spread(all_decided),
        ),
        Figure(f"{AT_ONCE} at once: p99 to «Approved»", percentile(all_decided, 99), "ms"),
    ]


def main() -> bool:
    """Print the table."""
    return show("From an approver's click to the updated card", asyncio.run(measure()))


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
