"""Contract of `jit demo`: the whole product with one command, in a checkout as from an installed wheel."""

import os
import signal
import stat
import subprocess
import sys
import time
import venv
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from app.cli.demo_settings import demo_settings
from app.policy import PolicySource, shipped_policies

ROOT = Path(__file__).parents[2]


def jit(
    *arguments: str,
    python: Path = Path(sys.executable),
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("JIT_", "SLACK_"))}
    return subprocess.Popen(
        [python, "-m", "app", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean | dict(environment or {}),
        cwd=cwd,
    )


def test_once_plays_the_main_story(tmp_path):
    """Unattended, each step is printed when it was seen, and the exit code says that all were."""
    demo = jit("demo", "--once", "--data", str(tmp_path))
    out, err = demo.communicate(timeout=60)
    assert (0, "") == (demo.returncode, err)
    steps = [line for line in out.splitlines() if line.startswith("✓")]
    assert f"All {len(steps)} steps were seen to happen." == out.splitlines()[-1]
    assert len(steps) >= 16
    assert 1 == sum("touches his key" in step for step in steps)


def test_the_demos_policies_are_the_shipped_ones_but_for_a_short_cooling_off(tmp_path):
    """A copy in the data folder, said to be the demo's, which stays as it was changed; so does the key."""
    first = demo_settings(tmp_path)
    copy = Path(first["JIT_POLICIES"])
    shipped, demos = shipped_policies(), PolicySource(copy).current
    changed = {str(each) for each in read_files(shipped).items() ^ read_files(copy).items()}
    assert {"factors.yaml"} == {name.split("'")[1] for name in changed}
    assert (timedelta(seconds=3), "enrol-factor") == (demos.factors.cooling_off, demos.factors.enrol)
    (copy / "factors.yaml").write_text("factors: {enrol: enrol-factor, cooling_off: 9s}\n")
    second = demo_settings(tmp_path)
    assert timedelta(seconds=9) == PolicySource(Path(second["JIT_POLICIES"])).current.factors.cooling_off
    assert first["JIT_SECRET_KEYS"] == second["JIT_SECRET_KEYS"]
    assert 0o600 == stat.S_IMODE((tmp_path / "secret-key").stat().st_mode)


def read_files(folder: Path) -> dict[str, str]:
    return {str(each.relative_to(folder)): each.read_text() for each in folder.rglob("*.yaml")}


def test_once_leaves_a_log_that_verifies(tmp_path):
    """What the demo did is in its audit log, and the log is whole; no token is in the bot's own log."""
    jit("demo", "--once", "--data", str(tmp_path)).communicate(timeout=60)
    logged = (tmp_path / "bot.log").read_text()
    assert (True, False, False) == ("approved" in logged, "xoxb-" in logged, "xapp-" in logged)
    verified = jit("audit", "verify", "--data", str(tmp_path))
    out, err = verified.communicate(timeout=30)
    assert (0, "") == (verified.returncode, err), out


def test_the_address_comes_first_and_ctrl_c_ends_it_all(tmp_path):
    """The page's address is the first line, the page answers, and nothing is left running afterwards."""
    demo = jit("demo", "--port", "0", "--data", str(tmp_path))
    address = demo.stdout.readline().split()[-1]
    while not (line := demo.stdout.readline()).startswith("Ready"):
        assert line.startswith("PostgreSQL is not part"), line
    assert 200 == httpx.get(address).status_code
    server = int((tmp_path / "redis" / "redis.pid").read_text())
    demo.send_signal(signal.SIGINT)
    demo.communicate(timeout=20)
    assert not _runs(server)


def test_a_taken_port_is_told_with_another(tmp_path):
    """The error proposes the command that works."""
    first = jit("demo", "--port", "0", "--data", str(tmp_path / "a"))
    port = first.stdout.readline().rsplit(":", 1)[1].strip()
    try:
        second = jit("demo", "--port", port, "--data", str(tmp_path / "b"))
        _, err = second.communicate(timeout=30)
    finally:
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=20)
    assert 1 == second.returncode
    assert f"jit demo --port {int(port) + 1}" in err


def test_a_bot_that_cannot_start_is_told(tmp_path):
    """The demo does not wait for a bot that has ended; it shows its last words."""
    (tmp_path / "audit.sqlite3").write_text("not a log")
    demo = jit("demo", "--port", "0", "--data", str(tmp_path))
    _, err = demo.communicate(timeout=30)
    assert 1 == demo.returncode
    assert ("the bot ended by itself" in err, "audit.sqlite3" in err) == (True, True)


@pytest.mark.timeout(300)
def test_an_installed_wheel_plays_it_too(tmp_path):
    """The wheel carries policies, manifest and page: the story works far from any checkout."""
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    venv.create(tmp_path / "venv", with_pip=True, symlinks=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "--no-deps", wheel], check=True, capture_output=True
    )
    (libraries,) = (tmp_path / "venv" / "lib").glob("python3*/site-packages")
    # its dependencies are those that the tests run with: what is proved here is what the wheel brings
    own = Path(next(path for path in sys.path if path.endswith("site-packages")))
    (libraries / "dependencies.pth").write_text(f"{own}\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    demo = jit("demo", "--once", python=python, cwd=elsewhere)
    out, err = demo.communicate(timeout=60)
    assert (0, "") == (demo.returncode, err), out
    where = subprocess.run(
        [python, "-c", "import app, jit_client; print(app.__file__, jit_client.RequiresGrant.__module__)"],
        capture_output=True,
        text=True,
        cwd=elsewhere,
        check=True,
    )
    assert str(libraries) in where.stdout
    assert "jit_client.guard" in where.stdout


def _runs(pid: int) -> bool:
    for _ in range(50):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.1)
    return True
