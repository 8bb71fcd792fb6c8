"""Who may decide a request in another's place now: read from the bot's Redis, where there is one."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.policy import Policy


def deputies_of(request_id: str, policy: "Policy", data: Path) -> list[dict[str, str]]:
    """Give stage, delegate, delegator and end of each delegation that counts; none where that cannot be read.

    Whether both are still in Slack is not asked here: the bot asks it at each decision.
    """
    import asyncio  # noqa: PLC0415  `jit --help` starts without all this

    from app.directory.status import address_of  # noqa: PLC0415
    from app.domain.refusals import Unavailable, UnknownRequest  # noqa: PLC0415

    url = os.environ.get("JIT_REDIS_URL") or address_of(None, data)
    if not url or not policy.delegation:
        return []
    try:
        return asyncio.run(_read(request_id, policy, url))
    except (Unavailable, UnknownRequest, ValueError):
        return []


async def _read(request_id: str, policy: "Policy", url: str) -> list[dict[str, str]]:
    from contextlib import aclosing  # noqa: PLC0415

    from app.delegating import Delegating  # noqa: PLC0415
    from app.domain.delegation import Deputies  # noqa: PLC0415
    from app.domain.reminding import with_rungs  # noqa: PLC0415
    from app.store.connection import connect  # noqa: PLC0415
    from app.store.delegations import DelegationStore  # noqa: PLC0415
    from app.store.requests import RequestStore  # noqa: PLC0415

    async with aclosing(connect(url)) as connection:
        request, now = await RequestStore(connection.calls).load(request_id)
        held = await Delegating(DelegationStore(connection.calls), lambda: policy, _unasked).in_force()
    stages = (request.extension or request).open_stages if not request.is_final else ()
    deputies = Deputies(with_rungs(policy.entitled, request), request, held, now)
    return [
        {
            "stage": stage.name,
            "delegate": each.delegate.id,
            "delegator": each.delegator.id,
            "until": f"{each.until:%Y-%m-%d %H:%M} UTC",
        }
        for stage in stages
        for each in deputies.of(stage)
    ]


async def _unasked(_: Any) -> bool:
    return False


def deputy_lines(deputies: list[dict[str, str]]) -> list[str]:
    """Write each on a line."""
    return [
        f"  {each['delegate']} may decide for {each['delegator']} until {each['until']} ({each['stage']})"
        for each in deputies
    ]
