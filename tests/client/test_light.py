"""Contract: a service that imports this loads nothing of the bot, no framework and no library that it does not use.

It works under another name from a folder of its own, as the wheel brings it for services that have their own `app`.
"""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import app.client

HEAVY = (
    "aiohttp",
    "cryptography",
    "fastapi",
    "joserfc",
    "pydantic",
    "redis",
    "slack_bolt",
    "slack_sdk",
    "starlette",
)
LOOK = f"print(sorted({{name.partition('.')[0] for name in sys.modules}} & {set(HEAVY) | {'app'}}))"


def python(*lines, cwd):
    """Run lines in a process of its own; gives what is printed."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", "\n".join(["import sys; sys.path.insert(0, '.')", *lines])],
        cwd=cwd, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert "" == done.stderr
    return done.stdout.strip()


def test_alone_and_light(tmp_path):
    """Under another name and without the bot, with everything made that a service makes."""
    shutil.copytree(Path(app.client.__file__).parent, tmp_path / "jit_client")
    (tmp_path / "app.py").write_text("raise SystemExit('this is another app')\n")
    made = (
        "from jit_client import *",
        f"bot = BotGrants('https://jit.example.com', 'jit_{'a' * 10}_{'b' * 32}')",
        "offline = OfflineTokens('https://jit.example.com', 'billing-api', once=OnceHere())",
        "guard = RequiresGrant(bot, subject=lambda call: call['user'], offline=offline)",
        "guard('restart', resource='name')(lambda user, name: None)",
        LOOK,
    )
    assert "[]" == python(*made, cwd=tmp_path)


def test_libraries_are_loaded_where_they_are_used(tmp_path):
    """The import alone loads neither what asks over HTTP nor what digests exact parameters."""
    shutil.copytree(Path(app.client.__file__).parent, tmp_path / "jit_client")
    look = "print([name for name in ('httpx', 'httpcore', 'anyio', 'rfc8785') if name in sys.modules])"
    assert "[]" == python("import jit_client", look, cwd=tmp_path)


def test_what_is_needed_is_loaded_when_it_is_used(tmp_path):
    """Redis is loaded by whoever looks there, with what it uses itself."""
    shutil.copytree(Path(app.client.__file__).parent, tmp_path / "jit_client")
    loaded = python("import jit_client", "jit_client.RedisGrants('redis://127.0.0.1:1')", LOOK, cwd=tmp_path)
    assert {"redis"} <= (names := set(ast.literal_eval(loaded))) <= {"redis", "cryptography"}, names
