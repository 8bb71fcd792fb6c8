"""Contract: what runs together ends together, even where a cancellation is swallowed on the way."""

import asyncio
import contextlib

import pytest

from app.together import run_together


async def test_a_swallowed_cancellation_is_repeated():
    """A task that loses its first cancellation, as redis-py's may in Python 3.11, still ends."""
    swallowed = []

    async def stubborn():
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if swallowed:
                    raise
                swallowed.append(True)

    running = asyncio.create_task(run_together([stubborn()]))
    await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 5)
    assert [True] == swallowed


async def test_nested_ones_end_too():
    """What takes its time to end is waited for, though the one above cancels again meanwhile."""
    ended = asyncio.Event()

    async def slow_to_end():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            for _ in range(5):
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(0.07)
            ended.set()
            raise

    running = asyncio.create_task(run_together([run_together([slow_to_end()])]))
    await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 5)
    assert ended.is_set()


async def test_one_that_fails_ends_the_others():
    """The first failure is raised, and nothing is left running."""
    ended = asyncio.Event()

    async def waits():
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    async def fails():
        await asyncio.sleep(0)
        raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        await asyncio.wait_for(run_together([waits(), fails()]), 5)
    assert ended.is_set()


async def test_it_returns_when_all_have_ended():
    """Nothing is cancelled while all goes well."""
    done = []

    async def works(number):
        await asyncio.sleep(0)
        done.append(number)

    await asyncio.wait_for(run_together([works(1), works(2)]), 5)
    assert [1, 2] == done
