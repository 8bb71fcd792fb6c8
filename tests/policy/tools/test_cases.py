"""Contract: a case says who asks for what and what policy must say; whatever differs is told as a diff.

Files of cases are read as strictly as policies: every mistake with file, line and key, all at once. A case
never holds for another reason than the one it means: unknown names are refused, and a denial that is the
catalogue's is not taken for one of the rules.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from app.policy import PolicyError, PolicySource, shipped_policies
from app.policy.building import build
from app.policy.cases import Run, read_cases, run_cases
from app.policy.cases.junit import junit
from app.policy.cases.reading import case_files
from app.policy.cases.told import failure_lines, summary_lines
from app.policy.loading import read_policies
from tests.policy.sets import COMMON, RULES, write

HEAD = "cases:\n  x: "
GOOD = "who: ana, action: debug, resource: orders-db"


def ran(folder: Path, rules: str = RULES, **files: str) -> Run:
    """Write a policy and its cases, by the name of each file, and run them."""
    cases = {f"tests/{name}.yaml": text for name, text in files.items()}
    write(folder, {"common.yaml": COMMON, "rules.yaml": rules} | cases)
    draft = read_policies(folder)
    policy = build(draft)
    return run_cases(policy, read_cases(folder, draft, policy))


def refused(folder: Path, text: str) -> list[str]:
    with pytest.raises(PolicyError) as error:
        ran(folder, a=text)
    return str(error.value).splitlines()


def mismatches(folder: Path, expected: str, asked: str = GOOD, rules: str = RULES) -> list[tuple[str, ...]]:
    run = ran(folder, rules, a=f"{HEAD}{{{asked}, {expected}}}\n")
    return [tuple(mismatch) for result in run.results for mismatch in result.mismatches]


# -- the cases that ship -----------------------------------------------------------------------------


def test_the_cases_that_ship():
    """At least 60 cases over the shipped policies hold, and every rule decides at least one."""
    folder = shipped_policies()
    draft = read_policies(folder)
    policy = build(draft)
    cases = read_cases(folder, draft, policy)
    run = run_cases(policy, cases)

    assert [] == [line for result in run.failures for line in failure_lines(result)]
    assert () == run.untested
    assert len(cases.cases) >= 60


def test_cases_are_no_part_of_the_policy(tmp_path: Path):
    """Cases change neither the digest nor what is in force, whatever is in their files."""
    folder = write(tmp_path / "set", {"common.yaml": COMMON, "rules.yaml": RULES})
    before = PolicySource(folder).current.digest
    write(folder, {"tests/a.yaml": "rules: {x: {effect: deny, message: No.}}", "tests/b.yaml": "\tbroken"})
    source = PolicySource(folder)

    assert before == source.current.digest
    assert not source.refresh()
    assert "" == source.problem


# -- what is asked -----------------------------------------------------------------------------------


def test_every_combination_is_asked(tmp_path: Path):
    """Several values of several keys are a matrix, asked in the order in which they are written."""
    run = ran(
        tmp_path,
        a="""\
            defaults: {who: [ana, ben], reason: "INC-1", source: api}
            cases:
              x:
                action: debug
                resource: [orders-db, shard-1]
                for: [30m, 2h]
                at: 2026-03-02 10:00 Europe/Berlin
                ip: 203.0.113.7
                expect: require
              y: {who: chloe, action: try-out, resource: any, reason: "", earlier: [1h], live: 2, expect: auto_approve}
            """,
    )
    asks = [result.ask for result in run.results]

    assert [
        (who, "debug", resource, seconds)
        for who in ("ana", "ben")
        for resource in ("orders-db", "shard-1")
        for seconds in (1800, 7200)
    ] == [(ask.requester.id, ask.action, ask.resource, ask.seconds) for ask in asks[:-1]]
    assert {("INC-1", "api", "203.0.113.7", datetime(2026, 3, 2, 9, tzinfo=UTC))} == {
        (ask.reason, ask.source, ask.ip, ask.at) for ask in asks[:-1]
    }
    last = asks[-1]
    assert ("chloe", 300, "", "") == (last.requester.id, last.seconds, last.reason, last.ip)
    assert ((last.at - timedelta(hours=1),), 2) == (last.history.asked, last.history.live)


def test_what_is_not_said_is_the_same_every_day(tmp_path: Path):
    """Without `at` it is one and the same Monday, from Slack, with nothing asked before."""
    (result,) = ran(tmp_path, a=f"{HEAD}{{{GOOD}, expect: require}}\n").results
    ask = result.ask

    assert (datetime(2026, 1, 5, 12, tzinfo=UTC), "slack", "", 1800) == (
        ask.at,
        ask.source,
        ask.ip,
        ask.seconds,
    )
    assert ((), 0) == (ask.history.asked, ask.history.live)


# -- what is expected --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "expected",
    [
        "expect: require",
        "expect: require, rules: [ask-a-dba]",
        "expect: require, stages: [{}]",
        "expect: require, stages: [{name: dba, quorum: 1, approvers: [ben, chloe]}]",
        "expect: require, stages: [{approvers: [dbas, ana]}]",
        "expect: require, message: engineers may",
    ],
)
def test_what_holds(tmp_path: Path, expected):
    """What is left out may be anything; approvers are people or groups of them, without whoever asks."""
    assert [] == mismatches(tmp_path, expected)


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        ("expect: auto_approve", [("expect", "auto_approve", "require")]),
        (
            "expect: deny, rules: [payments-short]",
            [("expect", "deny", "require"), ("rules", "payments-short", "ask-a-dba")],
        ),
        ("expect: deny, rules: []", [("expect", "deny", "require"), ("rules", "none", "ask-a-dba")]),
        ("expect: require, stages: [{}, {}]", [("stages", "2 of them", "1: dba (1 of ben, chloe)")]),
        (
            "expect: require, stages: [{name: lead, quorum: 2, approvers: [security]}]",
            [
                ("stages[0].name", "lead", "dba"),
                ("stages[0].quorum", "2", "1"),
                ("stages[0].approvers", "sam", "ben, chloe"),
            ],
        ),
        ("expect: require, message: Engineers", [("message", "… Engineers …", "group engineers may ask")]),
    ],
)
def test_what_does_not_hold(tmp_path: Path, expected, told):
    """Each key that is not as expected is told, with what is there."""
    assert told == mismatches(tmp_path, expected)


@pytest.mark.parametrize("asked", [f"{GOOD}, for: 5h", "who: ana, action: debug, resource: orders"])
@pytest.mark.parametrize(
    ("expected", "holds"),
    [
        ("expect: deny", False),
        ("expect: deny, rules: []", False),
        ("expect: deny, rules: [(catalogue)]", True),
        ("expect: deny, message: debug", True),
    ],
)
def test_a_denial_by_the_catalogue(tmp_path: Path, asked, expected, holds):
    """A denial because nothing of the kind is there holds only for a case that says so."""
    assert holds == (mismatches(tmp_path, expected, asked) == [])


@pytest.mark.parametrize(("shadow", "told"), [("deny", []), ("require", [("shadow", "require", "deny")])])
def test_rules_in_shadow(tmp_path: Path, shadow, told):
    """What rules in shadow would change can be expected too, and does not touch the outcome."""
    rules = RULES + "  dry: {effect: deny, mode: shadow, message: No.}\n"

    assert told == mismatches(tmp_path, f"expect: require, shadow: {shadow}", rules=rules)
    cases = f"{HEAD}{{{GOOD}, expect: require, shadow: deny}}\n  y: {{{GOOD}, expect: require}}\n"
    assert "dry" not in ran(tmp_path, rules, a=cases).untested


def test_rules_that_no_case_is_decided_by(tmp_path: Path):
    """A rule that no case comes to is named."""
    run = ran(tmp_path, a=f"{HEAD}{{{GOOD}, expect: require}}\n")

    assert ("payments-short", "sandbox-for-all") == run.untested
    assert [
        "1 case, 1 ask: all as expected.",
        "No case is decided by: payments-short, sandbox-for-all.",
    ] == list(summary_lines(run))


# -- how a failure is told ---------------------------------------------------------------------------


def test_a_failure_as_a_diff(tmp_path: Path):
    """Where the case stands, expected against actual, and the rule and conditions that made the difference."""
    (result,) = ran(
        tmp_path,
        a=f"{HEAD}{{{GOOD.replace('ana', 'sam')}, for: 45m, expect: require, rules: [ask-a-dba]}}\n",
    ).failures

    assert [
        "tests/a.yaml:2 x [sam, debug, orders-db, 45 min, slack, Mon 2026-01-05 12:00 UTC]",
        "  - expect: require",
        "  + expect: deny",
        "  - rules: ask-a-dba",
        "  + rules: none",
        "    ✗ ask-a-dba requires approvals",
        "        ✗ groups: group engineers, but it is sam, in security",
        "    It would have passed so:",
        "      ask-a-dba: be in group engineers. Then it needs 1 of ben, chloe (dba)",
    ] == list(failure_lines(result))


def test_a_failure_by_a_rule_that_was_not_expected(tmp_path: Path):
    """A rule that decided unexpectedly is shown beside the one that should have."""
    asked = "who: ana, action: debug, resource: payments-db, for: 2h"
    (result,) = ran(tmp_path, a=f"{HEAD}{{{asked}, expect: require, rules: [ask-a-dba]}}\n").failures
    shown = [line.strip() for line in failure_lines(result)]

    assert "✓ payments-short denies: Nobody works on payments-db for more than 1 h" in shown
    assert "payments-short: ask for at most 1 h. Then it needs 1 of ben, chloe (dba)" in shown


# -- files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("casess: {}\n", "1: casess: is not a known key; did you mean “cases”? (files in tests/ hold cases, and no"),
        ("rules: {}\ncases: {}\n", "1: rules: is not a known key; known here: cases, defaults (files in"),
        ("cases: []\n", "1: cases: is not a mapping; write names"),
        ("cases:\n  A: {}\n", "2: cases.A: the name is “A”; write a name of a-z"),
        (f"{HEAD}\n    expects: deny\n    {GOOD.replace(', ', chr(10) + '    ')}\n    expect: deny\n",
         "3: cases.x.expects: is not a known key; did you mean “expect”?"),
        (f"{HEAD}{{{GOOD}}}\n", "2: cases.x.expect: is missing; write deny, auto_approve or require"),
        (f"{HEAD}{{{GOOD}, expect: allow}}\n", "2: cases.x.expect: is “allow”; write deny, auto_approve or"),
        (f"{HEAD}{{{GOOD}, for: soon, expect: deny}}\n", "2: cases.x.for: is “soon”; write a duration such as"),
        (f"{HEAD}{{{GOOD}, for: [1h, soon], expect: deny}}\n", "2: cases.x.for[1]: is “soon”; write a"),
        (f"{HEAD}{{{GOOD}, for: [], expect: deny}}\n", "2: cases.x.for: is an empty list; name at least one"),
        (f"{HEAD}{{{GOOD}, at: noon, expect: deny}}\n", "2: cases.x.at: is “noon”; write a time such as"),
        (f"{HEAD}{{{GOOD}, at: tue 2026-03-02 10:00, expect: deny}}\n", "2: cases.x.at: says tue, and 2026-03-02 is"),
        (f"{HEAD}{{{GOOD}, at: 2026-03-29 02:30 Europe/Berlin, expect: deny}}\n", "2: cases.x.at: is 2026-03-29T02"),
        (f"{HEAD}{{{GOOD}, ip: here, expect: deny}}\n", "2: cases.x.ip: is no address; write one such as 203"),
        (f"{HEAD}{{{GOOD}, live: -1, expect: deny}}\n", "2: cases.x.live: is no number of grants; write how"),
        (f"{HEAD}{{{GOOD.replace('ana', 'anna')}, expect: deny}}\n",
         "2: cases.x.who: there is no person “anna”; did you mean “ana”?"),
        (f"{HEAD}{{{GOOD.replace('ana', '[ana, bne]')}, expect: deny}}\n",
         "2: cases.x.who[1]: there is no person “bne”; did you mean “ben”?"),
        (f"{HEAD}{{{GOOD.replace('debug', 'debugg')}, expect: deny}}\n",
         "2: cases.x.action: there is no action “debugg”; did you mean “debug”?"),
        (f"{HEAD}{{{GOOD}, expect: deny, rules: [payment-short]}}\n",
         "2: cases.x.rules[0]: there is no rule “payment-short”; did you mean “payments-short”?"),
        (f"{HEAD}{{{GOOD}, expect: require, stages: [{{approvers: [dba]}}]}}\n",
         "2: cases.x.stages[0].approvers[0]: there is no group or person “dba”; did you mean “dbas”?"),
        (f"{HEAD}{{{GOOD}, expect: require, stages: [{{approver: [dbas]}}]}}\n",
         "2: cases.x.stages[0].approver: is not a known key; did you mean “approvers”?"),
        (f"{HEAD}{{{GOOD}, expect: deny, stages: [{{}}]}}\n", "2: cases.x.stages: does not go with deny; remove"),
        (f"{HEAD}{{{GOOD}, expect: require, stages: []}}\n", "2: cases.x.stages: is empty, and approvals are"),
        (f"{HEAD}{{{GOOD}, expect: require, rules: []}}\n", "2: cases.x.rules: is empty, and require takes a"),
        (f"{HEAD}{{who: ana, action: debug, expect: deny}}\n",
         "2: cases.x.resource: is missing; write what it is done to, here or in defaults"),
        ("defaults: {who: eve}\ncases: {}\n", "1: defaults.who: there is no person “eve”"),
        ("defaults: {expect: deny}\ncases: {}\n", "1: defaults.expect: is not a known key"),
        ("cases:\n\tx: {}\n", "2: is indented with a tab; indent with spaces"),
        (f"{HEAD}{{{GOOD}, expect: deny}}\n  x: {{}}\n", "3: cases.x: stands here twice, first in line 2; keep"),
    ],
)  # fmt: skip
def test_mistakes(tmp_path: Path, text, said):
    """Each mistake is told with file, line and key, and what would be right."""
    assert any(line.startswith(f"tests/a.yaml:{said}") for line in refused(tmp_path, text)), refused(
        tmp_path, text
    )


def test_all_mistakes_at_once(tmp_path: Path):
    """Mistakes of several cases and files are told together, in the order of files and lines."""
    write(tmp_path, {"tests/b.yaml": "cases: {y: {expect: allow}}\n"})

    assert ["tests/a.yaml:2", "tests/a.yaml:3", "tests/b.yaml:1"] == [
        ":".join(line.split(":")[:2])
        for line in refused(
            tmp_path, f"cases:\n  x: {{{GOOD}, expect: no}}\n  z: {{{GOOD}, for: x, expect: deny}}\n"
        )
    ]


def test_too_many_asks(tmp_path: Path):
    """A matrix that would ask without end is refused."""
    seconds = ", ".join(f"{n}s" for n in range(60, 260))
    resources = ", ".join(f"shard-{n}" for n in range(60))
    text = f"{HEAD}{{who: ana, action: debug, resource: [{resources}], for: [{seconds}], expect: require}}\n"

    assert ["tests/a.yaml:2: cases.x: asks 12,000 times; 10,000 is the most, write less of each"] == refused(
        tmp_path, text
    )


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "has no cases; write some in tests/, such as tests/production.yaml"),
        ({"tests/README.md": ""}, "has no policy files"),
        ({"tests/a.yaml": "cases: {}"}, "cases: is empty in all of tests/; write some"),
    ],
)
def test_no_cases(tmp_path: Path, files, said):
    """A folder without cases is a failure: nothing was tested."""
    folder = write(tmp_path / "set", {"common.yaml": COMMON, "rules.yaml": RULES} | files)
    draft = read_policies(folder)
    with pytest.raises(PolicyError) as error:
        read_cases(folder, draft, build(draft))

    assert said in str(error.value)


def test_files_of_cases(tmp_path: Path):
    """Every YAML file below tests/ counts, by its name in the policy folder."""
    write(tmp_path, {"tests/b.yaml": "{}", "tests/more/a.yml": "{}", "tests/.c.yaml": "{}", "a.yaml": "{}"})

    assert ["tests/b.yaml", "tests/more/a.yml"] == [name for name, _ in case_files(tmp_path)]


# -- JUnit -------------------------------------------------------------------------------------------


def test_junit(tmp_path: Path):
    """A suite for each file, a test case for each ask, counts that agree, and failures with their diff."""
    run = ran(
        tmp_path,
        a=f"{HEAD}{{{GOOD}, for: [30m, 1h], expect: require}}\n",
        b=f'{HEAD}{{{GOOD}, reason: "a\\x07 <b>&", expect: deny, message: "]]> &"}}\n',
    )
    root = ET.fromstring(junit(run))  # noqa: S314  our own document

    assert ("testsuites", "3", "1", "0") == (
        root.tag,
        *(root.get(key) for key in ("tests", "failures", "errors")),
    )
    assert [("tests/a.yaml", "2", "0"), ("tests/b.yaml", "1", "1")] == [
        tuple(suite.get(key) for key in ("name", "tests", "failures")) for suite in root
    ]
    assert ["tests.a", "tests.a", "tests.b"] == [case.get("classname") for case in root.iter("testcase")]
    assert ["x 1 [ana", "x 2 [ana", "x [ana"] == [
        case.get("name").split(",")[0] for case in root.iter("testcase")
    ]
    assert all(float(case.get("time")) >= 0 for case in root.iter("testcase"))
    (failure,) = root.iter("failure")
    assert "expect: deny ≠ require; message: … ]]> & … ≠ group engineers may ask" == failure.get("message")
    assert "\n  - expect: deny\n  + expect: require\n" in failure.text


def test_junit_holds_to_the_schema_of_jenkins(tmp_path: Path):
    """No element and attribute that the strictest of the usual parsers does not know."""
    known = {
        "testsuites": {"name", "time", "tests", "failures", "disabled", "errors"},
        "testsuite": {"name", "tests", "failures", "errors", "time", "disabled", "skipped", "timestamp", "hostname",
                      "id", "package"},
        "testcase": {"name", "assertions", "time", "classname", "status"},
        "failure": {"message", "type"},
    }  # fmt: skip
    run = ran(tmp_path, a=f"{HEAD}{{{GOOD}, expect: deny}}\n")

    for element in ET.fromstring(junit(run)).iter():  # noqa: S314  our own document
        assert set(element.attrib) <= known[element.tag]


# -- members from elsewhere ---------------------------------------------------------------------------


ELSEWHERE = COMMON.replace("  nobody: []\n", "  nobody: []\n  remote: {slack: S0REMOTE}\n") + (
    "rotas:\n  turns: {people: [ben, chloe], from: 2026-01-05, shift: 1d, zone: UTC}\n"
)
BY_REMOTE = """\
rules:
  x: {effect: require, actions: [debug], groups: [remote], stages: [{name: a, on_call: [turns]}]}
