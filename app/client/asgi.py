"""For FastAPI, Starlette and every other ASGI application: refusals as answers, and a grant for all that lies below."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from .finding import Finding, Found, must_be_one
from .guard import RequiresGrant, _check_action
from .refused import Refused

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class GrantMiddleware:
    """Answers with the problem document where something below raises one.

    With `action` all below takes a grant: `guard`, and `resource`, a callable of the scope. `subject` and `token` are
    callables of the scope too; without `subject` it is the guard's. So are `command`, which gives the words of one, and
    `parameters`, which gives a mapping: what a grant may be bound to.
    """

    def __init__(
        self,
        app: App,
        guard: RequiresGrant | None = None,
        *,
        action: str | None = None,
        resource: Found | None = None,
        subject: Found | None = None,
        token: Found | None = None,
        command: Found | None = None,
        parameters: Found | None = None,
    ) -> None:
        self._app = app
        self._gate = gate(
            guard,
            action,
            resource=resource,
            subject=subject,
            token=token,
            command=command,
            parameters=parameters,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def noting(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            if self._gate:
                await self._gate.pass_async(scope)
            await self._app(scope, receive, noting)
        except Refused as refused:
            if has_begun:
                raise
            await _answer(refused, scope, send)


class Gate:
    """What a middleware asks of each call."""

    def __init__(self, guard: RequiresGrant, action: str, find: Finding) -> None:
        self._guard = guard
        self._action = action
        self._find = find

    def pass_(self, call: Any) -> None:
        self._guard.let(self._action, **self._find.now(call))

    async def pass_async(self, call: Any) -> None:
        await self._guard.let_async(self._action, **await self._find.later(call))


def gate(guard: RequiresGrant | None, action: str | None, **find: Found | None) -> Gate | None:
    """Make what is asked; None where only refusals are answered. Raises TypeError for half of it."""
    if action is None:
        if guard or any(each is not None for each in find.values()):
            raise TypeError("without an action nothing is guarded: give action, or nothing else")
        return None
    _check_action(action)
    if guard is None or find["resource"] is None:
        raise TypeError("with an action the middleware takes the guard, and resource as a callable")
    for part, each in find.items():
        if each is not None and not callable(each):
            raise TypeError(f"{part} should be a callable of the scope or environ")
    must_be_one(find["command"], find["parameters"])
    if find["token"] is not None:
        guard._believing()  # noqa: SLF001  says what is missing where it is written
    return Gate(guard, action, Finding(**{**find, "subject": find["subject"] or guard.who}))


async def _answer(refused: Refused, scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})  # before it is accepted: HTTP 403
        return
    headers = [(name.lower().encode("ascii"), value.encode("ascii")) for name, value in refused.headers]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    body = b"" if scope.get("method") == "HEAD" else refused.body
    await send({"type": "http.response.body", "body": body})
