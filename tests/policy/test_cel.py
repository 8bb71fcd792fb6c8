"""Contract: the library that judges CEL does what `app/policy/cel.py` rests on, and the adapter what rules do.

The first half pins the library: should a version of it answer otherwise, these fail before a policy does.
The second is the adapter: what is wrong is refused at load with the place marked, only the boolean true
counts, and what a policy does not use is not even imported.
"""

import json
import subprocess
import sys
from datetime import datetime
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.people import Principal
from app.domain.verdict import Outcome
from app.policy import PolicyError
from app.policy.ask import Ask
from app.policy.catalogue import Action
from app.policy.cel import VARIABLES, Expression
from app.policy.conditions import Facts
from tests.policy.sets import COMMON, NOW, an_ask, policy_of
from tests.policy.test_failing_closed import COMMON_HERE

POLICY = policy_of("rules: {}", COMMON_HERE)
cel = pytest.importorskip("cel_expr_python.cel")


def seen(text: str, **changed: object) -> bool | None:
    return Expression(text).see(POLICY.facts_of(an_ask(POLICY).model_copy(update=changed))).result


# -- what the library does --------------------------------------------------------------------------


def test_errors_are_values():
    """An error while judging comes back as a value that Python takes for true: never rely on its truth."""
    env = cel.NewEnv(variables={"x": cel.Type.INT})
    result = env.compile("x / 0 == 1").eval(data={"x": 1})

    assert "ERROR" == result.type().name()
    assert bool(result.value())
    assert result.value() is not True


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("ip == 'x'", "ERROR"),
        ("ip != 'x'", "ERROR"),
        ("ip == 'x' || true", True),
        ("ip == 'x' && false", False),
        ("true || ip == 'x'", True),
    ],
)
def test_variables_that_are_not_bound(text, result):
    """A variable that is not bound is an error, unless the result does not hang on it."""
    env = cel.NewEnv(variables={"ip": cel.Type.STRING})
    value = env.compile(text).eval(data={}).value()

    assert result == (value if isinstance(value, bool) else "ERROR")


def test_iterations_are_limited():
    """Lists within lists end in an error before they take long."""
    env = cel.NewEnv(variables={"g": cel.Type.List(cel.Type.STRING)})
    program = env.compile("g.exists(a, g.exists(b, a + b == 'x'))")
    with pytest.raises(RuntimeError, match="budget"):
        program.eval(data={"g": [str(number) for number in range(2000)]})


def test_types_are_checked_when_compiled():
    """What is compiled knows its type."""
    env = cel.NewEnv(variables={"x": cel.Type.INT})

    assert ["BOOL", "INT", "DYN"] == [
        env.compile(text).return_type().name() for text in ("x == 1", "x", "dyn(x)")
    ]


# -- what may be said -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("request.action == 'debug' && request.resource == 'orders-db'", True),
        ("request.seconds <= 1800", True),
        ("request.reason.startsWith('INC-')", True),
        ("request.reason.matches('^INC-[0-9]+$')", True),
        ("request.source in ['slack', 'cli']", True),
        ("request.risk == 'high' && request.environment == 'production'", True),
        ("requester.id != 'ben' && 'engineers' in requester.groups", True),
        ("requester.groups.exists(g, g.endsWith('ers'))", True),
        ("'payments' in requester.attributes.team", True),
        ("requester.attributes['level'].size() == 2", True),
        ("'payments' in requester.attributes.teem", None),
        ("has(requester.attributes.teem)", False),
        ("now.getHours('Europe/Berlin') == 10 && now.getDayOfWeek('UTC') == 1", True),
        ("now < timestamp('2027-01-01T00:00:00Z')", True),
        ("ip == ''", None),
        ("ip != ''", None),
        ("ip != '' || request.risk == 'high'", True),
        ("request.seconds / 0 == 1", None),
        ("request.seconds > 1000000", False),
        ("int(request.reason) > 1", None),
    ],
)
def test_expressions(text, result):
    """Each variable is there with its type; what hangs on something unknown is neither true nor false."""
    assert result is seen(text)


def test_every_variable_can_be_used():
    """The table of variables is what there is: each is bound when everything is known."""
    facts = POLICY.facts_of(an_ask(POLICY).model_copy(update={"ip": "10.0.0.1"}))
    for name in VARIABLES:
        assert Expression(f"{name} == {name}").see(facts).result is True, name


