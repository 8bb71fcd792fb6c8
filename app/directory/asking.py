"""Asks a source who is in it, whatever its kind."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from app.directory.command import output_of
from app.directory.found import Found, SourceFailed
from app.directory.http import get
from app.directory.opsgenie import Opsgenie
from app.directory.pagerduty import PagerDuty
from app.directory.scim import read_scim
from app.directory.slack_groups import SlackGroups
from app.policy.outside import Kind, Source

LARGEST_FILE = 5 * 1024 * 1024
NO_COMMANDS = "is a command, which the settings do not allow: set JIT_GROUP_COMMANDS=1"
NO_PAGERDUTY = "needs JIT_PAGERDUTY_TOKEN, a REST API key that may only read"
NO_OPSGENIE = "needs JIT_OPSGENIE_KEY, the key of an API integration that may only read"


@dataclass(frozen=True)
class Means:
    """All that asking takes. `folder`: where file names begin; `scim_token`: sent to SCIM addresses."""

    slack: AsyncWebClient
    http: aiohttp.ClientSession
    folder: Path
    commands: bool = False
    scim_token: str = ""
    pagerduty: PagerDuty | None = None
    opsgenie: Opsgenie | None = None


class Round:
    """One round of asking: what one call tells of several sources is asked once."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._slack = SlackGroups(means.slack)

    async def ask(self, source: Source) -> Found:
        """Ask who is in it. Raises SourceFailed."""
        first, means = source.where[0], self._means
        match source.kind:
            case Kind.SLACK:
                return await self._slack.members(first)
            case Kind.SCIM:
                return read_scim(await self._document(first))
            case Kind.COMMAND:
                if not means.commands:
                    raise SourceFailed(NO_COMMANDS)
                return read_scim(await output_of(source.where))
            case Kind.PAGERDUTY:
                if means.pagerduty is None:
                    raise SourceFailed(NO_PAGERDUTY)
                return await means.pagerduty.on_call(source.where)
            case Kind.OPSGENIE:
                if means.opsgenie is None:
                    raise SourceFailed(NO_OPSGENIE)
                return await means.opsgenie.on_call(first)

    async def _document(self, place: str) -> bytes:
        if "://" not in place:
            return await asyncio.to_thread(_read_file, self._means.folder / place)
        token = self._means.scim_token
        headers = {"Accept": "application/scim+json, application/json"}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        return await get(self._means.http, place, headers=headers)


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            read = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise SourceFailed(f"cannot be read ({error.strerror})") from None
    if len(read) > LARGEST_FILE:
        raise SourceFailed(f"has more than {LARGEST_FILE // 1024 // 1024} MB")
    return read
