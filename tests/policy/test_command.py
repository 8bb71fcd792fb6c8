"""Contract: `jit policy check` exits 0 with a summary, or 1 with all that is wrong on stderr, one a line."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from app.directory.found import Found, Mention, source_id
from app.policy import PolicySource, shipped_policies
from app.store.requests import RequestStore
from app.store.rolls import Rolls
from tests.policy.sets import COMMON, RULES, write


def jit(*words: str, policies: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JIT_")}
    return subprocess.run(
        [sys.executable, "-m", "app", "policy", "check", *words],
        env=environment | {"JIT_POLICIES": policies} | more,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_shipped():
    """Without a folder the ones that ship are checked: counts and digest are told."""
    done = jit()

    assert (0, "") == (done.returncode, done.stderr)
    assert "3 environments, 11 actions, 5 people, 4 groups, 17 rules." in done.stdout
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


ELSEWHERE = COMMON.replace("  nobody: []\n", "  nobody: []\n  remote: {slack: S0REMOTE}\n")
OF_REMOTE = RULES.replace("groups: [engineers]\n", "groups: [engineers, remote, nobody]\n")


def warnings(folder: Path, **environment: str) -> list[str]:
    done = jit("--policies", str(folder), **environment)
    begin = "warning: common.yaml:11: groups.remote: "
    return [line.removeprefix(begin) for line in done.stdout.splitlines() if line.startswith("warning")]


def test_members_from_elsewhere(tmp_path: Path):
    """Without the bot's Redis it is told that nobody is seen in a group from elsewhere, and no more."""
    folder = write(tmp_path / "mine", {"common.yaml": ELSEWHERE, "r.yaml": OF_REMOTE})

    assert [
        "comes from elsewhere, and nobody is seen in it from here: set JIT_REDIS_URL to the bot's Redis"
    ] == warnings(folder, JIT_DATA=str(tmp_path))


async def test_members_as_the_bot_was_told(tmp_path: Path, redis, redis_server):
    """With it a group that never answered, that is too old, and that has nobody in it are told apart."""
    folder = write(tmp_path / "mine", {"common.yaml": ELSEWHERE, "r.yaml": OF_REMOTE})
    url = {"JIT_REDIS_URL": f"unix://{redis_server.socket}"}
    source = PolicySource(folder).current.sources["groups.remote"]
    rolls, now = Rolls(redis.calls), await RequestStore(redis.calls).now()
    told = [warnings(folder, **url)]
    await rolls.keep(source_id(source), "{}", now - timedelta(hours=2))
    await rolls.fail(source_id(source), "Slack refuses: ratelimited", timedelta(seconds=1))
    told.append(warnings(folder, **url))
    await rolls.keep(source_id(source), "{}", now)
    told.append(warnings(folder, **url))
    await rolls.keep(source_id(source), Found(members=(Mention(slack=("U0ANA",)),)).model_dump_json(), now)
    told.append(warnings(folder, **url))

    assert [
        ["was never told who is in it; it permits nobody, its denials meet everybody"],
        [
            "was told too long ago who is in it (Slack refuses: ratelimited); it permits nobody, and goes on denying"
        ],
        ["has nobody in it now whom the policy knows; put people in where it comes from"],
        [],
    ] == told
