"""Feeds the audit log from the outbox, in order and once."""

import asyncio
from collections.abc import Sequence

from redis.asyncio import Redis

from app.audit.log import AuditLog
from app.store import keys
from app.store.requests import reachable
from app.store.stream import Entry

GROUP = "audit"
BATCH = 200


class OtherLog(Exception):  # noqa: N818  said to the person who runs the bot
    """The events of this store belong to another audit log; each would tell half."""


class Recorder:
    """Appends events to the log that this store's events have gone to from the first."""

    def __init__(self, audit_log: AuditLog, client: Redis) -> None:
        self._log = audit_log
        self._redis = client
        self._is_ours = False
        self._one_at_a_time = asyncio.Lock()

    async def handle(self, entries: Sequence[Entry]) -> None:
        """Consume events. Raises OtherLog, and so records nothing, when the store knows another log."""
        await self._check_owner()
        async with self._one_at_a_time:
            await asyncio.to_thread(
                self._log.append, [(entry.partition, entry.id, entry.event) for entry in entries]
            )

    async def _check_owner(self) -> None:
        if self._is_ours:
            return
        async with reachable():
            await self._redis.setnx(keys.AUDIT_LOG, self._log.log_id)
            known = await self._redis.get(keys.AUDIT_LOG)
        if known != self._log.log_id:
            raise OtherLog(
                f"this store's events have gone to audit log {known}, the one here is {self._log.log_id}. "
                f"Run the worker where that log is, or, if it is lost, delete the key {keys.AUDIT_LOG}"
            )
        self._is_ours = True
