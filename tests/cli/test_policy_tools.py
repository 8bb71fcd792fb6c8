"""Contract of `jit policy test | explain | simulate | schema`: what they print, for people and as JSON.

Exit codes: 0 done, 1 refused or failed with the reason on stderr, 2 wrong usage.
"""

import asyncio
import json
from contextlib import aclosing, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from app.audit.log import AuditLog
from app.cli import jit
from app.domain.delegation import Delegation
from app.domain.events import Delegated
from app.domain.request import State
from app.domain.transitions import ask
from app.domain.verdict import Stage
from app.policy import shipped_policies
from app.policy.json_schema import cases_schema, policy_schema
from app.store.connection import connect
from app.store.delegations import DelegationStore
from app.store.requests import RequestStore
from tests.audit.stories import originated
from tests.people import BEN, SAM, a_request
from tests.policy.sets import COMMON, RULES, write
from tests.policy.tools.test_simulate import requested

NOW = datetime.now(UTC).replace(microsecond=0)
CASE = "cases:\n  x: {who: sam, action: debug, resource: orders-db, expect: require, rules: [ask-a-dba]}\n"
ID = "R02-4KX9TQZ"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "set", {"common.yaml": COMMON, "rules.yaml": RULES})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A bot's data directory with requests of an hour and of 40 days ago."""
    with closing(AuditLog(tmp_path / "audit.sqlite3")) as log:
        events = [
            requested(request_id="R02-0000001", at=NOW - timedelta(days=40)),
            requested(at=NOW - timedelta(hours=1), resource="payments-db"),
            requested(request_id="R02-0000003", at=NOW - timedelta(hours=1), action="try-out"),
        ]
        log.append(originated(events))
    return tmp_path


def run(*words: object, policies: Path | None = None, env: dict[str, str] | None = None):
    place = ["--policies", str(policies)] if policies else []
    unset = {"JIT_DATA": None, "JIT_POLICIES": None}
    return CliRunner().invoke(jit, ["policy", *map(str, words), *place], env=unset | (env or {}))


# -- test --------------------------------------------------------------------------------------------


def test_shipped_cases():
    """Without a folder the cases that ship are run."""
    done = run("test")

    assert (0, "") == (done.exit_code, done.stderr)
    assert done.stdout.splitlines()[-1].endswith("all as expected.")


def test_a_case_that_fails(folder: Path):
    """A diff on stdout, and exit code 1; the folder may come from the environment."""
    write(folder, {"tests/a.yaml": CASE})
    done = run("test", env={"JIT_POLICIES": str(folder)})

    assert 1 == done.exit_code
    assert "tests/a.yaml:2 x [sam, debug, orders-db, 30 min, slack, Mon 2026-01-05 12:00 UTC]" in done.stdout
    assert "  - expect: require\n  + expect: deny\n" in done.stdout
    assert "1 case, 1 ask: 1 ask in 1 case not as expected." in done.stdout
    assert "\x1b" not in done.stdout


def test_results_as_json_and_junit(folder: Path, tmp_path: Path):
    """One document on stdout, and JUnit in a file, whether all is well or not."""
    write(folder, {"tests/a.yaml": CASE})
    done = run("test", "--json", "--junit", tmp_path / "out.xml", policies=folder)
    document = json.loads(done.stdout)

    assert (1, False, 1, 1) == (done.exit_code, document["ok"], document["cases"], document["asks"])
    (failure,) = document["failures"]
    assert ("tests/a.yaml", 2, "x") == (failure["file"], failure["line"], failure["case"])
    assert {"key": "expect", "expected": "require", "actual": "deny"} in failure["mismatches"]
    assert "deny" == failure["explanation"]["verdict"]["outcome"]
    assert "1" == ET.parse(tmp_path / "out.xml").getroot().get("failures")  # noqa: S314  our own document


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "set:0: has no cases; write some in tests/, such as tests/production.yaml"),
        (
            {"tests/a.yaml": CASE.replace("who", "whom")},
            "tests/a.yaml:2: cases.x.whom: is not a known key; did you mean “who”?",
        ),
        (
            {"rules.yaml": RULES.replace("effect", "efect")},
            "rules.yaml:3: rules.ask-a-dba.efect: is not a known key",
        ),
    ],
)
def test_files_that_are_broken(folder: Path, files, said):
    """Broken policies or cases, or none, are a failure that is told on stderr."""
    done = run("test", policies=write(folder, files))

    assert (1, "") == (done.exit_code, done.stdout)
    assert said in done.stderr


