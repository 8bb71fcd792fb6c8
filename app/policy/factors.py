"""What policy says of enrolling factors, taken from a draft; and where that would let somebody in by the side."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from app.policy.draft import Draft, Entry
from app.policy.factor_shapes import MfaSpec
from app.policy.globs import Globs
from app.policy.nearest import listed
from app.policy.problems import Problem
from app.policy.reach import Reach
from app.policy.schema import RuleSpec
from app.policy.words import unknown

COOLING_OFF = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class FactorPolicy:
    """A grant of the action `enrol`, on one's own id, lets one enrol without a factor that is there already.

    A factor that was enrolled counts once `cooling_off` is over.
    """

    enrol: str
    cooling_off: timedelta


def factor_policy(draft: Draft) -> FactorPolicy | None:
    """Read the section; None without it: then a factor is enrolled by whoever has one already, and nobody else."""
    said = {entry.name: spec for entry, spec in draft.factors}
    if "enrol" not in said:
        return None
    return FactorPolicy(said["enrol"], said.get("cooling_off", COOLING_OFF))


def factor_misfits(draft: Draft) -> Iterator[Problem]:
    """Find an action of enrolling that is not there, or that somebody would be given without approval."""
    entries = {entry.name: entry for entry, _ in draft.factors}
    if entries and "enrol" not in draft.names("factors"):
        only = next(iter(entries.values()))
        yield only.problem("needs enrol beside it; write which action lets somebody enrol a factor")
    for entry, action in draft.factors:
        if entry.name != "enrol":
            continue
        if action not in draft.names("actions"):
            yield entry.problem(unknown("action", action, draft.names("actions")))
        for rule_entry, rule in _rules_about(draft, action):
            yield from _without_approval(rule_entry, rule, action)


def _without_approval(entry: Entry, rule: RuleSpec, action: str) -> Iterator[Problem]:
    """Whoever has somebody's session would enrol a key of their own, and be that person from then on."""
    if rule.effect == "auto_approve":
        text = (
            f"would approve {action} at once, by which factors are enrolled (factors.enrol); "
            "require approvals, or leave that action out"
        )
        yield entry.problem(text, "effect")
    if rule.obligations and rule.obligations.break_glass:
        text = f"would let {action} go without approval, by which factors are enrolled (factors.enrol); remove it"
        yield entry.problem(text, "obligations", "break_glass")


def factor_lint(draft: Draft) -> Iterator[Problem]:
    """Find rules by which nobody can enrol, and factors that are asked of those who have none."""
    for entry, action in draft.factors:
        if entry.name == "enrol":
            yield from _enrolling(draft, action)
    machines = draft.names("machines")
    for entry, rule in draft.rules:
        asked = rule.obligations.mfa if rule.obligations else MfaSpec()
        named = sorted(machines & set(rule.people))
        if asked.requester and named:
            text = f"asks a factor of {listed(named, 8)}, a machine, which has none; name people alone"
            yield entry.problem(text, "obligations", "mfa", "requester")
    yield from _never_both(draft)


def _enrolling(draft: Draft, action: str) -> Iterator[Problem]:
    for entry, spec in draft.actions:
        if entry.name == action:
            globs = Globs.of(spec.resources)
            left = [person for person in sorted(draft.names("people")) if not globs.match(person)]
            if left:
                text = f'leaves out {listed(left, 8)}: who enrols a factor asks for their own id; write ["*"]'
                yield entry.problem(text, "resources")
    for entry, rule in _rules_about(draft, action):
        if rule.effect != "require":
            continue
        if not (rule.obligations and rule.obligations.single_use):
            yield entry.problem(f"lets {action} without single_use, which enrolling takes; oblige to it")
        if rule.obligations and rule.obligations.mfa.requester:
            text = f"asks for a factor of who asks for {action}, and so may have none yet; leave it out"
            yield entry.problem(text, "obligations", "mfa", "requester")


def _never_both(draft: Draft) -> Iterator[Problem]:
    """Find pairs of rules about one action of which each asks for factors that the other does not accept."""
    reach = Reach({entry.name: action.environment for entry, action in draft.actions})
    asking = [
        (entry, rule.obligations.mfa, frozenset(reach.of(rule.actions, rule.environments)))
        for entry, rule in draft.rules
        if rule.mode == "enforce" and rule.obligations and (rule.obligations.mfa != MfaSpec())
    ]
    for index, (entry, mfa, actions) in enumerate(asking):
        for whose in ("approver", "requester"):
            accepted = getattr(mfa, whose)
            for other, others_mfa, others_actions in asking[:index]:
                others = getattr(others_mfa, whose)
                if accepted and others and not set(accepted) & set(others) and actions & others_actions:
                    text = (
                        f"accepts none of what the rule {other.name} does ({listed(others, 8)}): where both "
                        "match, nobody can prove it; accept one in common"
                    )
                    yield entry.problem(text, "obligations", "mfa", whose)
                    break


def _rules_about(draft: Draft, action: str) -> Iterator[tuple[Entry, RuleSpec]]:
    """Rules in force that reach an action."""
    reach = Reach({entry.name: spec.environment for entry, spec in draft.actions})
    for entry, rule in draft.rules:
        if rule.mode == "enforce" and action in reach.of(rule.actions, rule.environments):
            yield entry, rule
