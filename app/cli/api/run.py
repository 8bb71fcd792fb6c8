"""`jit run ACTION RESOURCE -- CMD …`: ask, wait, run, give back however the command ends."""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from app.child import DIES_WITH_PARENT
from app.cli.api.beating import OVER, beat
from app.cli.api.client import LONGEST_WAIT, Api, Refusal
from app.cli.api.credentials import Credentials
from app.cli.api.own_key import OwnKey
from app.cli.api.telling import GIVEN, fail, waits_for, with_api
from app.cli.api.verbs import ask_body, not_given, seconds_in
from app.cli.api.waiting import caught, say, take_back, wait_for_it

Json = dict[str, Any]
OF_THE_TERMINAL = frozenset({signal.SIGINT, signal.SIGQUIT})
STOPS_WITHIN = 10.0
LOOKS_AGAIN_AFTER = 5.0


def run(
    action: Annotated[str, typer.Argument(help="What, such as prod-db-debug.")],
    resource: Annotated[str, typer.Argument(help="On what, such as orders-db.")],
    command: Annotated[list[str], typer.Argument(metavar="-- CMD...", help="What to run with the access.")],
    duration: Annotated[
        str, typer.Option("--for", help="For how long; the action's default otherwise.")
    ] = "",
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    keep: Annotated[
        bool, typer.Option("--keep", help="Let the command run on when access ends early.")
    ] = False,
    bound: Annotated[
        bool, typer.Option("--bound", help="Ask for this exact command, which approvers see.")
    ] = False,
    silence: Annotated[
        str,
        typer.Option(help="End the access when this command has not been heard of for so long, 4s to 5m."),
    ] = "4s",
) -> None:
    """Run a command with access: ask, wait, run it, and give the access back however it ends.

    The exit code is the command's; 1 when access is not given. When access ends early the command is ended too.
    While it runs it says so to the server: killed, suspended or cut off, its access ends soon after.
    """
    if shutil.which(command[0]) is None:
        fail(f"{command[0]}: there is no such command, so nothing was asked for", 2)
    body = {**ask_body(action, resource, duration, reason), "heartbeat": _seconds_of(silence)}
    only = command if bound else None
    if only:
        body["command"] = only
    raise typer.Exit(with_api(lambda api: _Run(api, keep, only).run(body, command)))


def _seconds_of(silence: str) -> int:
    from app.domain.silence import LONGEST, SHORTEST  # noqa: PLC0415  the other commands start without it

    seconds = seconds_in(silence, "--silence")
    if not SHORTEST.total_seconds() <= seconds <= LONGEST.total_seconds():
        fail(f"--silence {silence}: it should be from 4s to 5m", 2)
    return seconds