"""


def test_members_of_a_case(tmp_path):
    """A case says who is told to be in a group from elsewhere; without it nobody is. Rotas go by its time."""
    cases = f"""\
        defaults: {{members: {{remote: [ana]}}}}
        cases:
          monday: {{{GOOD}, at: 2026-01-05 12:00 UTC, expect: require, stages: [{{approvers: [ben]}}]}}
          tuesday: {{{GOOD}, at: 2026-01-06 12:00 UTC, expect: require, stages: [{{approvers: [chloe]}}]}}
          somebody-else: {{{GOOD}, members: {{remote: [sam]}}, expect: deny, rules: []}}
    """
    write(tmp_path, {"common.yaml": ELSEWHERE, "rules.yaml": BY_REMOTE, "tests/a.yaml": cases})
    draft = read_policies(tmp_path)
    policy = build(draft)
    run = run_cases(policy, read_cases(tmp_path, draft, policy))

    assert [] == [line for result in run.failures for line in failure_lines(result)]
    assert 3 == len(run.results)


def test_members_of_a_group_of_files(tmp_path):
    """A case cannot say who is in a group that files name all of, nor name whom there is not."""
    assert [
        "tests/a.yaml:2: cases.x.members.dbas: is no group or rota that comes from elsewhere; known here: none"
    ] == refused(tmp_path, f"{HEAD}{{{GOOD}, expect: deny, rules: [], members: {{dbas: [ana]}}}}\n")
