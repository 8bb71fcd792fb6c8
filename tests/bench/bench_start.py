"""How soon `jit demo` is ready, and what memory the bot takes after the main story.

    python tests/bench/bench_start.py

Ready: from the process's start to its line «Ready». Five runs, each with a fresh data folder, so each makes
its Redis anew. Memory: the resident set of the bot's process; its Redis and the workspace are others.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from statistics import median

import aiohttp
import psutil
from figures import Figure, show, spread
from stage import staged

from app.cli.story import MainStory
from app.playground.hands import Hands

RUNS = 5
READY_WITHIN = 30


async def ready() -> float:
    """Run the demo until it is ready; gives the seconds."""
    with tempfile.TemporaryDirectory(prefix="jit-bench-", ignore_cleanup_errors=True) as folder:
        began = time.perf_counter()
        demo = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app", "demo", "--port", "0", "--data", folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        assert demo.stdout is not None
        try:
            async with asyncio.timeout(READY_WITHIN):
                while not (line := await demo.stdout.readline()).startswith(b"Ready"):
                    if not line:
                        raise RuntimeError("the demo ended before it was ready")
            return time.perf_counter() - began
        finally:
            if demo.returncode is None:
                demo.terminate()
            await demo.communicate()


async def memory() -> tuple[float, float]:
    """Play the main story; gives the bot's MiB before and after."""
    async with staged() as stage, aiohttp.ClientSession() as session:
        bot = psutil.Process(stage.bot_pid)
        before = bot.memory_info().rss
        await MainStory(Hands(stage.playground.url, session), lambda _: None).play()
        return before / 2**20, bot.memory_info().rss / 2**20


async def measure() -> list[Figure]:
    """Measure the starts, then the story."""
    starts = [await ready() for _ in range(RUNS)]
    before, after = await memory()
    return [
        Figure("`jit demo` ready: median of five", median(starts), "s", 5, spread(starts)),
        Figure("`jit demo` ready: slowest of five", max(starts), "s", 5),
        Figure("memory of the bot when connected", before, "MiB", 150),
        Figure("memory of the bot after the story", after, "MiB", 150),
    ]


def main() -> bool:
    """Print the table."""
    return show("Start and memory", asyncio.run(measure()))


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
