"""Members from a program that prints them: run without a shell, with limits on time and size."""

import asyncio
import contextlib
import os
import signal

from app.directory.found import SourceFailed

TIMEOUT = 30.0
LARGEST = 5 * 1024 * 1024
SAID = 300
PASSED_ON = ("PATH", "HOME", "LANG", "TZ", "TMPDIR")
"""All that a program gets of the environment: the bot's tokens are none of its business."""
PRINTED, COMPLAINED = 1, 2


async def output_of(command: tuple[str, ...], within: float = TIMEOUT, largest: int = LARGEST) -> bytes:
    """Run a program and its arguments; gives what it prints. Raises SourceFailed."""
    loop = asyncio.get_running_loop()
    try:
        transport, output = await loop.subprocess_exec(
            lambda: _Output(loop.create_future(), largest),
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            env={key: os.environ[key] for key in PASSED_ON if key in os.environ},
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise SourceFailed(f"cannot be run: {error}") from None
    try:
        async with asyncio.timeout(within):
            await output.ended
    except TimeoutError:
        raise SourceFailed(f"did not end within {within:g} s") from None
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(transport.get_pid(), signal.SIGKILL)  # and what it started: its session is its own
        transport.close()
    if status := transport.get_returncode():
        said = " ".join(output.read[COMPLAINED].decode(errors="replace").split())[-SAID:]
        raise SourceFailed(f"ended with {status}: {said or 'and said nothing'}")
    return bytes(output.read[PRINTED])


class _Output(asyncio.SubprocessProtocol):
    """Reads until the program and all that write for it have ended, or it is too much.

    Not asyncio's streams: they stop reading when nobody reads them, and then the end of a program that is
    killed is never noticed (cpython issue 119710).
    """

    def __init__(self, ended: asyncio.Future[None], largest: int) -> None:
        self.ended = ended
        self.read = {PRINTED: bytearray(), COMPLAINED: bytearray()}
        self._largest = largest

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if self.ended.done():
            return
        self.read[fd] += data
        if len(self.read[fd]) > self._largest:
            self.ended.set_exception(SourceFailed(f"prints more than {self._largest} bytes"))

    def connection_lost(self, _: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)
