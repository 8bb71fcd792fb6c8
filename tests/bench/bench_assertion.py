"""How long the check of a security key's answer takes. Run it: `python -m tests.bench.bench_assertion`.

Target: the check, of one of ten keys, under 5 ms: by the clock at p50, and at p99 by the thread's own time, which the
load of a shared machine does not lengthen. Beside it stands what cannot be saved, the bare ECDSA
P-256 verification by `cryptography` in the same run; and the whole proof, with the store's part, on the own server.
"""

import asyncio
import hashlib
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from app.mfa import webauthn
from app.playground.authenticator import Authenticator
from app.store.connection import OwnServer
from tests.bench.figures import Figure, percentile, show, spread
from tests.mfa.holders import RP, Holder
from tests.people import ANA

ROUNDS = 2_000
CHALLENGE = b"c" * 32


def took(doing: Callable[[], object], clock: Callable[[], int] = time.perf_counter_ns) -> list[float]:
    """Milliseconds of each round, by a clock that gives nanoseconds."""
    times = []
    for _ in range(ROUNDS):
        began = clock()
        doing()
        times.append((clock() - began) / 1e6)
    return times


async def took_each(doing: Callable[[int], Awaitable[object]], rounds: int) -> list[float]:
    """Milliseconds of each round, one after the other."""
    times = []
    for number in range(rounds):
        began = time.perf_counter_ns()
        await doing(number)
        times.append((time.perf_counter_ns() - began) / 1e6)
    return times


async def measure(ana: Holder) -> bool:
    """Measure with ten keys, of which the last is touched."""
    for _ in range(9):
        await ana.has_key(device=Authenticator())
    await ana.has_key()
    held = await ana.proving.holdings(ANA)
    answer = await ana.touches(CHALLENGE)
    made = next(iter(ana.device.keys.values()))
    data = hashlib.sha256(answer.encode()).digest() * 3
    signature, public = made.private.sign(data, ec.ECDSA(hashes.SHA256())), made.private.public_key()
    bare = took(lambda: public.verify(signature, data, ec.ECDSA(hashes.SHA256())))

    def checking() -> object:
        return webauthn.verify_assertion(answer, held.credentials, CHALLENGE, RP, held.now)

    check, own = took(checking), took(checking, time.thread_time_ns)
    rounds = ROUNDS // 4
    answers = [(n.to_bytes(32, "big"), await ana.touches(n.to_bytes(32, "big"))) for n in range(rounds)]
    whole = await took_each(lambda n: ana.proving.by_key(ANA, answers[n][1], answers[n][0]), rounds)
    return show(
        "A security key's answer",
        [
            Figure("bare ECDSA P-256 verify, p50", percentile(bare, 50), "ms", spread=spread(bare)),
            Figure("the check, p50", percentile(check, 50), "ms", target=5.0, spread=spread(check)),
            Figure("the check's own time, p99", percentile(own, 99), "ms", target=5.0, spread=spread(own)),
            Figure("the check to the bare verify", percentile(check, 50) / percentile(bare, 50), "x"),
            Figure("with the store, p50", percentile(whole, 50), "ms", spread=spread(whole)),
        ],
    )


async def main() -> bool:
    """Print the table; tells whether the target was met."""
    with tempfile.TemporaryDirectory() as data:
        async with OwnServer(Path(data)) as own:
            return await measure(Holder(own.connection, ANA))


if __name__ == "__main__":
    sys.exit(not asyncio.run(main()))