def test_broken_as_json(folder: Path):
    """With --json the problems are one document on stdout too."""
    done = run("test", "--json", policies=write(folder, {"tests/a.yaml": "cases: {x: {}}"}))

    assert 1 == done.exit_code
    assert [("tests/a.yaml", 1, "cases.x.expect")] == [
        (each["file"], each["line"], each["key"]) for each in json.loads(done.stdout)["problems"]
    ]


def test_junit_that_cannot_be_written(folder: Path, tmp_path: Path):
    """A file that cannot be written is a failure that names it."""
    write(folder, {"tests/a.yaml": CASE})
    done = run("test", "--junit", tmp_path / "gone/out.xml", policies=folder)

    assert 1 == done.exit_code
    assert f"{tmp_path}/gone/out.xml: cannot be written (No such file or directory)" in done.stderr


# -- explain -----------------------------------------------------------------------------------------


def test_explain_a_hypothetical_ask():
    """The verdict, the rules looked at, and what would have made it pass; exit code 0 for a no too."""
    done = run("explain", "--as", "sam", "prod-db-debug", "orders-db", "45m", "--at", "2026-03-02 10:00")

    assert (0, "") == (done.exit_code, done.stderr)
    asked = (
        "Sam Lindqvist (sam; leads, security) asks for prod-db-debug on orders-db for 45 min, through slack"
    )
    assert [f"{asked}, at 2026-03-02 10:00 UTC, without a reason", "Denied: no rule allows it."] == (
        done.stdout.splitlines()[:2]
    )
    assert "prod-db-debug: be in group engineers. Then it needs 1 of ben, chloe (db-owner)" in done.stdout


def test_explain_as_json():
    """One document: the ask with all facts that were given, verdict, rules, approvers, ways."""
    done = run("explain", "--as", "ana", "prod-db-debug", "orders-db", "--reason", "INC-7", "--source", "api",
               "--ip", "203.0.113.7", "--live", 2, "--earlier", "1h", "--earlier", "2h", "--json")  # fmt: skip
    document = json.loads(done.stdout)
    ask = document["ask"]

    assert ("INC-7", "api", "203.0.113.7", 1800) == tuple(
        ask[key] for key in ("reason", "source", "ip", "seconds")
    )
    assert (2, 2) == (ask["history"]["live"], len(ask["history"]["asked"]))
    assert "require" == document["verdict"]["outcome"]
    assert [["ben", "chloe"]] == [
        [person["id"] for person in stage["people"]] for stage in document["approvers"]
    ]


def test_explain_what_is_not_known():
    """People and actions that are not known are part of the explanation, with what was meant."""
    done = run("explain", "--as", "anna", "prod-db-debugg", "orders-db")

    assert 0 == done.exit_code
    assert "or ask as ana" in done.stdout
    assert "ask for prod-db-debug" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a", "b"], "say whose ask to explain: jit policy explain --as PERSON ACTION RESOURCE"),
        (["a", "b", "1h", "c", "--as", "ana"], "say whose ask to explain"),
        (["R02-4KX9TQZ", "--as", "ana"], "--as goes with a hypothetical ask: leave it out, or say whose"),
        (["R02-4KX9TQZ", "--live", "0"], "--live goes with a hypothetical ask"),
        (["nonsense"], "“nonsense” is not a request id"),
        (["a", "b", "soon", "--as", "ana"], "“soon” is not a duration"),
        (["a", "b", "--as", "ana", "--at", "noon"], "--at is “noon”; write a time such as"),
        (["a", "b", "--as", "ana", "--ip", "here"], "--ip is no address; write one such as"),
        (["a", "b", "--as", "ana", "--earlier", "now"], "“now” is not a duration"),
    ],
)
def test_explain_used_wrongly(words, said):
    """Exit code 2, with what would be right."""
    done = run("explain", *words)

    assert (2, "") == (done.exit_code, done.stdout)
    assert done.stderr.startswith(said)


