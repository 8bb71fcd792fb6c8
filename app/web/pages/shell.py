"""What is typed into a shell to use credentials: values exported, files put where nobody else reads them.

Each line begins with a space and all of it is pasted at once, so that shells that are set so (`HISTCONTROL` of bash
with `ignorespace`, `HIST_IGNORE_SPACE` of zsh) keep it out of their history.
"""

import re
import shlex
from collections.abc import Mapping
from typing import NamedTuple

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
USES = (
    ("PGHOST", "psql", "psql reads it from there"),
    ("SSH_CONFIG", 'ssh -F "$SSH_CONFIG" {resource}', "ssh reads key, certificate and known hosts by it"),
    ("AWS_ACCESS_KEY_ID", "aws sts get-caller-identity", "the AWS command line reads it from there"),
    ("KUBECONFIG", "kubectl auth whoami", "kubectl reads it from there"),
)
"""Where a variable is given: the command that uses it, and how."""


class Lines(NamedTuple):
    """`prepare` sets everything up, `use` is the command to go on with (empty where it is not known), `how` why so."""

    prepare: str
    use: str
    how: str


def lines_for(given: Mapping[str, Mapping[str, str]], resource: str) -> Lines:
    """Write the lines for a POSIX shell. What has no name that a shell takes is left out: the page shows it too."""
    values, files = (
        {name: text for name, text in given[part].items() if VARIABLE.fullmatch(name)}
        for part in ("environment", "files")
    )
    lines = [f" export {name}={shlex.quote(text)}" for name, text in values.items()]
    if files:
        lines.append(' umask 077; JIT_FILES=$(mktemp -d) || echo "no folder for the files"')
    for name, text in files.items():
        at = f'"$JIT_FILES/{name}"'
        lines += [f" printf %s {shlex.quote(text)} > {at}", f" export {name}={at}"]
    for name, command, how in USES:
        if name in values or name in files:
            return Lines("\n".join(lines) + "\n", command.format(resource=shlex.quote(resource)), how)
    return Lines("\n".join(lines) + "\n" if lines else "", "", "")
