"""Rules of sudo as text, and whether sudo would read them.

https://www.sudo.ws/docs/man/sudoers.man/
"""

import re
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from app.connectors.protocol import ConnectorFailed

TO_ESCAPE = re.compile(r"([,:=])")
NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._@-]")
END = re.compile(rb" NOTAFTER=(\d{14})Z ")
TIME = "%Y%m%d%H%M%S"
LONGEST = 64 * 1024
CHECKS_WITHIN = 10
SHOWN = 200


class Rule(NamedTuple):
    """What a person may run at a host until its end; every name and command is one that the settings let through."""

    user: str
    host: str
    run_as: Sequence[str]
    commands: Sequence[str]
    ends: datetime
    asks: bool


def text_of(rule: Rule, about: str) -> bytes:
    """Write a rule, a line for each command, below a comment. What is run without arguments takes none.

    sudo lets through the whole second of NOTAFTER, so it is the one before the end.
    """
    last = (rule.ends.astimezone(UTC) - timedelta(seconds=1)).strftime(TIME)
    tag = "PASSWD" if rule.asks else "NOPASSWD"
    head = f"{rule.user} {rule.host} = ({', '.join(rule.run_as)}) NOTAFTER={last}Z {tag}: "
    lines = [f"# {NOT_IN_A_NAME.sub(' ', about)[:200]}", *(head + _escaped(each) for each in rule.commands)]
    return ("\n".join(lines) + "\n").encode()


def end_in(file: Path) -> datetime | None:
    """Read the end of a rule that was written here; None where it tells none."""
    try:
        with file.open("rb") as reading:
            found = END.search(reading.read(LONGEST))
        said = datetime.strptime(found[1].decode(), TIME) if found else None  # noqa: DTZ007  UTC by its Z
    except (OSError, ValueError):
        return None
    return said.replace(tzinfo=UTC) + timedelta(seconds=1) if said else None


def must_parse(visudo: Path, file: Path) -> None:
    """Have a file read by sudo's own checker. Raises ConnectorFailed."""
    try:
        told = subprocess.run(  # noqa: S603  the program that the settings name, and a file of ours
            [visudo, "-c", "-f", file],
            capture_output=True,
            timeout=CHECKS_WITHIN,
            check=False,
            env={"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConnectorFailed(f"{visudo} does not run: {error}"[:SHOWN]) from None
    if told.returncode != 0:
        said = " ".join((told.stderr or told.stdout).decode(errors="replace").split())
        raise ConnectorFailed(f"visudo refuses the rule: {said[:SHOWN]}")


def must_be_of(owner: int, file: Path) -> None:
    """See that a file is of the user whose files sudo reads: it passes over all others. Raises ConnectorFailed."""
    found = file.stat().st_uid
    if found != owner:
        raise ConnectorFailed(
            f"rules in {file.parent} are of uid {found}, and sudo there reads those of uid {owner}: run the bot as it"
        )


def _escaped(command: str) -> str:
    program, *arguments = command.split(" ")
    return " ".join([program, *(TO_ESCAPE.sub(r"\\\1", each) for each in arguments or ['""'])])
