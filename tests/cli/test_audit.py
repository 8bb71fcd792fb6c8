"""Contract of `jit audit`: the log read from its file, by people and by programs, without leaving a trace.

Exit codes: 0 done, 1 refused or failed with the reason in the first line on stderr, 2 wrong usage.
"""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from app.audit.digest import Digest
from app.audit.log import AuditLog
from app.cli import jit
from tests.audit.stories import automatic, denied, live_request, originated, whole_story

RECENT = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
EVENTS = [*whole_story(now=RECENT), *denied(now=RECENT), *automatic(now=RECENT), *live_request(now=RECENT)[1]]
IDS = ["R02-4KX9TQZ", "R01-DEN1ED0", "R03-AVT0000", "R02-11VE000"]


@pytest.fixture
def data(tmp_path):
    """A bot's data directory with a log of four stories of today."""
    with closing(AuditLog(tmp_path / "audit.sqlite3")) as log:
        log.append(originated(EVENTS))
    return tmp_path


@pytest.fixture
def head(data):
    with closing(AuditLog(data / "audit.sqlite3", read_only=True)) as log:
        return str(log.head())


def run(*arguments, data=None, env=None):
    place = ["--data", str(data)] if data else []
    return CliRunner().invoke(jit, ["audit", *arguments, *place], env={"JIT_DATA": None, **(env or {})})


def tamper(data, statement):
    with closing(sqlite3.connect(data / "audit.sqlite3")) as file:
        file.execute(statement)
        file.commit()


def test_show_tells_a_requests_whole_story(data):
    """Who asked, why, which rule, who decided, what was given and taken back, each with its time."""
    shown = run("show", "R02-4KX9TQZ", data=data)
    assert (0, "") == (shown.exit_code, shown.stderr)
    lines = shown.stdout.splitlines()
    assert 10 == len(lines)
    for part, line in zip(
        ["asked for", "requires 1 of owners", "self_approval",
         "approved by a click in Slack (stage owners)", "being created",
         "Given: the grant key", "was warned", "Time was up", "did not confirm", "Taken back"],
        lines, strict=True,
    ):  # fmt: skip
        assert part in line
        assert " UTC  " in line


def test_an_id_is_read_as_it_is_typed(data):
    """Lower case, O for 0 and backticks are forgiven, as in Slack."""
    assert (
        run("show", "R02-4KX9TQZ", data=data).stdout
        == run("show", " `ro2-4kx9tqz` ".replace("ro", "r0"), data=data).stdout
    )


def test_show_as_json_holds_whole_entries(data):
    """One document, from which the hashes can be checked."""
    shown = json.loads(run("show", "R01-DEN1ED0", "--json", data=data).stdout)
    assert "R01-DEN1ED0" == shown["request_id"]
    assert ["requested", "denied"] == [entry["event"]["kind"] for entry in shown["entries"]]
    first, second = shown["entries"]
    assert (first["hash"], first["sequence"] + 1) == (second["previous"], second["sequence"])
    assert "not during the freeze" in second["told"][0]


def test_show_without_an_id_shows_the_latest_entries(data):
    """Oldest first, each with its request's id and its requester by name; --limit says how many."""
    shown = run("show", "--limit", "3", data=data).stdout.splitlines()
    assert [len(EVENTS) - 2, len(EVENTS) - 1, len(EVENTS)] == [int(line.split()[0]) for line in shown]
    assert all("R02-11VE000" in line for line in shown)
    documents = json.loads(run("show", "--json", "--limit", "1000", data=data).stdout)["entries"]
    assert [event.kind for event in EVENTS] == [document["event"]["kind"] for document in documents]


def test_an_unknown_request_is_an_error(data):
    """Nothing on stdout, one line on stderr, exit code 1."""
    shown = run("show", "R02-0000000", data=data)
    assert (1, "") == (shown.exit_code, shown.stdout)
    assert f"the audit log {data}/audit.sqlite3 has no request R02-0000000\n" == shown.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "nonsense"], "“nonsense” is not an id: requests look like R07-4KX9TQZ"),
        (["verify", "--head", "12"], "“12” is no checkpoint: it is SIZE:HASH"),
        (["digest", "--since", "banana"], "“banana” is not a duration"),
        (["digest", "--since", "0"], "“0” is not a duration"),
    ],
)
def test_wrong_usage_is_told_with_what_would_be_right(data, arguments, said):
    """Exit code 2, the reason first."""
    shown = run(*arguments, data=data)
    assert (2, "") == (shown.exit_code, shown.stdout)
    assert shown.stderr.startswith(said)


@pytest.mark.parametrize("arguments", [["show"], ["show", "R02-4KX9TQZ"], ["verify"], ["digest"]])
def test_a_missing_log_is_told_and_not_made(tmp_path, arguments):
    """The path that was looked at, and how to name another one."""
    shown = run(*arguments, data=tmp_path)
    assert (1, "") == (shown.exit_code, shown.stdout)
    assert (
        f"audit log {tmp_path}/audit.sqlite3: there is none. "
        "Name the bot's data directory with --data or JIT_DATA\n"
    ) == shown.stderr
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "arguments", [["show"], ["show", "R02-4KX9TQZ", "--json"], ["verify"], ["digest"], ["digest", "--json"]]
)
def test_nothing_is_left_behind(data, arguments):
    """Neither the log nor its directory is changed by reading."""
    was = (data / "audit.sqlite3").stat()
    assert 0 == run(*arguments, data=data).exit_code
    assert [data / "audit.sqlite3"] == list(data.iterdir())
    assert (was.st_mtime_ns, was.st_size) == ((data / "audit.sqlite3").stat().st_mtime_ns, was.st_size)


