"""Feeds the audit log from the outbox, in order and once."""

import asyncio
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis

from app.audit.log import AuditLog
from app.domain.refusals import Refused
from app.store import keys
from app.store.requests import reachable
from app.store.stream import Entry

GROUP = "audit"
BATCH = 200


class OtherLog(Refused):
    """The events of this store belong to another audit log; each would tell half."""

    code = "other_log"


class Ownership:
    """Makes sure that a log is the one that this store's events have gone to from the first."""

    def __init__(self, log_id: str, client: Redis) -> None:
        self._log_id = log_id
        self._redis = client
        self._is_ours = False

    async def check(self) -> None:
        """Raise OtherLog when the store knows another log; the first that comes is its log."""
        if self._is_ours:
            return
        async with reachable():
            await self._redis.setnx(keys.AUDIT_LOG, self._log_id)
            known: Any = await self._redis.get(keys.AUDIT_LOG)
        if known != self._log_id:
            raise OtherLog(
                f"This store's events have gone to audit log {known}, and the one here is {self._log_id}. "
                f"Give every process the JIT_DATA where that log is, or, if it is lost, delete the key "
                f"{keys.AUDIT_LOG}."
            )
        self._is_ours = True


class Recorder:
    """Appends events to the log; nothing is recorded where it would be the wrong one."""

    def __init__(self, audit_log: AuditLog, ownership: Ownership) -> None:
        self._log = audit_log
        self._ownership = ownership
        self._one_at_a_time = asyncio.Lock()

    async def handle(self, entries: Sequence[Entry]) -> None:
        """Consume events. Raises OtherLog."""
        await self._ownership.check()
        async with self._one_at_a_time:
            await asyncio.to_thread(
                self._log.append, [(entry.partition, entry.id, entry.event) for entry in entries]
            )
