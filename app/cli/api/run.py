"""`jit run ACTION RESOURCE -- CMD …`: ask, wait, run, give back however the command ends."""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
from typing import Annotated, Any

import typer

from app.child import DIES_WITH_PARENT
from app.cli.api.beating import beat
from app.cli.api.client import Api, Refusal
from app.cli.api.credentials import Credentials
from app.cli.api.ending import end
from app.cli.api.own_key import OwnKey
from app.cli.api.telling import GIVEN, fail, waits_for, with_api
from app.cli.api.verbs import ask_body, not_given, seconds_in
from app.cli.api.waiting import caught, say, wait_for_it
from app.cli.api.watching import why_over

Json = dict[str, Any]
OF_THE_TERMINAL = frozenset({signal.SIGINT, signal.SIGQUIT})


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

    The exit code is the command's; 1 when access is not given, or its credentials are not to be had. When access ends
    early the command is ended too, on Linux with all that it started; what it leaves when it ends by itself lives on.
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
                return 128 + await stopped.get()
            if given["state"] != GIVEN:
                fail(not_given(given))
            beating = asyncio.create_task(beat(self._api, given))  # before anything else: it is waited for
            say(f"{given['id']}: access to {given['resource']} until {given['ends_at']}")
            try:
                if given["command"] != self._bound:
                    say(f"{given['id']}: it was not approved for this command, so nothing is run")
                    return 1
                return await self._run(given, command, stopped, beating)
            finally:
                beating.cancel()
                await asyncio.shield(self._give_back(given))

    async def _run(
        self, given: Json, command: list[str], stopped: "asyncio.Queue[int]", beating: "asyncio.Task[Refusal]"
    ) -> int:
        with Credentials(await self._credentials(given)) as credentials:
            return await self._run_with(credentials, given, command, stopped, beating)

    async def _credentials(self, given: Json) -> Json:
        """Take the credentials of the access, where it is one that has some: for a key made here, if it takes keys.

        Raises Refusal where there are some and they cannot be had: without them the command would act as whatever
        else it finds to act as.
        """
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
        beating: "asyncio.Task[Refusal]",
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
        forwarding = asyncio.create_task(_forward(stopped, child))
        try:
            if not self._keep:
                await self._end_with(given, child, beating)
            status = await child.wait()
        finally:
            forwarding.cancel()
            if child.returncode is None and not self._keep:  # by a bug: nobody would end it any more
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    child.kill()
        return status if status >= 0 else 128 - status

    async def _end_with(
        self, given: Json, child: asyncio.subprocess.Process, beating: "asyncio.Task[Refusal]"
    ) -> None:
        """Wait until the command has ended, or end it as soon as the access has, whoever ended that."""
        over = asyncio.create_task(why_over(self._api, given, beating))
        exited = asyncio.create_task(child.wait())
        try:
            await asyncio.wait({over, exited}, return_when=asyncio.FIRST_COMPLETED)
            if exited.done():
                return
            say(f"{given['id']}: {over.result()}, so the command is ended; --keep lets it run on")
            left = await end(child, given["id"])
            if left:
                these = ", ".join(map(str, sorted(left)))
                say(
                    f"{given['id']}: this could not be ended, as a rule because another user runs it: process {these}"
                )
        finally:
            over.cancel()
            exited.cancel()

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
            try:
                child.send_signal(number)
            except PermissionError:
                say(f"the command runs as another user, and takes no {signal.Signals(number).name} from here")


def _is_in_foreground() -> bool:
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False
