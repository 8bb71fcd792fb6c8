"""Runs cases: each ask is judged, and what policy says is held against what the case expects."""

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

from app.domain.duration import format_duration
from app.domain.proof import Factor
from app.domain.verdict import Obligations, Outcome, Stage, Verdict
from app.policy.ask import Ask
from app.policy.cases.reading import Case, Cases
from app.policy.cases.spec import CaseSpec, StageCase
from app.policy.explain import Explanation, explain
from app.policy.factor_shapes import MfaSpec
from app.policy.outside import Directory, Roll
from app.policy.policy import CATALOGUE, Policy


class Mismatch(NamedTuple):
    """A key of a case whose expectation is not met, in words."""

    key: str
    expected: str
    actual: str


class Result(NamedTuple):
    """What came of one ask of a case; `explanation` is there when something does not match."""

    case: Case
    ask: Ask
    mismatches: tuple[Mismatch, ...]
    explanation: Explanation | None
    seconds: float


class Run(NamedTuple):
    """All results, in the order of the cases, and the rules that decided in none of them."""

    results: tuple[Result, ...]
    untested: tuple[str, ...]

    @property
    def failures(self) -> tuple[Result, ...]:
        return tuple(result for result in self.results if result.mismatches)


def run_cases(whole: Policy, cases: Cases) -> Run:
    """Judge every ask of every case."""
    results: list[Result] = []
    decided: set[str] = set()
    for case in cases.cases:
        for ask in case.asks:
            rolls = {name: Roll(members, ask.at) for name, members in case.members.items()}
            policy = whole.with_directory(Directory(rolls), ask.at)
            began = time.perf_counter()
            verdict = policy.judge(ask)
            decided.update(verdict.rules)  # and, of rules in shadow, which decide nothing, those that match
            decided.update(reason.rule for reason in verdict.reasons if reason.shadow and reason.matched)
            if case.expected.shadow:
                decided.update(each.rule for each in verdict.reasons if each.matched and each.shadow)
            mismatches = tuple(_mismatches(policy, case.expected, ask, verdict))
            explanation = explain(policy, ask) if mismatches else None
            results.append(Result(case, ask, mismatches, explanation, time.perf_counter() - began))
    return Run(tuple(results), tuple(sorted(cases.rules - decided)))


def _mismatches(policy: Policy, expected: CaseSpec, ask: Ask, verdict: Verdict) -> Iterator[Mismatch]:
    if verdict.outcome.value != expected.expect:
        yield Mismatch("expect", expected.expect, verdict.outcome.value)
    if expected.rules is not None and set(expected.rules) != set(verdict.rules):
        yield Mismatch("rules", _named(expected.rules), _named(verdict.rules))
    elif _is_for_another_reason(expected, verdict):
        text = f"{CATALOGUE}: {verdict.message}. Write rules: [{CATALOGUE}] if that is meant"
        yield Mismatch("rules", "rules of the policy, or none", text)
    if expected.stages is not None and verdict.outcome is Outcome.REQUIRE:
        yield from _stages(policy, expected.stages, ask, verdict.stages)
    if expected.message and expected.message not in verdict.message:
        yield Mismatch("message", f"… {expected.message} …", verdict.message)
    if expected.mfa is not None:
        yield from _factors(expected.mfa, verdict.obligations)
    shadow = (verdict.shadow or verdict.outcome).value
    if expected.shadow and expected.shadow != shadow:
        yield Mismatch("shadow", expected.shadow, shadow)


def _factors(expected: MfaSpec, actual: Obligations) -> Iterator[Mismatch]:
    for key, wanted, there in (
        ("mfa.approver", expected.approver or None, actual.mfa_approver),
        ("mfa.requester", expected.requester or None, actual.mfa_requester),
    ):
        if wanted != there:
            yield Mismatch(key, _accepted(wanted), _accepted(there))
    fresh = timedelta(seconds=actual.fresh_seconds or 0)
    if "fresh" in expected.model_fields_set and expected.fresh != fresh:
        yield Mismatch("mfa.fresh", format_duration(expected.fresh), format_duration(fresh) or "none")


def _accepted(factors: Sequence[Factor] | None) -> str:
    return "no factor" if factors is None else ", ".join(factors) or "what nobody can meet"


def _is_for_another_reason(expected: CaseSpec, verdict: Verdict) -> bool:
    """Tell whether a denial is the catalogue's, where a case that says no more means the rules'."""
    by_catalogue = verdict.rules == (CATALOGUE,)
    return by_catalogue and expected.expect == "deny" and expected.rules is None and not expected.message


def _stages(
    policy: Policy, expected: Sequence[StageCase], ask: Ask, actual: Sequence[Stage]
) -> Iterator[Mismatch]:
    if len(expected) != len(actual):
        said = ", then ".join(_stage(policy, stage, ask) for stage in actual)
        yield Mismatch("stages", f"{len(expected)} of them", f"{len(actual)}: {said}")
        return
    for index, (wanted, stage) in enumerate(zip(expected, actual, strict=True)):
        key = f"stages[{index}]"
        if wanted.name is not None and wanted.name != stage.name:
            yield Mismatch(f"{key}.name", wanted.name, stage.name)
        if wanted.quorum is not None and wanted.quorum != stage.quorum:
            yield Mismatch(f"{key}.quorum", str(wanted.quorum), str(stage.quorum))
        if wanted.approvers is not None:
            meant = _people(policy, wanted.approvers) - {ask.requester.id}
            there = policy.entitled(stage) - {ask.requester.id}
            if meant != there:
                yield Mismatch(f"{key}.approvers", _named(sorted(meant)), _named(sorted(there)))


def _people(policy: Policy, names: Sequence[str]) -> frozenset[str]:
    """Give the people that names of groups and people stand for."""
    each = (policy.members.get(name, frozenset({name})) for name in names)
    return frozenset[str]().union(*each)


def _stage(policy: Policy, stage: Stage, ask: Ask) -> str:
    people = sorted(policy.entitled(stage) - {ask.requester.id})
    return f"{stage.name} ({stage.quorum} of {_named(people)})"


def _named(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
