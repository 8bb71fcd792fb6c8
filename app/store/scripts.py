"""The Lua files, called by their SHA and loaded again where the server has forgotten them."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.commands.core import AsyncScript

Argument = str | int | float


@cache
def source(name: str) -> str:
    """Read one Lua file of this package."""
    return files(__package__).joinpath("lua", f"{name}.lua").read_text(encoding="utf-8")


class Scripts:
    """Every operation by the name of its file."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._known: dict[str, AsyncScript] = {}

    def _script(self, name: str) -> AsyncScript:
        if name not in self._known:
            self._known[name] = self._redis.register_script(source(name))
        return self._known[name]

    async def run(
        self, name: str, keys: Sequence[str], args: Sequence[Argument], pipeline: Pipeline | None = None
    ) -> Any:
        """Run a script; in a pipeline, queue it."""
        return await self._script(name)(keys=list(keys), args=list(args), client=pipeline)
