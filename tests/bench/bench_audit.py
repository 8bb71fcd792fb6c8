"""How fast the audit log takes events, against SQLite taking the same rows with the same pragmas, in one run.

    python tests/bench/bench_audit.py [EVENTS]

The bare insert is given finished rows, in the same batches, into a table without index. So the ratio is the
price of canonical JSON, the chain, idempotence and the indexes. Each line is the median of three runs.
"""

import sqlite3
import statistics
import sys
import tempfile
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from app.audit.chain import COLUMNS, Row
from app.audit.log import AuditLog
from app.domain import transitions as t
from tests.people import BEN, NOW, a_request, entitled

BATCHES = (1, 20, 200)
RUNS = 3


def events(count):
    """Requests and their approvals, with where they came from."""
    found = []
    for n in range(count // 2):
        request, asked = t.ask(a_request(request_id=f"R{n % 16:02d}-{n:07d}", now=NOW + timedelta(seconds=n)))
        approved = t.approve(request, BEN, entitled, request.created_at + timedelta(minutes=2), "go")[1]
        found += [(n % 16, f"{n}-0", asked), (n % 16, f"{n}-1", approved)]
    return found


def batched(items, size):
    return [items[at : at + size] for at in range(0, len(items), size)]


def ours(directory, entries, size):
    with closing(AuditLog(directory / f"ours{time.monotonic_ns()}")) as log:
        batches = batched(entries, size)
        began = time.perf_counter()
        for batch in batches:
            log.append(batch)
        return time.perf_counter() - began


def bare(directory, rows, size):
    with closing(sqlite3.connect(directory / f"bare{time.monotonic_ns()}", isolation_level=None)) as file:
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA synchronous = FULL")
        file.execute(f"CREATE TABLE entries ({COLUMNS})")
        insert = f"INSERT INTO entries VALUES ({', '.join('?' * len(Row._fields))})"  # noqa: S608
        batches = batched(rows, size)
        began = time.perf_counter()
        for batch in batches:
            file.execute("BEGIN IMMEDIATE")
            file.executemany(insert, batch)
            file.execute("COMMIT")
        return time.perf_counter() - began


def timed(ask):
    began = time.perf_counter()
    ask()
    return time.perf_counter() - began


def main(count):
    entries = events(count)
    print(f"{len(entries)} events; events per second, and how many times the bare insert's time")
    print(f"{'batch':>6} {'audit log':>12} {'bare insert':>12} {'ratio':>7}")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with closing(AuditLog(directory / "log")) as log:
            log.append(entries)
            rows = log._all(f"SELECT {COLUMNS} FROM entries ORDER BY sequence")  # noqa: S608
            for size in BATCHES:
                part = count if size > 1 else count // 10
                took = statistics.median(ours(directory, entries[:part], size) for _ in range(RUNS))
                least = statistics.median(bare(directory, rows[:part], size) for _ in range(RUNS))
                print(f"{size:>6} {part / took:>12,.0f} {part / least:>12,.0f} {took / least:>7.2f}")
            questions = {
                "verify": log.verify,
                "story of one request": lambda: log.story("R05-0000005"),
                "window of an hour, 7,200 entries": lambda: log.between(NOW, NOW + timedelta(hours=1)),
                "window without entries": lambda: log.between(
                    NOW - timedelta(days=2), NOW - timedelta(days=1)
                ),
            }
            print(f"{'question':<34} {'ms':>8}")
            for question, ask in questions.items():
                print(f"{question:<34} {timed(ask) * 1000:>8.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
