"""For Flask, Django and every other WSGI application: refusals as answers, and a grant for all that lies below.

A framework that answers exceptions by itself has to be told: a Refused is a WSGI application, which Flask takes as an
answer (`app.register_error_handler(Refused, lambda refused: refused)`).
"""

from collections.abc import Callable, Iterable
from typing import Any

from .asgi import gate
from .finding import Found
from .guard import RequiresGrant
from .refused import Refused

App = Callable[[Any, Any], Iterable[bytes]]


class WsgiGrantMiddleware:
    """Answers with the problem document where the application below raises one when it is called.

    With `action` all below takes a grant; everything else is as of `GrantMiddleware`, with callables of the environ.
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

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        try:
            if self._gate:
                self._gate.pass_(environ)
            return self._app(environ, start_response)
        except Refused as refused:
            return refused(environ, start_response)