def test_the_directory_comes_from_the_environment(data, tmp_path_factory, monkeypatch):
    """--data, else JIT_DATA, else .jit in the working directory."""
    assert 0 == run("verify", env={"JIT_DATA": str(data)}).exit_code
    home = tmp_path_factory.mktemp("home")
    monkeypatch.chdir(home)
    assert "audit log .jit/audit.sqlite3" in run("verify").stderr
    data.rename(home / ".jit")
    assert 0 == run("verify").exit_code


def test_verify_says_where_a_sound_log_stands(data, head):
    """Size and head, the checkpoint to compare with next time."""
    shown = run("verify", data=data)
    assert (0, f"{len(EVENTS)} entries, each as it was recorded. Checkpoint: {head}\n") == (
        shown.exit_code,
        shown.stdout,
    )
    assert 0 == run("verify", "--head", head, data=data).exit_code
    document = json.loads(run("verify", "--json", "--head", head, data=data).stdout)
    assert (True, len(EVENTS), head, None) == tuple(
        document[key] for key in ("ok", "size", "head", "problem")
    )


def test_verify_names_the_first_bad_entry(data):
    """In the first line on stderr, with exit code 1; in JSON by its number."""
    tamper(data, "UPDATE entries SET event = replace(event, 'INC-7', 'INC-8') WHERE sequence IN (10, 12)")
    shown = run("verify", data=data)
    assert (1, "") == (shown.exit_code, shown.stdout)
    assert "entry 10 was edited" in shown.stderr.splitlines()[0]
    as_json = run("verify", "--json", data=data)
    assert (1, 10) == (as_json.exit_code, json.loads(as_json.stdout)["problem"]["sequence"])


def test_verify_sees_a_cut_off_end_by_the_checkpoint(data, head):
    """What the log alone cannot show."""
    tamper(data, f"DELETE FROM entries WHERE sequence > {len(EVENTS) - 2}")  # noqa: S608  a number
    assert 0 == run("verify", data=data).exit_code
    shown = run("verify", "--head", head, data=data)
    assert 1 == shown.exit_code
    assert f"entries {len(EVENTS) - 1} to {len(EVENTS)} are missing" in shown.stderr


def test_a_file_that_is_no_log_is_told(tmp_path):
    """What it is not, and what to do."""
    (tmp_path / "audit.sqlite3").write_text("hello " * 100)
    assert "it is not an audit log. Move it away" in run("verify", data=tmp_path).stderr


def test_digest_tells_of_the_last_day(data, head):
    """Counts, who approved what, what needs a look, what is live, and the checkpoint."""
    shown = run("digest", data=data)
    assert 0 == shown.exit_code
    parts = ["Attempts to decide on one's own request", "production / prod-db-debug", "ben approved"]
    for part in (*parts, "Longest waits", "R02-11VE000", f"Checkpoint: {head}"):
        assert part in shown.stdout


def test_digest_as_json_is_the_whole_digest(data, head):
    """With what is live derived from the log alone."""
    document = json.loads(run("digest", "--json", data=data).stdout)
    assert head == document.pop("checkpoint")
    digest = Digest.model_validate(document)
    assert (4, ["R02-11VE000"]) == (len(digest.asked), [grant.request_id for grant in digest.live])
    assert live_request(now=RECENT)[0].ends_at == digest.live[0].until


def test_digest_reaches_back_as_far_as_it_is_asked(data):
    """--since takes durations as people type them."""
    short = json.loads(run("digest", "--json", "--since", "10m", data=data).stdout)
    assert ([], 1) == (short["asked"], len(short["live"]))


def test_a_quiet_day_is_told_as_one(tmp_path):
    """A log without entries is no error."""
    AuditLog(tmp_path / "audit.sqlite3").close()
    assert "A quiet day" in run("digest", data=tmp_path).stdout
    assert (0, "") == (run("show", data=tmp_path).exit_code, run("show", data=tmp_path).stdout)


def test_reading_while_a_bot_writes(data):
    """Another process reads and verifies, again and again, while this one appends."""
    command = [sys.executable, "-m", "app", "audit", "verify", "--json", "--data", str(data)]
    sizes = []
    with closing(AuditLog(data / "audit.sqlite3")) as bot:
        for _ in range(3):
            with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ) as reader:
                while reader.poll() is None:
                    at = bot.head().size
                    bot.append([(9, f"{at}-{n}", event) for n, event in enumerate(denied())])
                document = json.loads(reader.stdout.read())
                assert (0, True) == (reader.returncode, document["ok"])
                sizes.append(document["size"])
    assert sizes == sorted(sizes)
    assert len(EVENTS) < sizes[-1]


def test_help_says_who_may_read():
    """File rights rule here; policy rules in Slack."""
    for command in ("show", "verify", "digest"):
        told = run(command, "--help").stdout
        assert (True, True) == ("JIT_DATA" in told, "0600" in told)
