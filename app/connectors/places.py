"""At which place the access of a grant is created: kept from before it is, so that it is looked for nowhere else.

Where settings lead elsewhere by now, a revocation would find nothing there, and take that for gone. So nothing is
asked of another place than the kept one; it stays visible as a failure, and is tried again, until it can be reached.
"""

import asyncio
import hashlib

import structlog

from app.connectors.calls import ANSWERS_WITHIN
from app.connectors.protocol import ConnectorFailed, TellsPlace, Unfit
from app.connectors.registry import Connectors
from app.domain.request import Request

LONGEST = 300
log = structlog.get_logger(__name__)


async def place_of(connectors: Connectors, request: Request) -> str | None:
    """Name where a request's access would be created by the settings as they are.

    None where the grant key alone is the access; empty where the settings name no place, so that none can be.
    """
    if request.target is None:
        return None
    try:
        return await _named(connectors, request)
    except ConnectorFailed as failure:
        log.warning("no_place", request=request.id, error=str(failure))
        return ""


async def why_elsewhere(connectors: Connectors, request: Request) -> str:
    """Say that the settings lead elsewhere than when a grant began, and what to do; empty where they do not.

    Of what an earlier version of the bot gave no place is known: it is looked for where the settings say.
    """
    if request.place is None:
        return ""
    try:
        now = await _named(connectors, request)
    except ConnectorFailed as failure:
        return str(failure)
    if not request.place:
        return f"the settings named no place for {request.resource} when the grant began; ask anew"
    opened = connectors.of(request)
    if now == request.place:
        return ""
    if opened and request.place in opened.formerly:
        log.warning("former_place", request=request.id, then=request.place, now=now)
        return ""
    name = request.target.connector if request.target else ""
    return (
        f"{request.resource} is another place by now than when access was given. Then: {request.place}. "
        f"Now: {now}. Put the settings of the connector {name} back in JIT_CONNECTORS, and it goes on by itself; where "
        "that cannot be, take the access away there by hand, and write the former place under formerly"
    )


async def must_be_there(connectors: Connectors, request: Request) -> None:
    """Raise ConnectorFailed where the settings lead elsewhere than when the grant began."""
    if why := await why_elsewhere(connectors, request):
        raise ConnectorFailed(why)


async def _named(connectors: Connectors, request: Request) -> str:
    """Name the place, and the mark of what is created there. Raises ConnectorFailed where there is none."""
    opened, name = connectors.of(request), request.target.connector if request.target else ""
    if opened is None:
        raise ConnectorFailed(f"no connector {name} is set up any more; name it again in JIT_CONNECTORS")
    marked = f"marked {connectors.mark.prefix.removesuffix('-')}"
    if not isinstance(teller := opened.connector, TellsPlace):
        return marked
    try:
        async with asyncio.timeout(ANSWERS_WITHIN):
            place = await asyncio.to_thread(teller.place, request)
    except Unfit as unfit:
        raise ConnectorFailed(f"{unfit} any more; name it again in JIT_CONNECTORS") from None
    except ConnectorFailed:
        raise
    except Exception as bug:
        log.exception("connector_bug", connector=name)
        raise ConnectorFailed(f"the connector {name} failed in a way that its log tells") from bug
    return f"{_short(place)}, {marked}"


def _short(place: str) -> str:
    """Bring it on one line that people can read and copy; what is cut off still counts."""
    line = " ".join(place.split())
    if len(line) <= LONGEST:
        return line
    return f"{line[:LONGEST]}… ({hashlib.sha256(line.encode()).hexdigest()[:16]})"
