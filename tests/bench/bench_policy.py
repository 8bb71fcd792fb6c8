"""How long a verdict and a load take, and how both grow. Run it: `python -m tests.bench.bench_policy`.

Targets: a verdict under 50 µs at p50 with 1,000 rules over 200 actions, at most 3 times that with 100 times
as many of both; 10,000 rules loaded in under 2 s. With the extra `bench` installed, Cedar and Rego judge the
same asks by an equal policy of 1,000 rules, and must come to the same outcomes.

Then a mistyped action among as many: what was meant is to be found in under 50 ms.

`--quick` leaves out the 100,000 rules, which take a minute to load.
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from app.domain.verdict import Outcome
from app.policy import Ask, Policy
from app.policy.building import build
from app.policy.loading import read_policies
from app.policy.nearest import nearest
from tests.bench.other_engines import Judge, Plain, cedar, rego

PEOPLE = 50
RULES_A_FILE = 2_000
VERDICTS = 20_000
OF_OTHERS = {cedar: 2_000, rego: 40}
"""How many asks other engines judge: as many as take some seconds."""
SIZES = ((1_000, 200), (10_000, 2_000), (100_000, 20_000))
NOW = datetime(2026, 3, 2, tzinfo=UTC)
COMMON = (
    "people:\n"
    + "".join(f"  p{i}: {{name: Person {i}, slack: U0P{i}}}\n" for i in range(PEOPLE))
    + "groups:\n"
    + "".join(f"  g{i}: [p{i}, p{(i + 1) % PEOPLE}, p{(i + 2) % PEOPLE}]\n" for i in range(PEOPLE))
    + 'environments:\n  production: {title: Production, channel: "#p", risk: high}\n'
    + 'channels: {digest: "#s", admin: "#s"}\n'
)
EFFECTS = (
    "effect: require\n    stages: [{{name: owners, groups: [g{group}]}}]",
    "effect: auto_approve\n    longest: 30m",
    "effect: deny\n    longer_than: 2h\n    message: Too long.",
)


def write(folder: Path, rules: int, actions: int) -> None:
    """Write a set of policies: rules are spread evenly over actions, a third of each effect."""
    (folder / "common.yaml").write_text(COMMON)
    _write_parts(
        folder,
        "actions",
        [
            f"  act-{i}:\n    title: Act {i}\n    environment: production\n"
            f"    resources: [db-*, cache-{i % 7}]\n    default: 30m\n    longest: 4h\n"
            for i in range(actions)
        ],
    )
    _write_parts(folder, "rules", [_rule(i, actions) for i in range(rules)])


def _rule(number: int, actions: int) -> str:
    group = number % PEOPLE
    effect = EFFECTS[number % 3].format(group=group)
    return (
        f"  rule-{number}:\n    {effect}\n    actions: [act-{number % actions}]\n"
        f"    groups: [g{group}, g{(number * 7) % PEOPLE}]\n    resources: [db-*]\n"
    )


def _write_parts(folder: Path, section: str, entries: list[str]) -> None:
    for start in range(0, len(entries), RULES_A_FILE):
        text = f"{section}:\n" + "".join(entries[start : start + RULES_A_FILE])
        (folder / f"{section}-{start}.yaml").write_text(text)


def load(folder: Path) -> tuple[Policy, float]:
    """Load a folder; gives the policy and the seconds it took."""
    began = time.perf_counter()
    policy = build(read_policies(folder))
    return policy, time.perf_counter() - began


def asks_of(policy: Policy, count: int) -> list[Ask]:
    """Make random asks."""
    chance = random.Random(7)  # noqa: S311  asks of a benchmark
    people, actions = list(policy.people.values()), list(policy.actions)
    return [
        Ask(
            requester=chance.choice(people),
            action=chance.choice(actions),
            resource=f"db-{chance.randrange(9)}",
            seconds=chance.choice([60, 1800, 3600, 14400]),
            reason="bench",
            source="slack",
            at=NOW,
        )
        for _ in range(count)
    ]


def verdicts(judge: Callable[[Ask], object], asks: list[Ask]) -> list[float]:
    """Judge asks; gives the microseconds that each took."""
    took = []
    for ask in asks:
        began = time.perf_counter_ns()
        judge(ask)
        took.append((time.perf_counter_ns() - began) / 1000)
    return took


def plain(rules: int, actions: int) -> list[Plain]:
    """Give the rules of `write` for other engines."""
    return [
        Plain(
            effect=(Outcome.REQUIRE, Outcome.AUTO_APPROVE, Outcome.DENY)[number % 3],
            action=f"act-{number % actions}",
            groups=(f"g{number % PEOPLE}", f"g{(number * 7) % PEOPLE}"),
            bound=(0, 1800, 7200)[number % 3],
        )
        for number in range(rules)
    ]


def line(engine: str, rules: int, actions: int, seconds: float, took: list[float], first: float) -> None:
    """Print a line of the table; `first` is the p50 of the first one, in µs."""
    p50, p99 = statistics.median(took), statistics.quantiles(took, n=100)[98]
    print(f"{engine:<8} {rules:>8,} {actions:>8,} {seconds:8.2f} {p50:10.1f} {p99:10.1f} {p50 / first:9.2f}x")


def compare(make: Callable[[list[Plain], Policy], Judge], policy: Policy, first: float) -> None:
    """Let another engine judge; raises AssertionError when it comes to another outcome than ours."""
    rules, actions = SIZES[0]
    began = time.perf_counter()
    try:
        judge = make(plain(rules, actions), policy)
    except ImportError as error:
        print(f"{make.__name__:<8} is not here ({error.name}): pip install 'jit-approval[bench]'")
        return
    seconds = time.perf_counter() - began
    asks = asks_of(policy, OF_OTHERS[make])
    for ask in asks:
        assert policy.judge(ask).outcome is judge(ask), ask
    line(make.__name__, rules, actions, seconds, verdicts(judge, asks), first)


TYPED = ("atc-1234", "act-19999x", "restrat-prod-ordres-12", "x" * 64)


def meant(actions: int) -> None:
    """Print how long it takes to find what was meant by mistyped actions, the longest of several."""
    names, took = [f"act-{number}" for number in range(actions)], []
    for typed in TYPED * 5:
        began = time.perf_counter()
        nearest(typed, names)
        took.append((time.perf_counter() - began) * 1000)
    print(
        f"\na mistyped one of {actions:,} actions: p50 {statistics.median(took):.1f} ms, max {max(took):.1f} ms"
    )


def main() -> None:
    """Print the table."""
    print(f"{'':<8} {'rules':>8} {'actions':>8} {'load s':>8} {'p50 µs':>10} {'p99 µs':>10} {'to first':>10}")
    first = 0.0
    for rules, actions in SIZES[: 2 if "--quick" in sys.argv else 3]:
        with tempfile.TemporaryDirectory() as temporary:
            write(Path(temporary), rules, actions)
            policy, seconds = load(Path(temporary))
        took = verdicts(policy.judge, asks_of(policy, VERDICTS))
        first = first or statistics.median(took)
        line("jit", rules, actions, seconds, took, first)
        if (rules, actions) == SIZES[0]:
            for make in OF_OTHERS:
                compare(make, policy, first)
    meant(SIZES[2][1])


if __name__ == "__main__":
    main()