@pytest.mark.parametrize(
    "changed",
    [{"reason": "x" * 4001}, {"reason": "\ud800"}, {"seconds": 2**70}, {"at": datetime(2026, 3, 2)},  # noqa: DTZ001
     {"at": NOW.replace(year=1).replace(tzinfo=None)}, {"source": ""}],
)  # fmt: skip
def test_what_cannot_be_bound_is_unknown(changed):
    """A fact past the limits, or one that CEL cannot hold, is unknown; the others still count."""
    text = "request.reason != '' && request.seconds > 0 && now > timestamp('2020-01-01T00:00:00Z')"

    assert seen(f"{text} && request.source != ''", **changed) is None
    assert seen("request.action == 'debug'", **changed) is True


def test_many_groups_are_unknown():
    """More groups than are gone through are unknown: what hangs on them cannot be told."""
    facts = POLICY.facts_of(an_ask(POLICY))._replace(groups=frozenset(f"g{n}" for n in range(501)))

    assert Expression("'g1' in requester.groups").see(facts).result is None
    assert Expression("requester.id == 'ana'").see(facts).result is True


def test_facts_of_one_ask_are_not_anothers():
    """What is bound for one ask is never looked at for another, in whatever order."""
    program = Expression("requester.id == 'ana'")
    facts = [POLICY.facts_of(an_ask(POLICY, person)) for person in ("ana", "ben", "ana", "ben")]

    assert [True, False, True, False] == [program.see(each).result for each in facts]


texts = st.text(st.characters(exclude_categories=())) | st.sampled_from(["ana", "INC-7"])


@given(texts, texts, texts, st.integers(), st.datetimes(), st.frozensets(texts, max_size=3))
def test_never_raises(reason, person, ip, seconds, at, groups):
    """Whatever is asked, an expression gives true, false or neither."""
    ask = Ask(
        requester=Principal(id=person, name="", slack=""), action="debug", resource=reason, seconds=seconds,
        reason=reason, source=ip, at=at, ip=ip,
    )  # fmt: skip
    action: Action = POLICY.actions["debug"]
    facts = Facts(ask, groups, {"team": (reason,)}, action)
    for text in ("request.reason.contains(ip)", "requester.groups.all(g, g != requester.id)",
                 "'x' in requester.attributes.team", "now.getHours() > request.seconds"):  # fmt: skip
        assert Expression(text).see(facts).result in {True, False, None}


# -- what is refused --------------------------------------------------------------------------------


def refused(text: str) -> list[str]:
    block = "\n".join(f"          {line}" for line in text.split("\n"))
    rules = (
        dedent("""\
        rules:
          x:
            effect: auto_approve
            when:
              - id: one
                message: Because.
                cel: |-
        """)
        + block.replace("          ", "              ")
        + "\n"
    )
    with pytest.raises(PolicyError) as error:
        policy_of(rules)
    return str(error.value).splitlines()


@pytest.mark.parametrize(
    ("text", "said", "caret"),
    [
        ("requst.action == 'x'", "speaks of “requst.action”, which is not there; known: request.action, ", "r"),
        ("request.actoin == 'x'", "speaks of “request.actoin”, which is not there; known: request.ac", "r"),
        ("true && foo", "speaks of “foo”, which is not there; known: ", "f"),
        ("request.seconds == 'x'", ("is wrong at the mark: found no matching overload for '_==_' applied to "
         "'(int, string)'; mend it there"), "="),
        ("request.seconds", "gives int; write a comparison, or what else gives bool", "r"),
        ("dyn(true)", "gives dyn; write a comparison, or what else gives bool", "d"),
        ("'a' + 'b'", "gives string; write a comparison", "'"),
        ("request.action == ", "is wrong at the mark: Syntax error: mismatched input '<EOF>'; mend it th", ""),
        ("request.action == 'x", "is wrong at the mark: Syntax error: token recognition error", "'"),
        ("now.getHours('Europe/Berln') > 1", "is “Europe/Berln”, which is no zone that is known; write", "'"),
        ("request.reason.matches('(')", "is no pattern of RE2 (INVALID_ARGUMENT: invalid regular expr", "'"),
        ("requester.groups.exists(g, requester.groups.exists(h, g == h))",
         "goes through a list within a list; write conditions apart", "."),
        ("(" * 17 + "true" + ")" * 17, "is nested deeper than 16 levels; write conditions apart", "("),
        (" && ".join(["[1].all(x, x > 0)"] * 5), "goes through lists more than 4 times; write cond", "."),
    ],
)  # fmt: skip
def test_refused(text, said, caret):
    """What is wrong is told with file, line and key, what would be right, and a caret below the place."""
    first, shown, marked = refused(text)

    assert first.startswith(f"rules.yaml:7: rules.x.when[0].cel: {said}")
    assert ";" in first
    assert "^" == marked.strip()
    assert caret == shown[len(marked) - 1 :][:1]


