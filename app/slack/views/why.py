"""The modal that explains a verdict: who may approve, which rule and condition, and what would have passed."""

from collections.abc import Iterable, Sequence

from app.domain.request import Request
from app.domain.verdict import Outcome
from app.policy.explain import Asked, Asleep, Explanation, Looked, RuleLooked, Way
from app.policy.explain.lines import EFFECTS, factor_lines, verdict_line
from app.slack import actions
from app.slack.views.blocks import Block, context, divider, plain, section
from app.slack.views.fit import sections
from app.slack.views.text import clip, escape, moment, said

RULES_SHOWN, CONDITIONS_SHOWN, NAMES_SHOWN = 20, 12, 12
LINE = 600
SIGN = {Outcome.DENY: "❌", Outcome.AUTO_APPROVE: "✅", Outcome.REQUIRE: "✋"}


def why_modal(request: Request, explanation: Explanation) -> Block:
    """Explain a request. Where policy changed since it was asked, both verdicts are told."""
    verdict = explanation.verdict
    blocks = [
        section(
            f"*{_text(request.requester.name)}* asked for *{_text(request.action_title or request.action)}* "
            f"on `{_text(request.asked_resource)}` (`{request.id}`)"
        ),
        *_changed(request, explanation),
        section(f"{SIGN[verdict.outcome]} *{_text(verdict_line(verdict))}*"),
        *_part("Who may approve", map(_stage, explanation.approvers)),
        *_part("How people prove themselves", (f"• {_text(line)}" for line in factor_lines(verdict))),
        *_part("Not pinged, for their quiet hours", map(_asleep, explanation.asleep[:NAMES_SHOWN])),
        *_part("What would have made it pass", _ways(explanation.ways)),
        *_part("Rules looked at", _rules(explanation.rules)),
        divider(),
        context(f"Policy `{escape(verdict.policy_digest[:12])}`"),
    ]
    return {
        "type": "modal",
        "callback_id": actions.WHY_VIEW,
        "title": plain("Why?", 24),
        "close": plain("Close", 24),
        "blocks": blocks,
    }


def _changed(request: Request, explanation: Explanation) -> list[Block]:
    frozen = request.verdict
    if frozen.policy_digest == explanation.verdict.policy_digest:
        return []
    return [
        section(f"When it was asked: {SIGN[frozen.outcome]} {_text(verdict_line(frozen))}"),
        context(
            f"That was policy `{escape(frozen.policy_digest[:12])}`. It has changed since; below is what the "
            "policy in force says of the same request."
        ),
    ]


def _part(title: str, lines: Iterable[str]) -> list[Block]:
    told = list(lines)
    return sections([f"*{title}*", *told]) if told else []


def _stage(asked: Asked) -> str:
    if len(asked.people) >= asked.quorum:
        return f"• {_text(asked.stage)}: {asked.quorum} of {_names(asked)}"
    shown = f" (only {_names(asked)})" if asked.people else ""
    return f"• {_text(asked.stage)}: ⚠️ not enough people may approve, as policy is now{shown}"


def _asleep(asleep: Asleep) -> str:
    until = f" until {moment(asleep.until)}" if asleep.until else ""
    return f"• {_text(asleep.person.name)}{until} ({_text(', '.join(asleep.entries))})"


def _ways(ways: Sequence[Way]) -> list[str]:
    return [f"• {_text(_capitalised(', and '.join(way.changes)))}. {_then(way)}".rstrip() for way in ways]


def _capitalised(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _then(way: Way) -> str:
    if way.then is None:
        return ""
    match way.then.outcome:
        case Outcome.DENY:
            return f"Even then it would be denied: {_text(way.then.message)}."
        case Outcome.AUTO_APPROVE:
            return "Then it is approved at once."
        case Outcome.REQUIRE:
            needs = " and ".join(_needs(asked) for asked in way.approvers)
            return f"Then it needs {needs}."


def _needs(asked: Asked) -> str:
    return f"{asked.quorum} of {_names(asked) or 'nobody'} ({_text(asked.stage)})"


def _names(asked: Asked) -> str:
    names = [_text(person.name) for person in asked.people]
    more = f" and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else ""
    return f"{', '.join(names[:NAMES_SHOWN])}{more}"


def _rules(rules: Sequence[RuleLooked]) -> list[str]:
    ordered = sorted(rules, key=lambda rule: not rule.matched)
    lines = [line for rule in ordered[:RULES_SHOWN] for line in _rule(rule)]
    left = len(ordered) - RULES_SHOWN
    return [*lines, f"… and {left:,} more that did not decide it."] if left > 0 else lines


def _rule(rule: RuleLooked) -> list[str]:
    mark = SIGN[rule.effect] if rule.matched else "▫️"
    effect = EFFECTS[rule.effect] if rule.matched else f"{EFFECTS[rule.effect]}, but does not apply"
    if rule.shadow:
        effect = f"{effect}; it is only tried out, and has no effect"
    conditions = [_condition(each) for each in rule.conditions[:CONDITIONS_SHOWN]]
    return [f"{mark} *{_text(rule.rule)}* {effect}", *(conditions or ["      ✓ anyone may ask"])]


def _condition(condition: Looked) -> str:
    expected = f"{_text(condition.key)}: {_text(condition.expected)}"
    if not condition.known:
        return f"      ? {expected}; it cannot be told: {_text(condition.actual or 'not known')}"
    if condition.holds or not condition.actual:
        return f"      {'✓' if condition.holds else '✗'} {expected}"
    return f"      ✗ {expected}, but it is {_text(condition.actual)}"


def _text(text: str) -> str:
    return clip(said(text), LINE)
