"""Contract of the lines for a shell: what a real shell makes of them is what was given, whatever is in it."""

import os
import subprocess

from hypothesis import given, settings
from hypothesis import strategies as st

from app.web.pages.shell import lines_for

NAMES = st.from_regex(r"[A-Z][A-Z0-9_]{0,10}", fullmatch=True).map(lambda name: f"X_{name}")
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
READ = "import json, os; print(json.dumps({n: v for n, v in os.environ.items() if n.startswith('X_')}))"


def in_a_shell(lines: str, then: str) -> str:
    """Run the lines in a shell, and something after them."""
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["sh", "-eu"], input=f"{lines}{then}\n".encode(), capture_output=True, check=True, env=environment
    )
    return done.stdout.decode()


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(NAMES, TEXTS, max_size=3), TEXTS)
def test_a_shell_reads_what_was_given(values, content):
    """Quotes, newlines, dollars and backticks arrive as they are, in values and in files; nothing of it is run."""
    lines = lines_for({"environment": values, "files": {"X__FILE": content}}, "orders-db")
    shown = "".join(f'printf "%s\\000" "${name}";' for name in values)
    said = in_a_shell(lines.prepare, f'{shown} cat "$X__FILE"; rm -r "$JIT_FILES"')
    assert [*values.values(), content] == said.split("\0", len(values))


def test_files_are_for_their_owner_alone():
    """Whoever else is on the machine reads none of them."""
    lines = lines_for({"environment": {}, "files": {"X_KEY": "k"}}, "web-1")
    said = in_a_shell(lines.prepare, 'ls -ld "$JIT_FILES" "$X_KEY" | cut -c1-10; rm -r "$JIT_FILES"')
    assert ["drwx------", "-rw-------"] == said.split()


def test_each_line_stays_out_of_the_history():
    """A space in front, which shells that are set so take as a wish."""
    lines = lines_for({"environment": {"PGHOST": "h"}, "files": {"SSH_CONFIG": "c"}}, "web-1").prepare
    assert {" "} == {line[0] for line in lines.splitlines()}


def test_the_command_that_uses_them():
    """Named where it is known, with the resource as a shell takes it."""
    for values, files, use in (
        ({"PGHOST": "h"}, {}, "psql"),
        ({}, {"SSH_CONFIG": "c"}, "ssh -F \"$SSH_CONFIG\" 'web; 1'"),
        ({"TOKEN": "t"}, {}, ""),
    ):
        assert use == lines_for({"environment": values, "files": files}, "web; 1").use


def test_names_that_no_shell_takes():
    """They are left out: they would be commands."""
    given = {"environment": {"$(reboot)": "x", "A B": "x", "1A": "x"}, "files": {"../x": "y"}}
    assert ("", "") == lines_for(given, "web-1")[:2]
