"""How a call says who wants what: by the names of a function's arguments, or by callables of a service's own."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Found = Callable[[Any], Any]
"""Finds something in a call: in a mapping of a function's arguments by their names, in a scope or an environ."""


class Finding:
    """Finds `subject`, `resource`, and, where they are said, `token`, `command` and `parameters` in a call."""

    def __init__(self, **find: Found | None) -> None:
        self._find = {part: each for part, each in find.items() if each is not None}

    def now(self, call: Any) -> dict[str, Any]:
        """Find them, waiting for nothing. Raises TypeError for async callables, and for None as what is exact."""
        return _complete({part: _now(find(call)) for part, find in self._find.items()})

    async def later(self, call: Any) -> dict[str, Any]:
        """Find them, waiting for callables that are async."""
        return _complete({part: await _had(find(call)) for part, find in self._find.items()})


def argument(named: str | Found, signature: inspect.Signature, part: str) -> Found:
    """Find an argument by its name, or by a callable. Raises TypeError for a name that is none of the function's."""
    if callable(named):
        return named
    variable = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    there = [name for name, each in signature.parameters.items() if each.kind not in variable]
    if named not in there:
        have = ", ".join(there) or "none"
        raise TypeError(f"{part} is the argument {named!r:.60}, and the function's arguments are: {have}")
    return lambda call: call[named]


def several(named: Iterable[str] | Found, signature: inspect.Signature) -> Found:
    """Find parameters: arguments by their names, or what a callable gives. Raises TypeError."""
    if callable(named):
        return named
    names = [] if isinstance(named, str) else list(named)
    if not names:
        raise TypeError('parameters should be names of arguments, ["order", "amount"], or a callable')
    finders = {name: argument(name, signature, "one of parameters") for name in names}
    return lambda call: {name: find(call) for name, find in finders.items()}


def arguments(signature: inspect.Signature, args: Any, kwargs: Any) -> Mapping[str, Any]:
    """Give all arguments by name. Raises TypeError for those that the function does not take, as a call of it does."""
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    return bound.arguments


def must_be_one(command: Any, parameters: Any) -> None:
    """Raise TypeError where both are said."""
    if command is not None and parameters is not None:
        raise TypeError("a grant is for one exact command, or for exact parameters: give one of both")


def _complete(found: dict[str, Any]) -> dict[str, Any]:
    """Refuse None for what a grant is to be for exactly: it would say that any grant will do."""
    for part in ("command", "parameters"):
        if part in found and found[part] is None:
            raise TypeError(f"{part} should be found in every call, and is None in this one")
    return found


def _now(value: Any) -> Any:
    if inspect.iscoroutine(value):
        value.close()
        raise TypeError("what is found by an async callable is waited for above async functions alone")
    return value


async def _had(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value
