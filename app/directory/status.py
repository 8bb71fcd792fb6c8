"""How sources stand, read from outside the bot: for the commands that look at an installation."""

from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from pydantic import SecretStr, ValidationError

from app.directory.found import Found, SourceFailed, source_id
from app.directory.matching import People
from app.policy import Policy
from app.policy.outside import Directory, Roll
from app.store.connection import connect
from app.store.requests import RequestStore
from app.store.rolls import Rolls


def address_of(redis_url: SecretStr | None, data: Path) -> str | None:
    """Give the address of the bot's Redis: the one that is named, or its own while it runs."""
    if redis_url is not None:
        return redis_url.get_secret_value()
    own = data / "redis" / "redis.sock"
    return f"unix://{own}" if own.exists() else None


async def as_told(policy: Policy, url: str) -> tuple[Policy, dict[str, str], datetime]:
    """Give a policy with what the bot's sources said, what is wrong with them, and the time.

    Raises Unavailable when Redis cannot be reached.
    """
    async with aclosing(connect(url)) as connection:
        store, people = Rolls(connection.calls), People(policy)
        now = await RequestStore(connection.calls).now()
        told = await store.told()
        rolls: dict[str, Roll] = {}
        problems: dict[str, str] = {}
        for name, source in policy.sources.items():
            each = source_id(source)
            known = told.get(each)
            if known is None:
                continue
            if known.problem:
                problems[name] = known.problem
            document = await store.document(each) if known.as_of else None
            if document is None or known.as_of is None:
                continue
            try:
                rolls[name] = people.roll(Found.model_validate_json(document), known.as_of)
            except (ValidationError, SourceFailed) as error:
                problems[name] = str(error)
        return policy.with_directory(Directory(MappingProxyType(rolls)), now), problems, now