def test_explain_a_recorded_request(folder: Path, data: Path):
    """The verdict as it was, beside what the policy says now."""
    write(folder, {"rules.yaml": RULES.replace("longer_than: 1h", "longer_than: 10m")})
    done = run("explain", ID.lower(), "--data", data, policies=folder)
    lines = done.stdout.splitlines()

    assert (0, "") == (done.exit_code, done.stderr)
    assert lines[0].startswith(f"{ID} as it was judged, by policy ")
    assert ["  Asks for approvals (ask-a-dba): group engineers may ask.", "    1 of dbas (dba)"] == lines[1:3]
    assert "By the policy of now" in lines
    assert "Denied (payments-short): Nobody works on payments-db for more than 1 h." in lines
    assert "  payments-short: ask for at most 10 min. Then it needs 1 of ben, chloe (dba)" in lines


def test_explain_a_recorded_request_as_json(folder: Path, data: Path):
    """Both verdicts are in the document."""
    write(folder, {"rules.yaml": "rules: {}"})
    document = json.loads(run("explain", ID, "--json", policies=folder, env={"JIT_DATA": str(data)}).stdout)

    assert (ID, "require", "deny", []) == (
        document["request_id"], document["was"]["outcome"], document["verdict"]["outcome"], document["unknown"],
    )  # fmt: skip


DELEGATION = "delegation:\n  dbas: {groups: [dbas], to: [security], longest: 1d}\n"
SAM_FOR_BEN = {
    "stage": "dba", "delegate": "sam", "delegator": "ben", "until": f"{NOW + timedelta(hours=2):%Y-%m-%d %H:%M} UTC",
}  # fmt: skip


@pytest.mark.parametrize(
    ("delegation", "state", "expected"),
    [(DELEGATION, State.PENDING, [SAM_FOR_BEN]), ("", State.PENDING, []), (DELEGATION, State.CANCELLED, [])],
)
def test_explain_names_delegates(folder: Path, data: Path, redis_server, delegation, state, expected):
    """Who may decide in another's place is told of a request that waits, as far as policy lets them."""
    write(folder, {"common.yaml": COMMON + delegation})
    url = f"unix://{redis_server.socket}"
    asyncio.run(_delegated(url, state))
    told = run("explain", ID, "--data", data, policies=folder, env={"JIT_REDIS_URL": url})
    document = json.loads(
        run("explain", ID, "--data", data, "--json", policies=folder, env={"JIT_REDIS_URL": url}).stdout
    )
    away = json.loads(run("explain", ID, "--data", data, "--json", policies=folder).stdout)

    assert (expected, []) == (document["deputies"], away["deputies"])
    line = f"  sam may decide for ben until {SAM_FOR_BEN['until']} (dba)"
    assert bool(expected) is (line in told.stdout.splitlines())


async def _delegated(url: str, state: State) -> None:
    """Write a request that waits for a dba, and that Ben has delegated to Sam."""
    stage = Stage(name="dba", groups=("dbas",))
    async with aclosing(connect(url)) as connection:
        await connection.calls.flushall()
        request, event = ask(a_request(stages=(stage,), request_id=ID, now=NOW))
        store = RequestStore(connection.calls)
        await store.create(request.model_copy(update={"state": state}), event, "delivery")
        until = NOW + timedelta(hours=2)
        held = Delegation(id="D02-0000001", delegator=BEN, delegate=SAM, since=NOW, until=until)
        told = Delegated(request_id=held.id, at=NOW, by="ben", delegator=BEN, delegate=SAM, until=until)
        assert await DelegationStore(connection.calls).put(held, told)