class _Run:
    def __init__(self, api: Api, keep: bool, bound: list[str] | None) -> None:
        """`bound`: the command that access is asked for, where it is for that alone."""
        self._api = api
        self._keep = keep
        self._bound = bound

    async def run(self, body: Json, command: list[str]) -> int:
        """Do it all; gives the exit code."""
        asked = await self._api.post("/v1/requests", body, key=secrets.token_hex(16))
        with caught() as stopped:
            if asked["settled"]:
                given: Json | None = asked
            else:
                say(waits_for(asked))
                given = await wait_for_it(self._api, asked, stopped)
            if given is None:
                await take_back(self._api, asked["id"])
                return 128 + await stopped.get()
            if given["state"] != GIVEN:
                fail(not_given(given))
            over = asyncio.create_task(beat(self._api, given))  # before anything else: it is waited for
            say(f"{given['id']}: access to {given['resource']} until {given['ends_at']}")
            try:
                if given["command"] != self._bound:
                    say(f"{given['id']}: it was not approved for this command, so nothing is run")
                    return 1
                return await self._run(given, command, stopped, over)
            finally:
                over.cancel()
                await asyncio.shield(self._give_back(given))

    async def _run(
        self, given: Json, command: list[str], stopped: "asyncio.Queue[int]", over: "asyncio.Task[None]"
    ) -> int:
        with Credentials(await self._credentials(given)) as credentials:
            return await self._run_with(credentials, given, command, stopped, over)

    async def _credentials(self, given: Json) -> Json:
        """Take the credentials of the access, where it is one that has some: for a key made here, if it takes keys."""
        if not given.get("connector"):
            return {}
        own = OwnKey()
        try:
            using = {"command": self._bound} if self._bound else {}
            told = await self._api.post(
                f"/v1/requests/{given['id']}/credentials", {"public_key": own.public, **using}
            )
            return own.beside(told)
        except Refusal as refusal:
            if refusal.code != "no_credentials":
                raise
            return {}

    async def _run_with(
        self,
        credentials: dict[str, str],
        given: Json,
        command: list[str],
        stopped: "asyncio.Queue[int]",
        over: "asyncio.Task[None]",
    ) -> int:
        try:
            child = await asyncio.create_subprocess_exec(
                *command,
                env={**os.environ, **credentials, "JIT_REQUEST": given["id"]},
                preexec_fn=None if self._keep else DIES_WITH_PARENT,
            )
        except OSError as error:
            say(f"{command[0]}: {error.strerror}")
            return 126
        beside = [
            asyncio.create_task(_forward(stopped, child)),
            *([] if self._keep else [asyncio.create_task(self._end_with(given, child, over))]),
        ]
        try:
            status = await child.wait()
        finally:
            for task in beside:
                task.cancel()
        return status if status >= 0 else 128 - status

    async def _end_with(
        self, given: Json, child: asyncio.subprocess.Process, over: "asyncio.Task[None]"
    ) -> None:
        """End the command as soon as the access has ended, whoever ended it."""
        found = await self._told_or_heard(given, over)
        if found is not None:
            said = found["ended_by"] or found["comment"] or found["state"].replace("_", " ")
            say(
                f"{given['id']}: the access has ended ({said}), so the command is ended; --keep lets it run on"
            )
        else:
            say(f"{given['id']}: the access has ended by its time, so the command is ended")
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
            await asyncio.sleep(STOPS_WITHIN)
            child.kill()

    async def _told_or_heard(self, given: Json, over: "asyncio.Task[None]") -> Json | None:
        """Wait for the end: as the server tells it, or as a heartbeat is refused, whichever comes first."""
        told = asyncio.create_task(self._ended(given))
        try:
            await asyncio.wait({told, over}, return_when=asyncio.FIRST_COMPLETED)
            if told.done():
                return told.result()
            with contextlib.suppress(Refusal):
                return await self._api.get(f"/v1/requests/{given['id']}")
            return None
        finally:
            told.cancel()

    async def _ended(self, given: Json) -> Json | None:
        """Wait for the end: as the server tells it, or by the clock where the server cannot be asked."""
        ends_at = given["ends_at"]
        while True:
            try:
                found = await self._api.get(f"/v1/requests/{given['id']}", wait=LONGEST_WAIT, until="ended")
            except Refusal as refusal:
                if refusal.code in OVER:
                    return None  # whoever may not look any more may not go on either
                if datetime.now(UTC) >= datetime.fromisoformat(ends_at):
                    return None
                await asyncio.sleep(LOOKS_AGAIN_AFTER)
                continue
            if found["state"] != GIVEN:
                return found
            ends_at = found["ends_at"]

    async def _give_back(self, given: Json) -> None:
        try:
            await self._api.post(f"/v1/requests/{given['id']}/done")
        except Refusal as refusal:
            if refusal.code != "wrong_state":
                say(f"{given['id']}: not given back ({refusal}); it ends by itself at {given['ends_at']}")
        else:
            say(f"{given['id']}: given back")


async def _forward(stopped: "asyncio.Queue[int]", child: asyncio.subprocess.Process) -> None:
    """Hand signals on, but those that the terminal itself gives to everything in its foreground."""
    while True:
        number = await stopped.get()
        if number in OF_THE_TERMINAL and _is_in_foreground():
            continue
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(number)


def _is_in_foreground() -> bool:
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False
