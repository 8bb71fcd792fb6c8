"""`@requires_grant("action")`: what it stands above runs only while its caller holds a grant for it.

Who the caller is must be said by the service, from what it has authenticated: there is no default, no header is read.
"""

import functools
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from .asking import Asking
from .need import NAME, Held, Need, NoNeed
from .offline import OfflineTokens
from .refused import CannotTell, NobodysNeed, NotGranted, Refused

P = ParamSpec("P")
R = TypeVar("R")
Found = Callable[[Any], Any]
"""Finds something in a call: in a mapping of a function's arguments by their names, in a scope or an environ."""
log = logging.getLogger("jit_client")


class Grants(Protocol):
    """Who knows of grants: `BotGrants` or `RedisGrants`. Each raises CannotTell when it does not know."""

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
    ) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """Decorate a function, sync or async.

        `resource` and `subject` are names of its arguments, or callables that are given the mapping of all of them;
        async ones only above async functions. `token` gives an offline token, or None. Raises TypeError or ValueError
        where it is written, not where it is called, for what cannot be right.
        """
        _check_action(action)
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
            find = _Finding(
                subject=_finder(self._subject if subject is None else subject, signature, "subject"),
                resource=_finder(resource, signature, "resource"),
                token=token,
            )
            if inspect.iscoroutinefunction(function):
                return cast(Callable[P, R], self._above_async(function, signature, action, find))
            return self._above(function, signature, action, find)

        return decorate

    def _above(
        self, function: Callable[P, R], signature: inspect.Signature, action: str, find: "_Finding"
    ) -> Callable[P, R]:
        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            call = _arguments(signature, args, kwargs)
            subject, resource = _now(find.subject(call)), _now(find.resource(call))
            self.let(action, subject, resource, _now(find.token_in(call)))
            return function(*args, **kwargs)

        return guarded

    def _above_async(
        self,
        function: Callable[..., Awaitable[Any]],
        signature: inspect.Signature,
        action: str,
        find: "_Finding",
    ) -> Callable[..., Awaitable[Any]]:
        @functools.wraps(function)
        async def guarded(*args: Any, **kwargs: Any) -> Any:
            call = _arguments(signature, args, kwargs)
            subject, resource = await _had(find.subject(call)), await _had(find.resource(call))
            await self.let_async(action, subject, resource, await _had(find.token_in(call)))
            return await function(*args, **kwargs)

        return guarded

    # -- one call ------------------------------------------------------------------------------------

    def let(self, action: str, subject: Any, resource: Any, token: Any = None) -> Held:
        """Let one call through, and give the grant. Raises NotGranted, NobodysNeed, TokenRefused or CannotTell."""
        need = self._need(action, subject, resource)
        try:
            if token is not None:
                return self._believing().verify(token, need)
            held = self._grants.check(need)
            if held is None:
                raise NotGranted(need, self._asking)
            if held.single_use and not self._grants.consume(held, need):
                raise NotGranted(need, self._asking, "The grant was good for one use, and has been used.")
        except CannotTell as cannot:
            raise _logged(cannot)  # noqa: B904  the same
        return held

    async def let_async(self, action: str, subject: Any, resource: Any, token: Any = None) -> Held:
        """Do the same, beside other things."""
        need = self._need(action, subject, resource)
        try:
            if token is not None:
                return await self._believing().verify_async(token, need)
            held = await self._grants.check_async(need)
            if held is None:
                raise NotGranted(need, self._asking)
            if held.single_use and not await self._grants.consume_async(held, need):
                raise NotGranted(need, self._asking, "The grant was good for one use, and has been used.")
        except CannotTell as cannot:
            raise _logged(cannot)  # noqa: B904  the same
        return held

    def who(self, call: Any) -> Any:
        """Find who calls, for a middleware."""
        return self._subject(call)

    def _believing(self) -> OfflineTokens:
        if self._offline is None:
            raise TypeError("this RequiresGrant believes no offline tokens: give it `offline`")
        return self._offline

    def _need(self, action: str, subject: Any, resource: Any) -> Need:
        try:
            return Need(subject, action, resource)
        except NoNeed as none:
            if none.part == "action":
                raise
            raise NobodysNeed(action, none.part, self._asking) from None


class _Finding:
    """How the parts of a need are found in a call."""

    def __init__(self, *, subject: Found, resource: Found, token: Found | None) -> None:
        self.subject = subject
        self.resource = resource
        self._token = token

    def token_in(self, call: Any) -> Any:
        return self._token(call) if self._token else None


def _check_action(action: Any) -> None:
    if not isinstance(action, str) or not NAME.fullmatch(action):
        raise ValueError(f'{action!r:.60} is no action\'s name: requires_grant("prod-db-debug", resource=…)')


def _finder(named: str | Found, signature: inspect.Signature, part: str) -> Found:
    if callable(named):
        return named
    variable = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    there = [name for name, each in signature.parameters.items() if each.kind not in variable]
    if named not in there:
        have = ", ".join(there) or "none"
        raise TypeError(f"{part} is the argument {named!r:.60}, and the function's arguments are: {have}")
    return lambda call: call[named]


def _arguments(signature: inspect.Signature, args: Any, kwargs: Any) -> Mapping[str, Any]:
    """Give all arguments by name. Raises TypeError for those that the function does not take, as a call of it does."""
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    return bound.arguments


def _is_function(thing: Any) -> bool:
    """Tell whether calling it runs it: an async generator runs later, a class or a descriptor is something else."""
    others = (type, staticmethod, classmethod)
    return callable(thing) and not isinstance(thing, others) and not inspect.isasyncgenfunction(thing)


def _now(value: Any) -> Any:
    if inspect.iscoroutine(value):
        value.close()
        raise TypeError("what is found by an async callable is waited for above async functions alone")
    return value


async def _had(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


def _logged(cannot: CannotTell) -> Refused:
    log.error("no call is let through: %s", cannot.why)
    return cannot
