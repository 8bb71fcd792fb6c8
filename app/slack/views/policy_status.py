"""Which policy is in force, and whether the files are sound."""

from datetime import datetime

from app.domain.value import Value
from app.policy import Policy
from app.slack.views.blocks import Block, context, section
from app.slack.views.fit import sections
from app.slack.views.text import clip, escape, moment, said

PROBLEMS_SHOWN = 20
LINE = 500


class PolicyStatus(Value):
    """`since` is None for the moment before it is noted.

    `problem`: what is wrong with changed files, one a line; empty when the files are what is in force.
    """

    since: datetime | None
    problem: str


def policy_text(policy: Policy, status: PolicyStatus) -> str:
    """The policy in a sentence."""
    sound = "changed files are broken" if status.problem else "the files are what is in force"
    return f"Policy {policy.digest[:12]}, {_since(status)}; {sound}"


def policy_blocks(policy: Policy, status: PolicyStatus, *, in_full: bool) -> list[Block]:
    """The policy, its size and its soundness; with `in_full` each problem as `jit policy check` tells it."""
    counts = (
        ("environment", len(policy.environments)),
        ("action", len(policy.actions)),
        ("rule", policy.rule_count),
        ("group", len(policy.members)),
        ("person", len(policy.people)),
    )
    told = " · ".join(f"{count:,} {_many(word, count)}" for word, count in counts)
    return [
        section(f"📜 *Policy `{policy.digest[:12]}`* is {_since(status)}.\n{told}"),
        *_soundness(status, in_full=in_full),
        context(f"Whole digest: `{escape(policy.digest)}`"),
    ]


def _since(status: PolicyStatus) -> str:
    return f"in force since {moment(status.since)}" if status.since else "in force since just now"


def _soundness(status: PolicyStatus, *, in_full: bool) -> list[Block]:
    if not status.problem:
        return [section("✅ The files are what is in force.")]
    problems = status.problem.splitlines()
    what = "There is 1 problem" if len(problems) == 1 else f"There are {len(problems):,} problems"
    first = section(
        f"⚠️ The files were changed and are broken: the policy before them stays in force. {what}."
    )
    if not in_full:
        return [first, context("Those who may read the audit log see which; the admin channel was told.")]
    left = len(problems) - PROBLEMS_SHOWN
    more = [f"… and {left:,} more: `jit policy check` names all."] if left > 0 else []
    return [first, *sections([*(f"• {clip(said(line), LINE)}" for line in problems[:PROBLEMS_SHOWN]), *more])]


def _many(word: str, count: int) -> str:
    if count == 1:
        return word
    return "people" if word == "person" else f"{word}s"
