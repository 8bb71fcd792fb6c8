"""An explanation as lines of plain text, for a terminal, a failing case and Slack alike."""

from collections.abc import Iterator, Sequence
from datetime import UTC, timedelta

from app.domain.duration import format_duration
from app.domain.proof import factors_in_words
from app.domain.verdict import Outcome, Verdict
from app.policy.explain.explanation import Asked, Asleep, Explanation, Looked, RuleLooked, Way
from app.policy.nearest import listed
from app.policy.policy import CATALOGUE
from app.policy.spans import span

EFFECTS = {
    Outcome.DENY: "denies",
    Outcome.AUTO_APPROVE: "approves at once",
    Outcome.REQUIRE: "requires approvals",
}
LONGEST_QUOTE = 80


def explanation_lines(explanation: Explanation) -> list[str]:
    """Write all of it: what is asked, what policy says, who may approve, why, and what would have passed."""
    return [
        asked_line(explanation),
        verdict_line(explanation.verdict),
        *(f"  {line}" for line in approver_lines(explanation.approvers)),
        *(f"  {line}" for line in factor_lines(explanation.verdict)),
        *(f"  {line}" for line in asleep_lines(explanation.asleep)),
        *_section("Rules looked at", rule_lines(explanation.rules)),
        *_section("What would have made it pass", way_lines(explanation.ways)),
        f"Policy {explanation.verdict.policy_digest[:12]}",
    ]


def asked_line(explanation: Explanation) -> str:
    """Write what is asked, with all facts that policy judges by."""
    ask, groups = explanation.ask, ", ".join(explanation.groups) or "in no group"
    why = ask.reason if len(ask.reason) <= LONGEST_QUOTE else f"{ask.reason[: LONGEST_QUOTE - 1]}…"
    quoted = f": “{why.strip()}”" if why.strip() else ", without a reason"
    way = ask.source or "an unknown way"
    place = f" from {ask.ip} ({ask.ip_from})" if ask.ip else ""
    return on_a_line(
        f"{ask.requester.name} ({ask.requester.id}; {groups}) asks for {ask.action} on {ask.resource}"
        f" for {span(ask.seconds)}, through {way}{place}, at {ask.at:%Y-%m-%d %H:%M %Z}{quoted}"
    )


def verdict_line(verdict: Verdict) -> str:
    """Write the outcome, and the rules that it rests on."""
    named = [rule for rule in verdict.rules if rule != CATALOGUE]
    rules = f" ({listed(named, 8)})" if named else ""
    match verdict.outcome:
        case Outcome.DENY:
            return on_a_line(f"Denied{rules}: {verdict.message}.")
        case Outcome.AUTO_APPROVE:
            return f"Approved at once{rules}: {verdict.message}."
        case Outcome.REQUIRE:
            return f"Asks for approvals{rules}: {verdict.message}."


def recorded_lines(verdict: Verdict) -> Iterator[str]:
    """Write a verdict that was recorded: its outcome, its stages, and what each rule said then."""
    yield verdict_line(verdict)
    for stage in verdict.stages:
        yield f"  {stage.quorum} of {listed(stage.named, 12)} ({stage.name})"
    yield from (f"  {line}" for line in factor_lines(verdict))
    for reason in sorted(verdict.reasons, key=lambda reason: not reason.matched):
        yield on_a_line(f"{_mark(reason.matched)} {reason.rule} {EFFECTS[reason.effect]}: {reason.because}")


def approver_lines(approvers: Sequence[Asked]) -> list[str]:
    """Write who may approve each stage now."""
    return [_stage(stage) for stage in approvers]


def factor_lines(verdict: Verdict) -> list[str]:
    """Write by what people prove themselves; nothing where a session will do."""
    bound, lines = verdict.obligations, []
    if bound.mfa_approver is not None:
        lines.append(f"Approving takes {factors_in_words(bound.mfa_approver)}")
    if bound.mfa_requester is not None:
        lines.append(f"The requester begins with {factors_in_words(bound.mfa_requester)}")
    if lines and bound.oldest_proof:
        lines.append(
            f"A proof for something else counts for {format_duration(timedelta(seconds=bound.oldest_proof))}"
        )
    return lines


def asleep_lines(asleep: Sequence[Asleep]) -> list[str]:
    """Write who of them is not pinged, and until when."""
    return [
        f"not pinged: {each.person.id}, {_until(each)} (quiet hours: {', '.join(each.entries)})"
        for each in asleep
    ]


def _until(asleep: Asleep) -> str:
    return f"until {asleep.until.astimezone(UTC):%Y-%m-%d %H:%M %Z}" if asleep.until else "at no time soon"


def rule_lines(rules: Sequence[RuleLooked]) -> Iterator[str]:
    """Write each rule, those that matched first, with its conditions: expected against actual."""
    for rule in sorted(rules, key=lambda rule: not rule.matched):
        said = f": {rule.message}" if rule.matched and rule.message else ""
        shadow = " (shadow: recorded, and not in force)" if rule.shadow else ""
        yield f"{_mark(rule.matched)} {rule.rule} {EFFECTS[rule.effect]}{shadow}{said}"
        for condition in rule.conditions:
            yield f"    {on_a_line(_condition(condition))}"
        if not rule.conditions:
            yield "    ✓ anyone may ask"


def way_lines(ways: Sequence[Way]) -> Iterator[str]:
    """Write each way: what to change, and what policy would say then."""
    for way in ways:
        about = f"{way.rule}: " if way.rule else ""
        change = ", and ".join(way.changes)
        then = f". {_then(way)}" if way.then else ""
        yield on_a_line(f"{about}{change}{then}")


def _then(way: Way) -> str:
    if way.then is None:
        return ""
    match way.then.outcome:
        case Outcome.DENY:
            rules = f" by {listed(way.then.rules, 8)}" if way.then.rules else ""
            return f"Even then it would be denied{rules}: {way.then.message}"
        case Outcome.AUTO_APPROVE:
            return "Then it is approved at once"
        case Outcome.REQUIRE:
            return "Then it needs " + ", then ".join(map(_stage, way.approvers))


def _stage(stage: Asked) -> str:
    people = listed([person.id for person in stage.people], 12)
    return f"{stage.quorum} of {people} ({stage.stage})" if people else f"{stage.stage}: nobody may approve"


def _condition(condition: Looked) -> str:
    if not condition.known:
        actual = condition.actual or "not known"
        return f"? {condition.key}: {condition.expected}; it cannot be told: {actual}"
    actual = f", but it is {condition.actual}" if condition.actual and not condition.holds else ""
    return f"{_mark(condition.holds)} {condition.key}: {condition.expected}{actual}"


def _mark(holds: bool) -> str:
    return "✓" if holds else "✗"


def _section(title: str, lines: Iterator[str]) -> list[str]:
    written = [f"  {line}" for line in lines]
    return [title, *written] if written else []


def on_a_line(text: str) -> str:
    """Keep what was typed from breaking lines, or steering a terminal."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
