"""One call of a connector: bounded in time and number, and ending in an answer or in ConnectorFailed."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar
from weakref import WeakKeyDictionary

import structlog

from app.connectors.protocol import ConnectorFailed
from app.connectors.registry import Opened

ANSWERS_WITHIN = 30.0
"""Seconds after which a call of a connector has failed: others wait for their turn."""
LETS_GO_WITHIN = 2.0
"""Seconds that a call gets to end once it is cancelled; then it may still land, and is looked after."""
T = TypeVar("T")


class Told(Protocol):
    """Is told of each call when it has ended."""

    def __call__(self, connector: str, operation: str, seconds: float, *, failed: bool) -> object: ...


def nobody(connector: str, operation: str, seconds: float, *, failed: bool) -> None:
    """Is not interested."""


log = structlog.get_logger(__name__)


class Calls:
    """Each connector has a number of calls at a time to itself: one that hangs takes none from another."""

    def __init__(self, told: Told = nobody) -> None:
        self._told = told
        self._at_once: WeakKeyDictionary[Any, asyncio.Semaphore] = WeakKeyDictionary()

    async def make(
        self,
        operation: str,
        opened: Opened,
        call: Callable[[], Coroutine[Any, Any, T]],
        late: Callable[[], object],
    ) -> T:
        """Make a call, within its time. Raises ConnectorFailed, as for a bug of the connector too.

        `late` is called when one that was given up ends after all: whatever it did is to be looked at again.
        """
        began, failed = time.perf_counter(), True
        try:
            answer = await self._make(opened, call, late)
            failed = False
        finally:
            self._told(opened.connector.name, operation, time.perf_counter() - began, failed=failed)
        return answer

    async def _make(
        self, opened: Opened, call: Callable[[], Coroutine[Any, Any, T]], late: Callable[[], object]
    ) -> T:
        connector = opened.connector
        at_once = self._at_once.setdefault(connector, asyncio.Semaphore(opened.at_once))
        async with at_once:
            task = asyncio.ensure_future(call())
            try:
                await asyncio.wait({task}, timeout=ANSWERS_WITHIN)
            except asyncio.CancelledError:
                task.cancel()
                raise
            if not task.done():
                await _let_go(task, late)
                raise ConnectorFailed(f"the target did not answer within {ANSWERS_WITHIN:g} s")
            return _answer(task, connector.name)


async def _let_go(task: "asyncio.Task[Any]", late: Callable[[], object]) -> None:
    task.cancel()
    await asyncio.wait({task}, timeout=LETS_GO_WITHIN)

    def ended(_: "asyncio.Task[Any]") -> None:
        if not task.cancelled():
            task.exception()  # it is told by nobody else
        late()

    if not task.done():
        task.add_done_callback(ended)
    elif not task.cancelled():
        task.exception()


def _answer(task: "asyncio.Task[T]", name: str) -> T:
    try:
        return task.result()
    except ConnectorFailed:
        raise
    except (Exception, asyncio.CancelledError) as bug:
        log.error("connector_bug", connector=name, exc_info=bug)  # noqa: TRY400  with its own trace
        raise ConnectorFailed(f"the connector {name} failed in a way that its log tells") from bug
