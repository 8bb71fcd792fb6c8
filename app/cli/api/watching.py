"""Watches the access of a command that runs, by what the server tells and by its time; says why the command ends."""

import asyncio
import contextlib
from datetime import datetime
from typing import Any

from app.cli.api.beating import OVER
from app.cli.api.client import LONGEST_WAIT, Api, Refusal
from app.cli.api.telling import GIVEN

Json = dict[str, Any]
LOOKS_AGAIN_AFTER = 5.0


async def why_over(api: Api, given: Json, beating: "asyncio.Task[Refusal]") -> str:
    """Wait until the command may not run on; gives why, as a clause. Raises nothing.

    Whichever comes first: the server tells of the end, refuses a heartbeat or any news, or time is up while it is
    away. Access that cannot be watched for a bug counts as over too.
    """
    told = asyncio.create_task(_told(api, given))
    try:
        await asyncio.wait({told, beating}, return_when=asyncio.FIRST_COMPLETED)
        return told.result() if told.done() else await _unheard(api, given, beating.result())
    except Exception as error:  # noqa: BLE001  a bug here would let the command run on unwatched: it is told
        return f"the access cannot be watched, which is a bug of jit's ({type(error).__name__}: {error})"
    finally:
        told.cancel()


async def _told(api: Api, given: Json) -> str:
    """Wait for the end as the server tells it, or by its clock where it cannot be asked."""
    ends_at = given["ends_at"]
    while True:
        try:
            found = await api.get(f"/v1/requests/{given['id']}", wait=LONGEST_WAIT, until="ended")
        except Refusal as refusal:
            if refusal.code in OVER:
                return f"the server says nothing of the access any more ({refusal})"
            if api.clock.now() >= datetime.fromisoformat(ends_at):
                return f"the access has ended by its time, and the server cannot be asked ({refusal})"
            await asyncio.sleep(LOOKS_AGAIN_AFTER)
            continue
        if found["state"] != GIVEN:
            return _ended(found)
        ends_at = found["ends_at"]


async def _unheard(api: Api, given: Json, refusal: Refusal) -> str:
    """Say why heartbeats have stopped: most often because access has ended, which the request tells best."""
    with contextlib.suppress(Refusal):
        found = await api.get(f"/v1/requests/{given['id']}")
        if found["state"] != GIVEN:
            return _ended(found)
    return f"the access ends soon, as no heartbeat of it is taken any more ({refusal})"


def _ended(found: Json) -> str:
    said = found["ended_by"] or found["comment"] or found["state"].replace("_", " ")
    return f"the access has ended ({said})"
