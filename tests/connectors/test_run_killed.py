"""Contract of `jit run` against a real PostgreSQL, killed with SIGKILL while its command is in a session.

The command ends, the grant ends for that reason, and the session and the role are gone soon after; while it runs they
are there however long that is.
"""

import asyncio
import sys
import time

from app.domain.request import State
from tests.cli.api.terminal import Terminal, ended
from tests.postgres_server import Postgres
from tests.workplace import id_in

SESSION = """
import time
import psycopg
link = psycopg.connect("", autocommit=True)
print("in", flush=True)
while True:
    link.execute("SELECT 1")
    time.sleep(0.2)
"""
GONE_WITHIN = 5.0


def sessions(postgres: Postgres) -> int:
    """How many sessions of roles of grants there are."""
    found = "SELECT count(*) FROM pg_stat_activity WHERE starts_with(usename, 'jit_harbour')"
    return int(postgres.rows(found)[0][0])


async def test_killed(callers, postgres, tmp_path):
    """A child that would go on in a session of its own, out of the reach of its parent's death, is cut off too."""
    ana = await callers.person("@ana")
    terminal = Terminal(tmp_path / "ana", JIT_SERVER=callers.url, JIT_TOKEN=ana.token)
    words = ("run", "sandbox-admin", "sandbox-1", "--for", "10m", "--", "setsid", "--wait", "--fork")
    running = await terminal.starts(*words, sys.executable, "-c", SESSION)
    request_id = id_in((await asyncio.wait_for(running.stderr.readline(), 30)).decode())
    assert b"in\n" == await asyncio.wait_for(running.stdout.readline(), 30)
    await asyncio.sleep(5)
    assert 1 == await asyncio.to_thread(sessions, postgres)

    running.kill()
    began = time.monotonic()
    while await asyncio.to_thread(sessions, postgres):
        assert time.monotonic() - began < 4 * GONE_WITHIN
        await asyncio.sleep(0.05)
    await callers.work.reaches(request_id, State.EXPIRED)
    assert [] == await asyncio.to_thread(postgres.roles)
    assert "went_silent" in await callers.work.events(request_id)
    await callers.work.told("@ana", "jit run stopped without saying so")
    await ended(running)  # whoever held its output is gone, too
