"""Contract of `jit trigger test`: what an event would do, offline. 0 when a request would be opened, 1 when none."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import jit
from tests.gates.conftest import with_gates
from tests.golden import golden
from tests.web.triggers.conftest import with_triggers
from tests.web.triggers.senders import FILES, SAMPLES, sample
from tests.workplace import policy_folder

AT = "2026-03-02 09:40 UTC"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return policy_folder(tmp_path / "policies", with_triggers)


def run(folder: Path, *words: object, stdin: bytes | None = None):
    env = {"JIT_POLICIES": str(folder), "JIT_DATA": None, "JIT_REDIS_URL": None, "COLUMNS": "100"}
    return CliRunner().invoke(jit, ["trigger", "test", *map(str, words)], env=env, input=stdin)


def test_what_would_happen(folder):
    """The trigger that matches, what it would ask, the verdict and why; and why the others do not match."""
    done = run(folder, SAMPLES / FILES["github"], "--at", AT)

    assert (0, "") == (done.exit_code, done.stderr)
    golden("cli/golden/trigger-test.txt", re.sub(r"Policy \w+", "Policy …", done.stdout))


@pytest.mark.parametrize("source", sorted(FILES))
def test_every_source(folder, source):
    """Each sample opens the request of exactly one trigger, of its own source."""
    done = run(folder, SAMPLES / FILES[source], "--at", AT, "--json")
    opened = [each for each in json.loads(done.stdout)["triggers"] if "request" in each]

    assert 0 == done.exit_code
    assert [source] == [each["source"] for each in opened]
    assert ["require"] == [each["outcome"] for each in opened]


def test_one_trigger(folder):
    """One trigger alone, with the event from stdin; one that does not match ends with 1."""
    event = json.dumps(sample("hmac")).encode()
    right = run(folder, "-", "--trigger", "deploy", stdin=event)
    wrong = run(folder, "-", "--trigger", "slow-database", stdin=event)

    assert (0, True) == (right.exit_code, right.stdout.startswith("deploy (hmac) matches\n"))
    assert (1, "no request would be opened\n") == (wrong.exit_code, wrong.stderr)
    assert "is no notification of Alertmanager" in wrong.stdout


def test_late(folder, tmp_path):
    """What the bot would refuse as late is not shown as a request."""
    file = tmp_path / "event.json"
    file.write_text(json.dumps(sample("pagerduty", timedelta(hours=2))))
    done = run(folder, file, "--trigger", "incident-on-checkout")

    assert 1 == done.exit_code
    assert "would refuse it as late" in done.stdout


def test_what_cannot_be_opened(folder, tmp_path):
    """An event that matches and maps to nobody, or to no resource, says so."""
    event = sample("github")
    event["sender"]["login"] = "stranger"
    file = tmp_path / "event.json"
    file.write_text(json.dumps(event))
    done = run(folder, file, "--trigger", "migration-in-a-pull-request")

    assert 1 == done.exit_code
    assert "No people of the policies are those whose github is stranger" in done.stdout


def test_wrong_usage(folder, tmp_path):
    """A trigger that is not there and a time that is none end with 2; a file that is not there with 1."""
    there = SAMPLES / FILES["hmac"]
    unknown, time, gone = (
        run(folder, there, "--trigger", "x"),
        run(folder, there, "--at", "soon"),
        run(folder, tmp_path / "gone.json"),
    )

    assert (2, True) == (unknown.exit_code, "the policies name approved-merge, deploy" in unknown.stderr)
    assert 2 == time.exit_code
    assert (1, True) == (gone.exit_code, "cannot be read: No such file" in gone.stderr)


def test_time_of_now(folder):
    """Without --at it is now."""
    event = json.dumps(sample("eventbridge") | {"time": datetime.now(UTC).isoformat()}).encode()
    assert 0 == run(folder, "-", "--trigger", "refused-database-change", stdin=event).exit_code


def test_help(folder):
    """The help says what is shown, and that nothing is opened."""
    done = run(folder, "--help")

    assert 0 == done.exit_code
    assert "whether an event is genuine is not looked at" in " ".join(done.stdout.split())


def test_what_waits_at_a_gate(tmp_path, monkeypatch):
    """A deployment that waits: where it would be answered, by the pinned address; another's opens nothing."""
    policies = policy_folder(tmp_path / "policies", with_gates)
    file = tmp_path / "gates.yaml"
    file.write_text(
        "gates: {github: {app: Iv23, key: {file: /nowhere}}, gitlab: {token: {env: X}}, terraform: {}}"
    )
    sent = Path(__file__).parents[1] / "gates/samples/github.json"
    without = run(policies, sent, "--at", AT)
    monkeypatch.setenv("JIT_GATES", str(file))
    done = run(policies, sent, "--at", AT)
    token = run(policies, sent.with_name("terraform.json"), "--at", AT, "--json")
    forged = run(
        policies, "-", "--at", AT, stdin=sent.read_bytes().replace(b"api.github.com", b"api.github.com@x.y")
    )

    assert (1, True) == (
        without.exit_code,
        "No gate github is set up; name it in the file of JIT_GATES" in without.stdout,
    )
    assert (0, "") == (done.exit_code, done.stderr)
    assert "  answers at the gate github: harbour/orders to production\n" in done.stdout
    assert (0, False) == (token.exit_code, "atlasv1" in token.stdout)
    assert (1, True) == (forged.exit_code, "is not where the settings of the gate say" in forged.stdout)
