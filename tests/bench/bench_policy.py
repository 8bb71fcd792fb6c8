"""How long a verdict and a load take, and how both grow. Run it: `python tests/bench/bench_policy.py`.

Targets: a verdict under 50 µs at p50 with 1,000 rules over 200 actions, at most 3 times that with 100 times
as many of both; 10,000 rules loaded in under 2 s.
"""

import random
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from app.policy import Ask, Policy
from app.policy.building import build
from app.policy.loading import read_policies

PEOPLE = 50
RULES_A_FILE = 2_000
VERDICTS = 20_000
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


def verdicts(policy: Policy) -> list[float]:
    """Judge random asks; gives the microseconds that each took."""
    chance = random.Random(7)  # noqa: S311  asks of a benchmark
    people, actions = list(policy.people.values()), list(policy.actions)
    asks = [
        Ask(
            requester=chance.choice(people),
            action=chance.choice(actions),
            resource=f"db-{chance.randrange(9)}",
            seconds=chance.choice([60, 1800, 3600, 14400]),
            reason="bench",
            source="slack",
            at=NOW,
        )
        for _ in range(VERDICTS)
    ]
    took = []
    for ask in asks:
        began = time.perf_counter_ns()
        policy.judge(ask)
        took.append((time.perf_counter_ns() - began) / 1000)
    return took


def main() -> None:
    """Print the table."""
    print(f"{'rules':>8} {'actions':>8} {'load s':>8} {'p50 µs':>8} {'p99 µs':>8} {'to first':>9}")
    first = 0.0
    for rules, actions in ((1_000, 200), (10_000, 2_000), (100_000, 20_000)):
        with tempfile.TemporaryDirectory() as temporary:
            write(Path(temporary), rules, actions)
            policy, seconds = load(Path(temporary))
        took = verdicts(policy)
        p50, p99 = statistics.median(took), statistics.quantiles(took, n=100)[98]
        first = first or p50
        print(f"{rules:8,} {actions:8,} {seconds:8.2f} {p50:8.1f} {p99:8.1f} {p50 / first:8.2f}x")


if __name__ == "__main__":
    main()
