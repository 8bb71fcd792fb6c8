"""From the touch of a key to the decision recorded: `python tests/bench/bench_touch.py`.

The real bot with a server of its own, and Ben's key, enrolled and used through its pages. Each request gets its own
page; the answer of the key is made beforehand, so that what is timed is the server's: from the form's POST to the page
that says that it is approved, which comes after the decision is recorded and Ben's form in Slack is told.
Target: 150 ms at p50. The floor beside it is a POST of the same page in the same run that fails at its first
question: the form is read, its cookie checked, and a page of the same frame given.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
from figures import Figure, percentile, show, spread
from stage import staged

from app.cli.demo_settings import demo_settings
from app.cli.seeing import Seeing
from app.cli.visitor import Visitor
from app.playground.hands import Hands, NotTakenError, urls

WARM_UP, ROUNDS = 5, 60
PROD = "#prod-approvals"


class Touches:
    """Ben, with a key, at his pages."""

    def __init__(self, seeing: Seeing, visitor: Visitor) -> None:
        self._seeing = seeing
        self._visitor = visitor

    async def enrol(self) -> None:
        """Get a key as anybody does, and wait until it counts."""
        hands, seeing = self._seeing.hands, self._seeing
        await hands.types("@ben", "/jit request enrol-factor ben 10m A key")
        await hands.clicks("@sam", await seeing.card(PROD, "A key", offering="jit_approve"), "jit_approve")
        await seeing.told("@ben", "You have access", "Enrol a second factor")
        await hands.types("@ben", "/jit factors")
        await self._visitor.open(urls(await seeing.whisper("@ben", "You have no second factor"))[0])
        await self._visitor.send({"do": "key"}, label="Key")
        await self._visitor.send({"do": "finish-key"})
        await asyncio.sleep(1.2)

    async def touch(self, number: int) -> tuple[float, float]:
        """Ask, click, open the page; gives the milliseconds of a POST that proves nothing, and of the touch's."""
        hands, reason = self._seeing.hands, f"INC-{number:04}"
        await hands.types("@ana", f"/jit request prod-secrets-read payments-keys 1m {reason}")
        card = await self._seeing.card(PROD, reason, offering="jit_approve")
        await hands.clicks("@ben", card, "jit_approve")
        page = urls(await self._seeing.view("@ben", "jit_prove"))[0]
        await self._visitor.open(page)
        self._visitor.fill({"how": "key"}, how="nothing")
        floor = await self._timed(fails=True)
        await self._visitor.open(page)
        self._visitor.fill({"how": "key"})
        touched = await self._timed(fails=False)
        await self._seeing.card(PROD, reason, "Approved by Ben Okafor", "Access is live")
        await hands.do("close", user="@ben", view_id=(await self._seeing.view("@ben", "jit_prove"))["id"])
        return floor, touched

    async def _timed(self, *, fails: bool) -> float:
        began = time.perf_counter()
        try:
            await self._visitor.send_again()
        except NotTakenError:
            if not fails:
                raise
        return (time.perf_counter() - began) * 1000


async def measure(data: Path) -> bool:
    """Measure one touch after the other."""
    more = {**demo_settings(data, cooling_off="1s"), "JIT_LOG_LEVEL": "warning"}
    async with staged(data=data, more=more) as stage, aiohttp.ClientSession() as session:
        seeing = Seeing(Hands(stage.playground.url, session), lambda _: None)
        touches = Touches(seeing, Visitor(session))
        await touches.enrol()
        for number in range(WARM_UP):
            await touches.touch(number)
        times = [await touches.touch(WARM_UP + number) for number in range(ROUNDS)]
    floor, touched = ([each[part] for each in times] for part in (0, 1))
    return show(
        "From a touch to the decision recorded",
        [
            Figure(
                "the floor: a POST that is refused at once, p50",
                percentile(floor, 50),
                "ms",
                None,
                spread(floor),
            ),
            Figure("a touch, p50", percentile(touched, 50), "ms", 150, spread(touched)),
            Figure("the touch to the floor", percentile(touched, 50) / percentile(floor, 50), "x"),
        ],
    )


def main() -> bool:
    """Print the table; tells whether the target was met."""
    with tempfile.TemporaryDirectory(prefix="jit-bench-", ignore_cleanup_errors=True) as data:
        return asyncio.run(measure(Path(data)))


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
