"""Command: programs that the settings name give and take back; docs/command.md tells what they must do."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import ClassVar

from app.connectors.command import settings as written
from app.connectors.mark import Mark
from app.connectors.protocol import Capabilities, ConnectorFailed, Found, Granted, Unfit
from app.connectors.settings import ConnectorsError
from app.connectors.told import LARGEST, Call, GrantAnswer, ListAnswer, plan_line, question, read
from app.domain.request import Request
from app.program import ProgramFailed, run

ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
"""All that a program gets of an environment, beside what settings name for it: nothing of the bot's."""
ROOT = Path("/")
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")


class Command:
    """Runs the words of each call. No text of a request becomes more or less than one word of them."""

    Settings = written.Settings
    Parameters = written.Parameters
    capabilities: ClassVar[Capabilities] = Capabilities(native_expiry=False, ends_sessions=False)

    def __init__(self, name: str, settings: written.Settings, mark: Mark) -> None:
        self.name = name
        self._settings = settings
        self._mark = mark

    def plan(self, request: Request) -> Sequence[str]:
        words = self._words(Call.GRANT, self._mark.key(request.id), request)
        return (f"runs {shlex.join(words)}"[:300], *plan_line(request))

    def place(self, request: Request) -> str:  # noqa: ARG002  the protocol's
        """The words of a revocation: only their program knows which of them say where."""
        return f"what is revoked by {shlex.join(self._settings.revoke)}"

    async def grant(self, request: Request, key: str) -> Granted:
        answer = await self._run(Call.GRANT, key, request)
        return read(answer, GrantAnswer, self.name).granted(self.name, request, key)

    async def extend(self, request: Request, key: str) -> None:
        await self._run(Call.EXTEND, key, request)

    async def revoke(self, request: Request, key: str) -> None:
        await self._run(Call.REVOKE, key, request)

    async def check(self) -> None:
        await self._run(Call.CHECK)

    async def list_active(self) -> Sequence[Found]:
        return read(await self._run(Call.LIST), ListAnswer, self.name).found(self.name, self._mark)

    async def remove(self, found: Found) -> None:
        await self._run(Call.REVOKE, found.key)

    async def close(self) -> None:
        """Nothing is held."""

    async def _run(self, call: Call, key: str = "", request: Request | None = None) -> bytes:
        try:
            words = self._words(call, key, request)
            environment = ENVIRONMENT | {
                name: value.read().get_secret_value() for name, value in self._settings.environment.items()
            }
        except (Unfit, ConnectorsError) as error:
            raise ConnectorFailed(str(error)) from None
        told, within = question(call, self._mark, key, request), self._settings.timeout
        try:
            return await run(words, environment, told, within=within, largest=LARGEST, folder=ROOT)
        except ProgramFailed as failed:
            raise ConnectorFailed(f"{PurePosixPath(words[0]).name} {failed}") from None

    def _words(self, call: Call, key: str, request: Request | None) -> list[str]:
        """Fill in the placeholders. Raises Unfit for what a program could misread."""
        values = {written.KEY: key} | (_values(request) if request else {})
        return [self._word(each, values) for each in self._settings.words(call)]

    def _word(self, word: str, values: dict[str, str]) -> str:
        found = written.PLACEHOLDER.fullmatch(word)
        if not found:
            return word
        value, what = values[found[1]], found[1]
        if UNPRINTABLE.search(value):
            raise Unfit(
                f"the {what} has a line break or a control character, which {self.name} does not take"
            )
        if value.startswith("-") and not self._settings.dashes:
            raise Unfit(f"the {what} begins with a dash, which {self.name} does not take")
        return value


def _values(request: Request) -> dict[str, str]:
    return {
        "resource": request.resource,
        "action": request.action,
        "environment": request.environment,
        "requester": request.requester.id,
        "reason": request.reason,
    }
