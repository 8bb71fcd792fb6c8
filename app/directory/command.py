"""Members from a program that prints them."""

import os

from app.directory.found import SourceFailed
from app.program import ProgramFailed, run

TIMEOUT = 30.0
LARGEST = 5 * 1024 * 1024
PASSED_ON = ("PATH", "HOME", "LANG", "TZ", "TMPDIR")
"""All that a program gets of the environment: the bot's tokens are none of its business."""


async def output_of(command: tuple[str, ...], within: float = TIMEOUT, largest: int = LARGEST) -> bytes:
    """Run a program and its arguments without a shell; gives what it prints. Raises SourceFailed."""
    environment = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
    try:
        return await run(command, environment, within=within, largest=largest)
    except ProgramFailed as failed:
        raise SourceFailed(str(failed)) from None
