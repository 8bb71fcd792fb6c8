"""What the settings say of folders of sudo's rules and of users, and what an action says in `with`."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from app.connectors.protocol import Spec

Login = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_.-]{0,31}$")]
"""A user's name as Linux takes it; none of sudo's own words and no alias is written so."""
HostName = Annotated[str, StringConstraints(pattern=r"^(ALL|[a-z0-9][a-z0-9.-]{0,252})$")]
PROGRAM = re.compile(r"(/[A-Za-z0-9_+-][A-Za-z0-9_.+-]*)+")
ARGUMENT = re.compile(r"[A-Za-z0-9/_.+@%=,:-]+")
RIGHT = "write a program's whole path and its arguments, such as /usr/bin/systemctl restart nginx"


def _command(written: str) -> str:
    """Let through what sudo reads as one command: no pattern, no list, no negation, no alias, no folder."""
    program, *arguments = written.split(" ")
    if not PROGRAM.fullmatch(program):
        raise ValueError(f"begins with no path; {RIGHT}")
    if not all(map(ARGUMENT.fullmatch, arguments)):
        raise ValueError(
            f"has an argument that is empty or has other than a-z, 0-9 and /_.+@%=,:- in it; {RIGHT}"
        )
    return written


Command = Annotated[str, StringConstraints(max_length=500), AfterValidator(_command)]


class Host(Spec):
    """The folder that a host's sudo includes, and the host's name where hosts share a folder."""

    folder: Path = Path("/etc/sudoers.d")
    name: HostName = "ALL"


class Settings(Spec):
    """The host behind each resource, and whom each person is there, by their id in the policy's people."""

    hosts: dict[str, Host] = Field(min_length=1)
    users: dict[str, Login] = Field(min_length=1)
    visudo: Path = Path("/usr/sbin/visudo")
    owner: int = Field(0, ge=0)
    """The uid whose files sudo reads, its `sudoers_uid`: https://www.sudo.ws/docs/man/sudoers.man/"""


class Parameters(Spec):
    """The commands, exactly as they may be run, as whom, and whether sudo asks for the user's password."""

    commands: list[Command] = Field(min_length=1, max_length=50)
    run_as: list[Login] = Field(default=["root"], min_length=1, max_length=20)
    password: Literal["asked", "not-asked"] = "asked"  # noqa: S105  no password
