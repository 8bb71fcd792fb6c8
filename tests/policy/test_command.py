"""Contract: `jit policy check` exits 0 with a summary, or 1 with all that is wrong on stderr, one a line."""

import json
import os
import subprocess
import sys
from pathlib import Path

from app.policy import PolicySource, shipped_policies
from tests.policy.sets import COMMON, RULES, write


def jit(*words: str, policies: str = "") -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JIT_")}
    return subprocess.run(
        [sys.executable, "-m", "app", "policy", "check", *words],
        env=environment | {"JIT_POLICIES": policies},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_shipped():
    """Without a folder the ones that ship are checked: counts and digest are told."""
    done = jit()

    assert (0, "") == (done.returncode, done.stderr)
    assert "3 environments, 9 actions, 5 people, 4 groups, 14 rules." in done.stdout
    assert f"Digest {PolicySource(shipped_policies()).current.digest}\n" in done.stdout


def test_broken(tmp_path: Path):
    """What is wrong is told on stderr alone, all of it, one a line, and the exit code is 1."""
    rules = RULES.replace("actions:", "action:").replace("[dbas]", "[dbaz]")
    write(tmp_path, {"common.yaml": COMMON, "rules/r.yaml": rules})
    done = jit("--policies", str(tmp_path))

    assert (1, "") == (done.returncode, done.stdout)
    assert [
        "rules/r.yaml:4: rules.ask-a-dba.action: is not a known key; did you mean “actions”?",
    ] == done.stderr.splitlines()


def test_warnings(tmp_path: Path):
    """Warnings are told, and the exit code is 0; the folder may come from the environment."""
    write(tmp_path, {"common.yaml": COMMON, "r.yaml": RULES})
    done = jit(policies=str(tmp_path))

    assert 0 == done.returncode
    assert [
        "warning: common.yaml:10: groups.nobody: is named by no rule; remove it, or name it where it is meant"
    ] == [line for line in done.stdout.splitlines() if line.startswith("warning")]


def test_json(tmp_path: Path):
    """With --json there is one document on stdout, whether the set is whole or not."""
    write(tmp_path, {"common.yaml": COMMON, "r.yaml": RULES})
    whole = jit("--json", "--policies", str(tmp_path))
    (tmp_path / "r.yaml").unlink()
    (tmp_path / "common.yaml").write_text("people: {}\nchanels: {}\n")
    broken = jit("--json", "--policies", str(tmp_path))

    assert (0, True) == (whole.returncode, json.loads(whole.stdout)["valid"])
    assert 1 == json.loads(whole.stdout)["warnings"][0]["key"].count("groups.nobody")
    assert 1 == broken.returncode
    assert [
        ["common.yaml", 2, "chanels"],
        [tmp_path.name, 0, "channels.admin"],
        [tmp_path.name, 0, "channels.digest"],
    ] == sorted([each["file"], each["line"], each["key"]] for each in json.loads(broken.stdout)["problems"])
    assert 3 == len(broken.stderr.splitlines())


def test_no_folder(tmp_path: Path):
    """A folder that is not there is a failure that says so."""
    done = jit("--policies", str(tmp_path / "gone"))

    assert 1 == done.returncode
    assert done.stderr.startswith("gone:0: ")
    assert "No such file or directory" in done.stderr
