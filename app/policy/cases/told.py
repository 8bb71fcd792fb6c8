"""What came of cases, as text for people: for each failure a diff, and the rules that made the difference."""

from collections.abc import Iterator

from app.domain.verdict import Outcome
from app.policy.ask import Ask
from app.policy.cases.running import Result, Run
from app.policy.explain import Explanation, RuleLooked
from app.policy.explain.lines import rule_lines, way_lines
from app.policy.nearest import listed
from app.policy.spans import span


def failure_lines(result: Result) -> Iterator[str]:
    """Write where a case stands, expected against actual, and why: `-` expected, `+` actual."""
    case = result.case
    yield f"{case.file}:{case.line} {case.name} [{ask_line(result.ask)}]"
    for mismatch in result.mismatches:
        yield f"  - {mismatch.key}: {mismatch.expected}"
        yield f"  + {mismatch.key}: {mismatch.actual}"
    if result.explanation:
        yield from (f"    {line}" for line in _why(result, result.explanation))


def ask_line(ask: Ask) -> str:
    """Write what tells one ask of a case from another."""
    place = f" from {ask.ip}" if ask.ip else ""
    return (
        f"{ask.requester.id}, {ask.action}, {ask.resource}, {span(ask.seconds)}, {ask.source}{place}, "
        f"{ask.at:%a %Y-%m-%d %H:%M %Z}"
    )


def summary_lines(run: Run) -> Iterator[str]:
    """Write how many held, and which rules no case is decided by."""
    asks, failed = len(run.results), len(run.failures)
    cases = len({(result.case.file, result.case.name) for result in run.results})
    in_all = f"{_count(cases, 'case')}, {_count(asks, 'ask')}"
    if failed:
        broken = len({(result.case.file, result.case.name) for result in run.failures})
        yield f"{in_all}: {_count(failed, 'ask')} in {_count(broken, 'case')} not as expected."
    else:
        yield f"{in_all}: all as expected."
    if run.untested:
        yield f"No case is decided by: {listed(run.untested)}."


def _why(result: Result, explanation: Explanation) -> Iterator[str]:
    rules = list(_that_made_the_difference(result, explanation))
    yield from rule_lines(rules)
    if not explanation.rules:
        yield explanation.verdict.message
    if result.case.expected.expect != Outcome.DENY and explanation.ways:
        yield "It would have passed so:"
        yield from (f"  {line}" for line in way_lines(explanation.ways))


def _that_made_the_difference(result: Result, explanation: Explanation) -> Iterator[RuleLooked]:
    """Choose the rules that decided, and those that should have; all, where these say nothing."""
    expected = set(result.case.expected.rules or ())
    chosen = expected ^ set(explanation.verdict.rules) or expected
    found = [rule for rule in explanation.rules if rule.rule in chosen]
    yield from found or explanation.rules


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
