"""`@requires_grant("action")`: what it stands above runs only while its caller holds a grant for it.

Who the caller is must be said by the service, from what it has authenticated: there is no default, no header is read.
"""

import functools
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from .asking import Asking
from .exactly import Exactly, exactly_command, exactly_parameters
from .finding import Finding, Found, argument, arguments, must_be_one, several
from .need import NAME, Held, Need, NoNeed
from .offline import OfflineTokens
from .refused import CannotTell, NobodysNeed, NotGranted, Refused, TokenRefused

P = ParamSpec("P")
R = TypeVar("R")
USED = "The grant was good for one use, and has been used."
log = logging.getLogger("jit_client")


class Grants(Protocol):
    """Who knows of grants: `BotGrants` or `RedisGrants`. Each raises CannotTell when it does not know.

    NotGranted, instead of None, says why there is none.
    """

    def check(self, need: Need) -> Held | None: ...

    async def check_async(self, need: Need) -> Held | None: ...

    def consume(self, held: Held, need: Need) -> bool: ...

    async def consume_async(self, held: Held, need: Need) -> bool: ...


class RequiresGrant:
    """Lets calls through that there is a grant for; of one that is good for one use, the first alone.

    A call that is not let through raises NotGranted, TokenRefused or CannotTell, which are problem documents: 403,
    and 503 where Redis or the bot is away. Nothing is remembered from one call to the next.
    """

    def __init__(
        self,
        grants: Grants,
        *,
        subject: Found,
        asking: Asking | None = None,
        offline: OfflineTokens | None = None,
    ) -> None:
        """`subject` gives the id in policy of the caller, as the service has authenticated them.

        `offline`: believes tokens too, where a decorator or a middleware says where one is (`token`).
        """
        if not callable(subject):
            raise TypeError("subject should be a callable that gives who calls, as your service knows them")
        self._grants = grants
        self._subject = subject
        self._asking = asking or Asking()
        self._offline = offline

    def __call__(
        self,
        action: str,
        *,
        resource: str | Found,
        subject: str | Found | None = None,
        token: Found | None = None,
        command: str | Found | None = None,
        parameters: Sequence[str] | Found | None = None,
    ) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """Decorate a function, sync or async.

        `resource` and `subject` are names of its arguments, or callables that are given the mapping of all of them;
        async ones only above async functions. `token` gives an offline token, or None. `parameters`, names of arguments
        or a callable that gives a mapping, or `command`, the words of one, are what a grant may be bound to. Raises
        TypeError or ValueError where it is written, not where it is called, for what cannot be right.
        """
        _check_action(action)
        must_be_one(command, parameters)
        if token is not None and self._offline is None:
            raise TypeError(
                "token is given, and this RequiresGrant believes no offline tokens: give it `offline`"
            )

        def decorate(function: Callable[P, R]) -> Callable[P, R]:
            if not _is_function(function):
                raise TypeError(
                    "requires_grant stands above functions, sync or async, under @staticmethod and the like"
                )
            signature = inspect.signature(function)
            find = Finding(
                subject=argument(self._subject if subject is None else subject, signature, "subject"),
                resource=argument(resource, signature, "resource"),
                token=token,
                command=None if command is None else argument(command, signature, "command"),
                parameters=None if parameters is None else several(parameters, signature),
            )
            if inspect.iscoroutinefunction(function):
                return cast(Callable[P, R], self._above_async(function, signature, action, find))
            return self._above(function, signature, action, find)

        return decorate

    def _above(
        self, function: Callable[P, R], signature: inspect.Signature, action: str, find: Finding
    ) -> Callable[P, R]:
        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            self.let(action, **find.now(arguments(signature, args, kwargs)))
            return function(*args, **kwargs)

        return guarded

    def _above_async(
        self,
        function: Callable[..., Awaitable[Any]],
        signature: inspect.Signature,
        action: str,
        find: Finding,
    ) -> Callable[..., Awaitable[Any]]:
        @functools.wraps(function)
        async def guarded(*args: Any, **kwargs: Any) -> Any:
            await self.let_async(action, **await find.later(arguments(signature, args, kwargs)))
            return await function(*args, **kwargs)

        return guarded

    # -- one call ------------------------------------------------------------------------------------

    def let(
        self,
        action: str,
        subject: Any,
        resource: Any,
        token: Any = None,
        *,
        command: Sequence[str] | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> Held:
        """Let one call through, and give the grant. Raises NotGranted, NobodysNeed, TokenRefused or CannotTell."""
        need, exact = self._need(action, subject, resource, command, parameters)
        try:
            if token is not None:
                return self._believing(exact).verify(token, need)
            held = self._grants.check(need)
            is_used = held is not None and held.single_use and not self._grants.consume(held, need)
        except NotGranted as elsewhere:
            raise NotGranted(need, self._asking, elsewhere.why, exact) from None
        except CannotTell as cannot:
            raise _logged(cannot)  # noqa: B904  the same
        if held is None or is_used:
            raise NotGranted(need, self._asking, USED if is_used else "", exact)
        return held

    async def let_async(
        self,
        action: str,
        subject: Any,
        resource: Any,
        token: Any = None,
        *,
        command: Sequence[str] | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> Held:
        """Do the same, beside other things."""
        need, exact = self._need(action, subject, resource, command, parameters)
        try:
            if token is not None:
                return await self._believing(exact).verify_async(token, need)
            held = await self._grants.check_async(need)
            is_used = (
                held is not None and held.single_use and not await self._grants.consume_async(held, need)
            )
        except NotGranted as elsewhere:
            raise NotGranted(need, self._asking, elsewhere.why, exact) from None
        except CannotTell as cannot:
            raise _logged(cannot)  # noqa: B904  the same
        if held is None or is_used:
            raise NotGranted(need, self._asking, USED if is_used else "", exact)
        return held

    def who(self, call: Any) -> Any:
        """Find who calls, for a middleware."""
        return self._subject(call)

    def _believing(self, exact: Exactly | None = None) -> OfflineTokens:
        if self._offline is None:
            raise TypeError("this RequiresGrant believes no offline tokens: give it `offline`")
        if exact:
            raise TokenRefused(f"does not say for which {exact.part} it is, and this takes a grant for these")
        return self._offline

    def _need(
        self, action: str, subject: Any, resource: Any, command: Any, parameters: Any
    ) -> tuple[Need, Exactly | None]:
        must_be_one(command, parameters)
        exact = None
        try:
            if command is not None:
                exact = exactly_command(command)
            if parameters is not None:
                exact = exactly_parameters(parameters)
            return Need(subject, action, resource, exact.digest if exact else ""), exact
        except NoNeed as none:
            if none.part == "action":
                raise
            raise NobodysNeed(action, none.part, self._asking) from None


def _check_action(action: Any) -> None:
    if not isinstance(action, str) or not NAME.fullmatch(action):
        raise ValueError(f'{action!r:.60} is no action\'s name: requires_grant("prod-db-debug", resource=…)')


def _is_function(thing: Any) -> bool:
    """Tell whether calling it runs it: an async generator runs later, a class or a descriptor is something else."""
    others = (type, staticmethod, classmethod)
    return callable(thing) and not isinstance(thing, others) and not inspect.isasyncgenfunction(thing)


def _logged(cannot: CannotTell) -> Refused:
    log.error("no call is let through: %s", cannot.why)
    return cannot
