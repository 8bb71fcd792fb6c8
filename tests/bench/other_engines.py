"""The policy of the benchmark in Cedar and in Rego, so that other engines judge the same asks.

Each engine says of an ask which rules match; the strictest effect of those is the outcome, as with ours. Both
are of the extra `bench`; the product uses neither.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from app.domain.verdict import Outcome
from app.policy import Ask, Policy

Judge = Callable[[Ask], Outcome]


class Plain(NamedTuple):
    """A rule of the benchmark: for one action and its groups, on `db-*`, with a bound of seconds if any."""

    effect: Outcome
    action: str
    groups: tuple[str, ...]
    bound: int


STRICTEST = (Outcome.DENY, Outcome.REQUIRE, Outcome.AUTO_APPROVE)


def outcome(effects: Iterable[Outcome]) -> Outcome:
    """Give the strictest effect; none is deny."""
    matched = set(effects)
    return next((effect for effect in STRICTEST if effect in matched), Outcome.DENY)


def cedar(rules: list[Plain], policy: Policy) -> Judge:
    """Parse the rules and the people once, and give what judges. Raises ImportError without cedarpy."""
    import cedarpy

    policies = cedarpy.PolicySet.from_str("\n".join(map(_in_cedar, rules)))
    people = [
        {"uid": {"type": "Person", "id": person}, "attrs": {},
         "parents": [{"type": "Group", "id": group} for group in groups]}
        for person, groups in _groups(policy).items()
    ]  # fmt: skip
    entities = cedarpy.Entities.from_json_str(json.dumps(people))

    def judge(ask: Ask) -> Outcome:
        result = cedarpy.is_authorized(
            {
                "principal": f'Person::"{ask.requester.id}"',
                "action": f'Action::"{ask.action}"',
                "resource": 'Resource::"any"',
                "context": {"resource": ask.resource, "seconds": ask.seconds},
            },
            policies,
            entities,
        )
        # The ids that Cedar gives count the policies in the order in which they stand.
        reasons = result.diagnostics.reasons
        return outcome(rules[int(reason.removeprefix("policy"))].effect for reason in reasons)

    return judge


def _in_cedar(rule: Plain) -> str:
    groups = ", ".join(f'Group::"{group}"' for group in rule.groups)
    bound = {
        Outcome.DENY: f" && context.seconds > {rule.bound}",
        Outcome.AUTO_APPROVE: f" && context.seconds <= {rule.bound}",
        Outcome.REQUIRE: "",
    }[rule.effect]
    return (
        f"{'forbid' if rule.effect is Outcome.DENY else 'permit'}"
        f'(principal, action == Action::"{rule.action}", resource)\n'
        f'when {{ principal in [{groups}] && context.resource like "db-*"{bound} }};'
    )


def rego(rules: list[Plain], policy: Policy) -> Judge:
    """Compile the rules once, and give what judges. Raises ImportError without regopy."""
    import regopy

    interpreter = regopy.Interpreter()
    module = "package jit\nimport rego.v1\n" + "\n".join(map(_in_rego, rules, range(len(rules))))
    interpreter.add_module("jit", module)
    bundle = interpreter.build("data.jit", [])
    groups = _groups(policy)

    def judge(ask: Ask) -> Outcome:
        interpreter.set_input(
            {
                "action": ask.action,
                "groups": groups[ask.requester.id],
                "resource": ask.resource,
                "seconds": ask.seconds,
            }
        )
        found = json.loads(str(interpreter.query_bundle(bundle)))["expressions"][0]
        return outcome(effect for effect in Outcome if found.get(effect.value))

    return judge


def _in_rego(rule: Plain, number: int) -> str:
    groups = ", ".join(f'"{group}"' for group in rule.groups)
    bound = {
        Outcome.DENY: f"; input.seconds > {rule.bound}",
        Outcome.AUTO_APPROVE: f"; input.seconds <= {rule.bound}",
        Outcome.REQUIRE: "",
    }[rule.effect]
    return (
        f'{rule.effect} contains "rule-{number}" if {{ input.action == "{rule.action}"; '
        f'some g in {{{groups}}}; g in input.groups; startswith(input.resource, "db-"){bound} }}'
    )


def _groups(policy: Policy) -> Mapping[str, list[str]]:
    return {
        person: sorted(group for group, members in policy.members.items() if person in members)
        for person in policy.people
    }
