"""Runs a program without a shell: a question on its input, an answer on its output, bounded in time and size."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import cast

from app.connectors.protocol import ConnectorFailed
from app.connectors.told import LARGEST, one_line

ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
"""All that a program gets of an environment, beside what settings name for it: nothing of the bot's."""
ANSWERED, COMPLAINED = 1, 2
SAID = 400
"""Bytes, the last, of what a program complains of that are told to people."""


async def run(words: Sequence[str], question: bytes, environment: Mapping[str, str], within: float) -> bytes:
    """Give what it prints when it ends with 0. Raises ConnectorFailed; nothing that it started is left.

    All that is left in its session is killed at the end, however that comes; what it puts into a session of its
    own lives on.
    """
    loop, program = asyncio.get_running_loop(), PurePosixPath(words[0]).name
    starting = asyncio.ensure_future(
        loop.subprocess_exec(
            lambda: _Talk(loop.create_future(), program),
            *words,
            cwd="/",
            env=ENVIRONMENT | dict(environment),
            start_new_session=True,
        )
    )
    try:
        transport, talk = await asyncio.shield(starting)
    except asyncio.CancelledError:  # asyncio would kill the program alone, and not what it has started by now
        starting.add_done_callback(_end_started)
        raise
    except (OSError, ValueError) as error:
        raise ConnectorFailed(f"{program} cannot be run: {one_line(str(error))}") from None
    try:
        async with asyncio.timeout(within):
            talk.say(transport, question)
            await talk.ended
    except TimeoutError:
        raise ConnectorFailed(f"{program} did not end within {within:g} s, and is killed") from None
    finally:
        _end(transport)
    if status := transport.get_returncode():
        said = one_line(talk.read[COMPLAINED].decode(errors="replace")[-SAID:])
        raise ConnectorFailed(f"{program} ended with {status}: {said or 'and said nothing'}")
    return bytes(talk.read[ANSWERED])


def _end(transport: asyncio.SubprocessTransport) -> None:
    if pid := transport.get_pid():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
    transport.close()


def _end_started(started: "asyncio.Task[tuple[asyncio.SubprocessTransport, _Talk]]") -> None:
    if not started.cancelled() and started.exception() is None:
        _end(started.result()[0])


class _Talk(asyncio.SubprocessProtocol):
    """Writes the question, and reads until the program and all that write for it have ended, or it is too much.

    Not asyncio's streams: they stop reading when nobody reads them, and then the end of a program that is
    killed is never noticed (cpython issue 119710).
    """

    def __init__(self, ended: asyncio.Future[None], program: str) -> None:
        self.ended = ended
        self.read = {ANSWERED: bytearray(), COMPLAINED: bytearray()}
        self._program = program

    def say(self, transport: asyncio.SubprocessTransport, question: bytes) -> None:
        """Write all, and close: one that does not read it is none the worse."""
        pipe = cast(asyncio.WriteTransport, transport.get_pipe_transport(0))  # uvloop's is no subclass
        with contextlib.suppress(RuntimeError):  # uvloop's, where the program closed its input before
            pipe.write(question)
            pipe.close()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if self.ended.done():
            return
        self.read[fd] += data
        if len(self.read[fd]) > LARGEST:
            self.ended.set_exception(ConnectorFailed(f"{self._program} prints more than {LARGEST} bytes"))

    def connection_lost(self, _: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)
