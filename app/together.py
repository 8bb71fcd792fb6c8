"""Coroutines that live and end together."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

CANCELLED_AGAIN_AFTER = 0.1


async def run_together(coroutines: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run coroutines until one fails, all end, or this is cancelled; then end those that are left.

    A task is cancelled again until it ends: in Python 3.11 `asyncio.wait_for`, which redis-py uses, swallows
    a cancellation that comes as the awaited call returns (cpython issue 86296). Raises what the first raised.
    """
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        await _end(tasks)
    for task in done:
        task.result()


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    """End all, and only then; a cancellation of this itself meanwhile is kept until they have."""
    cancelled = False
    while left := [task for task in tasks if not task.done()]:
        for task in left:
            task.cancel()
        try:
            await asyncio.wait(left, timeout=CANCELLED_AGAIN_AFTER)
        except asyncio.CancelledError:
            cancelled = True
    await asyncio.gather(*tasks, return_exceptions=True)
    if cancelled:
        raise asyncio.CancelledError