def test_the_line_that_is_wrong_is_shown():
    """Of several lines the one that is wrong is shown, with what stands before the place as it is."""
    assert ["      && 'é' == foo", "                ^"] == refused("true\n  && 'é' == foo")[1:]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("'" + "x" * 1000 + "' == ''", "has 1008 characters; write at most 1000"),
        ("''", "gives string; write"),
        ("request.action == 'a'" + " || true" * 122, ""),
    ],
)
def test_limits_of_length(text, said):
    """What is too long is refused by its length; what is long and within it is not."""
    if said:
        assert said in refused(text)[0]
    else:
        assert seen(text) is True


def test_ids_are_told_apart():
    """Two conditions of a rule have two ids."""
    with pytest.raises(PolicyError, match=r"when\[1\].id: one is an earlier condition's id; give each"):
        policy_of(
            "rules:\n  x: {effect: auto_approve, when: [{id: one, cel: 'true', message: x}, "
            "{id: one, cel: 'true', message: x}]}\n"
        )


PROGRAM = """
import json, sys
before, common, rules = json.loads(sys.argv[1])
exec(before)
from app.policy.building import build
from app.policy.loading import put_together
from app.policy.yaml_file import parse
try:
    build(put_together([parse(common, "c.yaml"), parse(rules, "r.yaml")], [], "p"))
except Exception as error:
    print(error)
print(sorted(name for name, module in sys.modules.items() if name.startswith("cel_expr") and module))
"""


def output(rules: str, before: str = "") -> list[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps([before, COMMON, rules])],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.splitlines()


def test_imported_only_when_used():
    """A policy without `when` does not import the library, and one with it does."""
    assert ["[]"] == output("rules:\n  x: {effect: auto_approve}\n")
    assert "cel_expr_python.cel" in output(
        "rules:\n  x: {effect: auto_approve, when: [{id: a, cel: 'true', message: x}]}\n"
    )[-1]  # fmt: skip


def test_where_there_is_no_library():
    """Where the library cannot be had, a policy with `when` is refused, and any other works."""
    before = "sys.modules['cel_expr_python'] = None"
    rules = "rules:\n  x: {effect: deny, message: No, when: [{id: a, cel: 'true', message: x}]}\n"

    assert (
        "r.yaml:2: rules.x.when[0].cel: cannot be judged, as there is no cel-expr-python here (it has no build "
        "for this platform, or is not installed); install it, or do without when" == output(rules, before)[0]
    )
    assert 2 == len(output(rules, before))
    assert 1 == len(output("rules:\n  x: {effect: auto_approve}\n", before))


def test_only_the_boolean_true_counts():
    """A rule that permits never matches on an error, and one that denies does."""
    policy = policy_of(
        "rules:\n  x: {effect: auto_approve, when: [{id: a, cel: 'request.seconds / 0 == 1', message: Why.}]}\n"
    )
    denying = policy_of(
        "rules:\n  y: {effect: auto_approve}\n"
        "  x: {effect: deny, message: No, when: [{id: a, cel: 'request.seconds / 0 == 1', message: Why.}]}\n"
    )

    assert Outcome.DENY is policy.judge(an_ask(policy)).outcome
    assert "x" in denying.judge(an_ask(denying)).rules
    assert "cannot be told: INVALID_ARGUMENT: divide by zero" in denying.judge(an_ask(denying)).message
    assert NOW == an_ask(policy).at
