"""Keeps the policy in force together with what sources say of its people.

One replica asks a source each `refresh`, and writes what it says to Redis, with the time by Redis's clock; all
replicas read it there. A source that fails is left alone for a growing time, by all of them. What is read ages:
whether or not anything can be reached, it stops permitting when it is older than its source allows.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

import structlog
from pydantic import ValidationError

from app.directory.asking import Means, Round
from app.directory.found import Found, SourceFailed, source_id
from app.directory.matching import People
from app.domain.refusals import Unavailable
from app.policy import Policy
from app.policy.outside import Directory, Freshness, Roll, Source
from app.store.rolls import Rolls, Told

EVERY = 1.0
TRY = 40.0
TRY_LASTS = timedelta(seconds=45)
"""A replica that dies while it asks is taken over after this."""
FIRST_WAIT = 2.0
LONGEST_WAIT = 60.0
AT_ONCE = 8
SECOND_LOOK = timedelta(seconds=2)
"""So long after an answer a source is asked once more, where much hangs on it."""
log = structlog.get_logger(__name__)


class Trouble(NamedTuple):
    """A source that cannot be relied on. `as_of`: when it last said something; None where it never did."""

    name: str
    source: str
    freshness: Freshness
    as_of: datetime | None
    problem: str

    def __str__(self) -> str:
        why = f" ({self.problem})" if self.problem else ""
        if self.as_of is None:
            return f"who is in {self.name} was never told{why}: it permits nobody, and its denials meet everybody"
        since = f"{self.as_of:%Y-%m-%d %H:%M} UTC"
        return f"who is in {self.name} was last told at {since}{why}: it permits nobody, and goes on denying"


class Keeper:
    """The policy in force, for those who ask now."""

    def __init__(
        self,
        filed: Callable[[], Policy],
        rolls: Rolls,
        means: Means,
        now: Callable[[], Awaitable[datetime]],
        holder: str,
    ) -> None:
        """`filed` gives the policy as files have it; `now` is Redis's clock."""
        self._filed = filed
        self._store = rolls
        self._means = means
        self._now = now
        self._holder = holder
        self._clock: tuple[datetime, float] | None = None
        self._found: dict[str, tuple[Found, datetime]] = {}
        self._rolls: dict[str, Roll] = {}
        self._told: Mapping[str, Told] = MappingProxyType({})
        self._problems: dict[str, str] = {}
        self._failures: dict[str, int] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._changed = False
        self._wanted_after: dict[str, datetime] = {}
        self._looked = asyncio.Event()
        self._of = self._view = filed()
        self._take_policy()

    # -- for those who ask ------------------------------------------------------------------------------

    def policy(self) -> Policy:
        """Give the policy in force, with who is in a group and on call now."""
        if self._filed() is not self._of:
            self._take_policy()
        elif self._view.until is not None and self.clock() >= self._view.until:
            self._view = self._look()
        return self._view

    def clock(self) -> datetime:
        """Give the time by Redis's clock, as far as it was ever read; else this machine's."""
        if self._clock is None:
            return datetime.now(UTC)
        read, at = self._clock
        return read + timedelta(seconds=time.monotonic() - at)

    def troubles(self) -> list[Trouble]:
        """Name the sources that cannot be relied on now."""
        policy, found = self.policy(), []
        for name, freshness in policy.freshness(self.clock()).items():
            source = self._ids[name]
            roll = self._rolls.get(source)
            problem = self._problems.get(source) or self._told.get(source, Told()).problem
            if freshness is not Freshness.FRESH:
                found.append(Trouble(name, source, freshness, roll.as_of if roll else None, problem))
        return found

    # -- in the background ------------------------------------------------------------------------------

    async def tick(self) -> None:
        """Read what other replicas were told, and ask what is due; waits a little for answers, and no longer.

        Raises Unavailable.
        """
        wanted = await self.catch_up()
        if not wanted:
            self._looked.set()
            return
        asking, now = Round(self._means), self.clock()
        for each, source in wanted.items():
            if each not in self._asking and self._is_due(each, source, now):
                self._asking[each] = asyncio.create_task(self._ask(asking, each, source))
        await self._collect()

    async def catch_up(self) -> Mapping[str, Source]:
        """Read what any replica was told so far; gives the sources by their ids. Raises Unavailable."""
        sources = self.policy().sources
        if not sources:
            return {}
        self._clock = await self._now(), time.monotonic()
        self._told = await self._store.told()
        wanted: dict[str, Source] = {}
        for name, source in sources.items():
            known = wanted.setdefault(self._ids[name], source)
            if source.refresh < known.refresh:
                wanted[self._ids[name]] = source
        await self._read_newer(wanted)
        self._look_at_changes()
        return wanted

    def _look_at_changes(self) -> None:
        if self._changed:
            self._changed, self._view = False, self._look()

    async def _collect(self) -> None:
        """Take the answers that come soon. Raises what asking raised."""
        if self._asking:
            await asyncio.wait(self._asking.values(), timeout=EVERY)
        failed: BaseException | None = None
        for each, task in [*self._asking.items()]:
            if task.done():
                del self._asking[each]
                failed = failed or task.exception()
        self._look_at_changes()
        if failed is not None:
            raise failed
        if not self._asking:
            self._looked.set()

    @property
    def has_looked(self) -> bool:
        """Tell whether every source was asked once."""
        return self._looked.is_set()

    def ask_again(self, name: str, since: datetime) -> None:
        """Ask a source soon, whatever its `refresh`, unless it answers otherwise after an instant."""
        if name in self._ids:
            self._wanted_after[self._ids[name]] = since

    async def looked(self, within: float) -> None:
        """Wait until every source was asked once, or for so many seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._looked.wait(), within)

    async def run(self) -> None:
        """Do so until cancelled."""
        is_away = False
        try:
            while True:
                try:
                    await self.tick()
                    is_away = False
                except Unavailable as error:
                    if not is_away:
                        log.warning("directory_not_read", error=str(error))
                    is_away = True
                except Exception:
                    log.exception("job_failed", job="directory")
                await asyncio.sleep(EVERY)
        finally:
            for task in self._asking.values():
                task.cancel()
            await asyncio.gather(*self._asking.values(), return_exceptions=True)

    async def _read_newer(self, wanted: Mapping[str, Source]) -> None:
        for each in wanted:
            as_of = self._told.get(each, Told()).as_of
            known = self._found.get(each)
            if as_of is None or (known and known[1] >= as_of):
                continue
            document = await self._store.document(each)
            if document is None:
                continue
            try:
                self._take(each, Found.model_validate_json(document), as_of)
            except (ValidationError, SourceFailed) as error:
                self._problems[each] = str(error)[:500]

    def _is_due(self, source_name: str, source: Source, now: datetime) -> bool:
        known = self._found.get(source_name)
        if known is None or now - known[1] >= source.refresh:
            return True
        after = self._wanted_after.get(source_name)
        if after is None or known[1] > after:
            self._wanted_after.pop(source_name, None)
            return False
        return now - known[1] >= SECOND_LOOK

    async def _ask(self, asking: Round, each: str, source: Source) -> None:
        async with self._turns:
            if not await self._store.take_turn(each, self._holder, TRY_LASTS):
                return
            now = self.clock()
            try:
                async with asyncio.timeout(TRY):
                    found = await asking.ask(source)
                self._people.roll(found, now)
            except SourceFailed as failure:
                await self._fail(each, source, failure)
            except TimeoutError:
                await self._fail(each, source, SourceFailed(f"did not answer within {TRY:g} s"))
            else:
                self._failures.pop(each, None)
                await self._store.keep(each, found.model_dump_json(exclude_defaults=True), now)
                self._take(each, found, now)

    async def _fail(self, each: str, source: Source, failure: SourceFailed) -> None:
        count = self._failures.get(each, 0)
        self._failures[each] = count + 1
        growing = min(FIRST_WAIT * 2 ** min(count, 10), LONGEST_WAIT, source.refresh.total_seconds())
        wait = timedelta(seconds=max(growing, failure.retry_after))
        self._problems[each] = str(failure)[:500]
        log.warning(
            "source_failed", kind=source.kind, where=source.where[0], error=str(failure), wait=str(wait)
        )
        await self._store.fail(each, str(failure)[:500], wait)

    # -- the view ---------------------------------------------------------------------------------------

    def _take(self, each: str, found: Found, as_of: datetime) -> None:
        """Take what a source said. Raises SourceFailed when it is ambiguous by now; then the old one ages."""
        known = self._found.get(each)
        if known and known[0] == found and each in self._rolls:
            old = self._rolls[each]
            self._rolls[each] = Roll(old.members, as_of, old.managers)
        else:
            self._found[each] = found, as_of  # asked again when it is due, even if it cannot be used
            self._rolls[each] = self._people.roll(found, as_of)
        self._found[each] = found, as_of
        self._problems.pop(each, None)
        self._changed = True

    def _take_policy(self) -> None:
        """Take a changed policy: other people may be meant by what sources said."""
        self._of = self._view = self._filed()
        self._people = People(self._of)
        self._ids = {name: source_id(source) for name, source in self._of.sources.items()}
        self._rolls.clear()
        for each, (found, as_of) in self._found.items():
            try:
                self._rolls[each] = self._people.roll(found, as_of)
            except SourceFailed as failure:
                self._problems[each] = str(failure)[:500]
        self._view = self._look()

    def _look(self) -> Policy:
        rolls = {name: self._rolls[each] for name, each in self._ids.items() if each in self._rolls}
        return self._view.with_directory(Directory(MappingProxyType(rolls)), self.clock())
