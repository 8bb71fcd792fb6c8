"""Contract: whoever cancels a task that calls the store ends it, in whatever step of a call it is.

Python 3.11's `asyncio.wait_for`, by which the client sends, forgets a cancellation that meets the end of what it waits
for: a loop of calls went on for ever, renewing what it was to let go of.
"""

import asyncio

import pytest

from app.store.gates import GateStore
from app.store.requests import reachable


@pytest.mark.parametrize("steps", range(24))
async def test_a_loop_of_calls_ends(redis, steps):
    """At each step of the loop's way through a call, and in the calls after it."""
    store = GateStore(redis.calls)
    await store.fate("R02-0000000")

    async def for_ever():
        while True:
            await store.fate("R02-0000000")

    for more in range(6):
        loop = asyncio.create_task(for_ever())
        for _ in range(steps + 24 * more):
            await asyncio.sleep(0)
        loop.cancel()
        done, _ = await asyncio.wait({loop}, timeout=1)
        try:
            assert done, f"cancelled at step {steps + 24 * more}, it goes on"
        finally:
            while not loop.done():
                loop.cancel()
                await asyncio.sleep(0.01)


async def test_what_is_left_to_do_is_done():
    """A task that was cancelled before may still call the store, to let go of what it holds."""
    did = []

    async def letting_go():
        try:
            await asyncio.Event().wait()
        finally:
            for each in (1, 2):
                async with reachable():
                    await asyncio.sleep(0)
                did.append(each)

    task = asyncio.create_task(letting_go())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    assert (True, [1, 2]) == (task.cancelled(), did)
