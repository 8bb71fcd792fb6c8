"""A server that takes no writes for a while is away, and not a bug; what has moved elsewhere is found there.

Contract: a server that became a replica, lacks its replicas or is full refuses as `Unavailable`, alone and in a
pipeline alike, so that people are told and no process ends by it. A client whose server has become a replica
opens its connections anew: behind the same address there may be another one by now.
"""

import asyncio
import shutil
from pathlib import Path

import pytest

from app.domain import transitions as t
from app.domain.refusals import Unavailable
from app.store.connection import Connection, connect
from app.store.embedded import start_server
from app.store.leases import Leases
from app.store.requests import RequestStore
from tests.conftest import required
from tests.people import a_request

PARTITION = (2, "slack")
REFUSING = {
    "replica": ("REPLICAOF", "127.0.0.1", "1"),
    "without its replicas": ("CONFIG", "SET", "min-replicas-to-write", "1"),
    "full": ("CONFIG", "SET", "maxmemory", "1"),
}
TAKING = {
    "replica": ("REPLICAOF", "NO", "ONE"),
    "without its replicas": ("CONFIG", "SET", "min-replicas-to-write", "0"),
    "full": ("CONFIG", "SET", "maxmemory", "0"),
}


async def asks(connection: Connection) -> str | None:
    store = RequestStore(connection.calls)
    request, event = t.ask(a_request(now=await store.now()))
    return await store.create(request, event, request.id)


@pytest.mark.parametrize("program", [None, "redis-server"])
@pytest.mark.parametrize("how", REFUSING)
async def test_a_server_that_takes_no_writes_is_away(tmp_path, how, program):
    """Whoever asks is refused, leases are lost and not the process, and all goes on when it takes them again."""
    found = (shutil.which(program) or required(program)) if program else None
    async with start_server(tmp_path, Path(found) if found else None) as server:
        connection = connect(f"unix://{server.socket}")
        await connection.calls.execute_command(*REFUSING[how])
        with pytest.raises(Unavailable):
            await asks(connection)
        leases = Leases(connection.calls, "a", [PARTITION])
        keeping = asyncio.create_task(leases.keep())
        await asyncio.sleep(0.2)
        assert (False, False) == (keeping.done(), leases.holds(PARTITION))

        await connection.calls.execute_command(*TAKING[how])

        assert await asks(connection)
        await asyncio.wait_for(leases.wait_for(PARTITION), 5)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await connection.aclose()


async def test_the_new_master_is_found_behind_the_same_address(tmp_path):
    """After a failover an open connection leads to what is a replica now; the next call opens a new one."""
    address = tmp_path / "address"
    async with start_server(tmp_path / "one") as old, start_server(tmp_path / "two") as new:
        address.symlink_to(old.socket)
        connection = connect(f"unix://{address}")
        assert await asks(connection)
        address.unlink()
        address.symlink_to(new.socket)
        direct = connect(f"unix://{old.socket}")
        await direct.calls.execute_command("REPLICAOF", "127.0.0.1", "1")

        assert await asks(connection)

        await connection.aclose()
        await direct.aclose()