def test_explain_a_request_that_is_not_recorded(data: Path, tmp_path: Path):
    """Neither a request that is not there nor a log that is not there is explained."""
    missing = run("explain", "R02-0000009", "--data", data)
    none = run("explain", ID, "--data", tmp_path / "gone")

    assert (1, f"the audit log {data}/audit.sqlite3 has no request R02-0000009\n") == (
        missing.exit_code, missing.stderr,
    )  # fmt: skip
    assert 1 == none.exit_code
    assert "there is none" in none.stderr


# -- simulate ----------------------------------------------------------------------------------------


def test_simulate(folder: Path, data: Path):
    """What would change since then, counted and listed; exit code 0, and 1 where that is asked for."""
    write(folder, {"rules.yaml": RULES.replace("longer_than: 1h", "longer_than: 10m")})
    done = run("simulate", "--since", "30d", "--data", data, policies=folder)
    failing = run("simulate", "--since", "30d", "--data", data, "--fail-on-change", policies=folder)

    assert (0, "") == (done.exit_code, done.stderr)
    assert done.stdout.startswith("2 requests since ")
    assert "1 would change, 1 would not, of 0 it cannot be told." in done.stdout
    assert "       1  ask people → deny\n" in done.stdout
    assert f"{ID} " in done.stdout
    assert (1, done.stdout.splitlines()[1:]) == (failing.exit_code, failing.stdout.splitlines()[1:])


def test_simulate_without_a_change(folder: Path, data: Path):
    """By the policy that judged them nothing would change, and that is no failure."""
    done = run("simulate", "--since", "90d", "--data", data, "--fail-on-change", policies=folder)

    assert 0 == done.exit_code
    assert "0 would change, 3 would not, of 0 it cannot be told." in done.stdout


def test_simulate_as_json(folder: Path, data: Path):
    """One document, with counts and each change."""
    write(folder, {"rules.yaml": "rules: {}"})
    document = json.loads(run("simulate", "--json", "--data", data, policies=folder).stdout)

    assert 2 == document["requests"]
    assert [("auto_approve", "deny", 1), ("require", "deny", 1)] == [
        (each["was"], each["would_be"], each["count"]) for each in document["changes"]
    ]
    assert {ID, "R02-0000003"} == {each["request_id"] for each in document["changed"]}


def test_simulate_against_a_folder(folder: Path, data: Path, tmp_path: Path):
    """Compared with another folder, people who left a group show."""
    other = write(tmp_path / "new", {"a.yaml": COMMON.replace("[ben, chloe]", "[ben]"), "r.yaml": RULES})
    words = ("simulate", "--data", data)

    assert "0 would change" in run(*words, policies=other).stdout
    told = run(*words, "--against", folder, policies=other).stdout
    assert (
        "  - ask people by ask-a-dba: 1 of ben, chloe (dba)\n  + ask people by ask-a-dba: 1 of ben (dba)"
        in told
    )


def test_simulate_used_wrongly(data: Path, folder: Path):
    """A span that is none is wrong usage; a broken folder is a failure."""
    wrong, broken = (
        run("simulate", "--since", "ever", "--data", data),
        run("simulate", "--data", data, policies=write(folder, {"rules.yaml": "ruels: {}"})),
    )

    assert (2, True) == (wrong.exit_code, wrong.stderr.startswith("“ever” is not a duration"))
    assert (1, True) == (
        broken.exit_code,
        broken.stderr.startswith("rules.yaml:1: ruels: is not a known key"),
    )


# -- schema and help ---------------------------------------------------------------------------------


def test_schema():
    """What is printed is the schema, of policies or of cases."""
    assert policy_schema() == json.loads(run("schema").stdout)
    assert cases_schema() == json.loads(run("schema", "--cases").stdout)


def test_help():
    """Every command is there, and explains itself."""
    told = run("--help").stdout
    for command in ("check", "test", "explain", "simulate", "schema"):
        assert f" {command} " in told
        assert 0 == run(command, "--help").exit_code


def test_the_wheel_ships_the_cases():
    """What ships beside the code are the policies with their cases, so that both can be copied."""
    assert (shipped_policies() / "tests" / "production.yaml").is_file()
