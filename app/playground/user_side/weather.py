"""Faults on demand, and the call log."""

from difflib import get_close_matches

from app.playground.api.dispatch import METHODS
from app.playground.model import Json
from app.playground.user_side.names import Asked, RefusedError


async def bring_about(asked: Asked) -> Json:
    """Start a fault: `{kind, method?, count?, seconds?}`; `{kind: "none"}` ends them all."""
    board, kind, now = asked.board, asked.text("kind"), asked.board.clock()
    count, seconds = asked.number("count"), asked.number("seconds")
    match kind:
        case "none":
            board.faults.clear()
            return {"ok": True}
        case "disconnect":
            board.faults.sockets_refused_until = now + (seconds or 0.0)
            return {"ok": True, "dropped": await board.deliveries.sockets.drop()}
        case "refresh":
            return {"ok": True, "dropped": board.deliveries.sockets.refresh()}
        case "duplicate":
            board.faults.duplicates = int(count or 1)
            return {"ok": True}
    whole = int(count) if count is not None else None
    try:
        board.faults.add(kind, now=now, method=_method(asked), count=whole, seconds=seconds)
    except ValueError as error:
        raise RefusedError(400, str(error)) from error
    return {"ok": True}


def _method(asked: Asked) -> str:
    """Read which method a fault hits; none means all, and response URLs count as one."""
    name, known = asked.text("method", ""), [*METHODS, "response_url"]
    if name and name not in known:
        near = get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}."
        raise RefusedError(400, f"There is no method {name!r}; {hint}")
    return name


def calls(asked: Asked) -> Json:
    """List the calls that apps made, oldest first; `method` and `since` (a time) narrow it down."""
    method, since = asked.text("method", ""), float(asked.text("since", "0") or 0)
    found = [call for call in asked.board.calls if method in {"", call["method"]} and call["time"] >= since]
    return {"calls": found}
