"""Runs a program without a shell: a question on its input, an answer on its output, bounded in time and size."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

ANSWERED, COMPLAINED = 1, 2
SAID = 400
"""Bytes, the last, of what a program complains of that are told to people."""


class ProgramFailed(Exception):  # noqa: N818  said to people
    """A program could not be run, took too long, printed too much or ended with a status; says which."""


async def run(
    words: Sequence[str],
    environment: Mapping[str, str],
    question: bytes = b"",
    *,
    within: float,
    largest: int,
    folder: Path | None = None,
) -> bytes:
    """Give what it prints when it ends with 0, at most `largest` bytes `within` seconds.

    `environment` is all that it gets of one, `folder` where it is run. All that is left in its session is killed
    at the end, however that comes; what it puts into a session of its own lives on. Raises ProgramFailed.
    """
    loop = asyncio.get_running_loop()
    starting = asyncio.ensure_future(
        loop.subprocess_exec(
            lambda: _Talk(loop.create_future(), largest),
            *words,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
        )
    )
    try:
        transport, talk = await asyncio.shield(starting)
    except asyncio.CancelledError:  # asyncio would kill the program alone, and not what it has started by now
        starting.add_done_callback(_end_started)
        raise
    except (OSError, ValueError) as error:
        raise ProgramFailed(f"cannot be run: {error}") from None
    try:
        async with asyncio.timeout(within):
            talk.say(transport, question)
            await talk.ended
    except TimeoutError:
        raise ProgramFailed(f"did not end within {within:g} s, and is killed") from None
    finally:
        _end(transport)
    if status := transport.get_returncode():
        said = _line(talk.read[COMPLAINED].decode(errors="replace")[-SAID:])
        raise ProgramFailed(f"ended with {status}: {said or 'and said nothing'}")
    return bytes(talk.read[ANSWERED])


def _line(said: str) -> str:
    return " ".join("".join(each if each.isprintable() else " " for each in said).split())


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

    def __init__(self, ended: asyncio.Future[None], largest: int) -> None:
        self.ended = ended
        self.read = {ANSWERED: bytearray(), COMPLAINED: bytearray()}
        self._largest = largest

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
        if len(self.read[fd]) > self._largest:
            self.ended.set_exception(ProgramFailed(f"prints more than {self._largest} bytes"))

    def connection_lost(self, _: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)
