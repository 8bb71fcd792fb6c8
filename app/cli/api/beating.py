"""Heartbeats of `jit run`: while it runs they say so, and when it is killed their absence does."""

import asyncio
from typing import Any

from app.cli.api.client import Api, Refusal
from app.cli.api.waiting import say

Json = dict[str, Any]
IN_TIME = 4
"""So many heartbeats are sent in the time in which one has to come."""
OVER = frozenset({"wrong_state", "unknown_request", "token_refused", "not_known", "scope_missing"})
"""Answers after which there is nothing to keep alive, or nobody here who may."""


async def beat(api: Api, given: Json) -> Refusal:
    """Send heartbeats until access is over, however it ended; gives why no more are sent, and raises nothing.

    A server that does not answer, or cannot reach its store, ends nothing here: it hears nobody then, and lets
    nothing lapse for that; what it cannot prevent is the end by its time.
    """
    try:
        return await _beat(api, given)
    except Exception as error:  # noqa: BLE001  a bug here would end access in silence: it is told
        refusal = Refusal(f"they failed, which is a bug of jit's: {type(error).__name__}: {error}")
        say(f"{given['id']}: no heartbeats are sent any more ({refusal}); the access ends before its time")
        return refusal


async def _beat(api: Api, given: Json) -> Refusal:
    every, is_told = given["heartbeat"] / IN_TIME, False
    clock = asyncio.get_running_loop().time
    while True:
        began = clock()
        try:
            await api.tell(f"/v1/requests/{given['id']}/heartbeat", within=max(1.0, 2 * every))
            is_told = False
        except Refusal as refusal:
            if refusal.code in OVER:
                return refusal
            if not is_told:
                say(f"{given['id']}: no heartbeat arrives ({refusal}); the access may end before its time")
            is_told = True
        await asyncio.sleep(max(0.0, every - (clock() - began)))
