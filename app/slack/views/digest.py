"""The digest for security: ten seconds' reading at the top, what it rests on below."""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import TypeVar

from app.audit.digest_value import (
    Asked,
    Attempt,
    Count,
    Decided,
    Digest,
    FactorNews,
    Failure,
    HandedOver,
    Live,
    Matter,
    Tally,
    Unreviewed,
    Wait,
)
from app.domain.duration import format_duration
from app.domain.proof import SLACK_SESSION
from app.domain.request import State
from app.domain.verdict import Outcome
from app.slack.views.blocks import Block, context, divider, header, section
from app.slack.views.fit import first_that_fits, sections
from app.slack.views.text import clip, moment, said

T = TypeVar("T")
LINES = (10, 7, 5, 3, 2, 1)
"""Lines of each part that are shown: as many as fit."""
PART = 90
"""Characters of one thing that people wrote or named, within a line."""
FACTOR = 240
"""Characters of what happened to a second factor."""
WORDS = {
    Count.ASKED: "asked",
    Count.APPROVED: "approved by people",
    Count.AUTO_APPROVED: "approved automatically",
    Count.DENIED: "denied by people",
    Count.DENIED_BY_POLICY: "denied by policy",
    Count.CANCELLED: "cancelled",
    Count.STOPPED_BY_POLICY: "stopped by policy before the start",
    Count.LAPSED: "lapsed",
    Count.GRANTED: "granted",
    Count.GRANT_FAILED: "could not be created",
    Count.COMPLETED: "given back",
    Count.EXTENDED: "given more time",
    Count.EXPIRED: "expired",
    Count.REVOKED: "revoked",
    Count.GLASS_BROKEN: "glass broken",
    Count.ESCALATED: "escalated",
    Count.QUESTIONS: "questions asked",
    Count.REFUSED: "attempts refused",
}


def digest_text(digest: Digest) -> str:
    """The digest in a sentence, for notifications and screen readers."""
    if digest.is_empty:
        return f"Access digest: {QUIET}"
    return f"Access digest: {_happened(digest)}. {_plural(len(digest.live), 'grant')} live. {_alarm(digest)}"


def digest_blocks(digest: Digest) -> list[Block]:
    """The digest, whatever its size, within what one message holds."""
    return first_that_fits(lambda lines: _build(digest, lines), LINES)


QUIET = "a quiet day. Nobody asked for anything, and no access is live."


def _build(digest: Digest, lines: int) -> list[Block]:
    top = [header("📋 Access digest"), context(f"{moment(digest.since)} to {moment(digest.until)}")]
    checkpoint = context(
        f"Checkpoint of the audit log, {_plural(digest.size, 'entry', 'entries')}: `{digest.checkpoint}`",
        "Keep it: `jit audit verify --head` with it shows whether the log was changed since.",
    )
    if digest.is_empty:
        return [*top, section(f"🌿 {QUIET[0].upper()}{QUIET[1:]}"), checkpoint]
    details = [
        block
        for title, told in _details(digest)
        if told
        for block in sections([f"*{title}*", *_some(told, lines)])
    ]
    return [*top, section(_glance(digest)), *([divider(), *details] if details else []), checkpoint]


def _glance(digest: Digest) -> str:
    until = next((grant.until for grant in digest.live if grant.until), None)
    first = f", the first ends {moment(until)}" if until else ""
    return "\n".join([
        f"*{_happened(digest)}*",
        f"🔓 {_plural(len(digest.live), 'grant')} live now{first}",
        _alarm(digest),
    ])  # fmt: skip


def _happened(digest: Digest) -> str:
    total = digest.total
    rest = [f"{total[count]:,} {word}" for count, word in WORDS.items() if total[count] and count in SETTLED]
    return " · ".join([_plural(total[Count.ASKED], "request"), *rest])


SETTLED = (
    Count.APPROVED,
    Count.AUTO_APPROVED,
    Count.DENIED,
    Count.DENIED_BY_POLICY,
    Count.CANCELLED,
    Count.STOPPED_BY_POLICY,
    Count.LAPSED,
)


def _alarm(digest: Digest) -> str:
    """What needs a look, or that nothing does."""
    still_there = sum(not failure.is_over for failure in digest.end_failures)
    overdue = sum(_is_overdue(grant, digest) for grant in digest.live)
    found = [
        (len(digest.unreviewed), "broken glass to be reviewed", "broken glasses to be reviewed"),
        (len(digest.self_approvals), "attempt to decide on one's own request", "attempts at self-approval"),
        (len(digest.refused), "other refused attempt", "other refused attempts"),
        (still_there, "access not confirmed to be gone", "accesses not confirmed to be gone"),
        (overdue, "grant live past its end", "grants live past their end"),
        (
            len(digest.grant_failures),
            "access that could not be created",
            "accesses that could not be created",
        ),
    ]
    told = [f"{count:,} {one if count == 1 else more}" for count, one, more in found if count]
    return f"⚠️ Needs a look: {', '.join(told)}" if told else "✅ Nothing needs a look"


def _details(digest: Digest) -> list[tuple[str, list[str]]]:
    automatic = [asked for asked in digest.asked if asked.outcome is Outcome.AUTO_APPROVE]
    by_people = [asked for asked in digest.asked if asked.outcome is not Outcome.AUTO_APPROVE]
    return [
        ("🚨 Broken glass whose review is open", _each(_unreviewed, digest.unreviewed)),
        ("🚫 Attempts to decide on one's own request", _each(_attempt, digest.self_approvals)),
        ("🚫 Other refused attempts", _each(_attempt, digest.refused)),
        ("⚠️ Ends that the target did not confirm at once", _each(_failure, digest.end_failures)),
        ("⚠️ Access that could not be created", _each(_failure, digest.grant_failures)),
        ("By environment and action", _each(_tally, sorted(digest.tallies, key=_busiest))),
        ("⚡ Approved automatically", _each(_asked, automatic)),
        ("🙋 Asked of people, or denied by policy", _each(_asked, by_people)),
        ("✅ Who approved and denied what", _each(_decided, digest.decided)),
        ("🐢 Longest waits", _each(_wait, digest.waits)),
        ("🔓 Live now", [_live(grant, digest) for grant in digest.live]),
        ("💤 Lapsed: not decided, or not confirmed, in time", _each(_what, digest.lapsed)),
        ("🤝 Who lets whom decide in their place", _each(_delegated, digest.delegated)),
        ("🔑 Second factors", _each(_factor, digest.factors)),
        ("🕰️ Of before, recorded only now", _each(_what, digest.late)),
    ]


def _some(lines: Sequence[str], shown: int) -> list[str]:
    left = len(lines) - shown
    more = [f"_… and {left:,} more: `jit audit digest` lists all_"] if left > 0 else []
    return [*(f"• {line}" for line in lines[:shown]), *more]


def _each(tell: Callable[[T], str], things: Iterable[T]) -> list[str]:
    return [tell(thing) for thing in things]


def _busiest(tally: Tally) -> tuple[int, str, str]:
    return -sum(tally.counts.values()), tally.environment, tally.action


def _what(matter: Matter) -> str:
    return f"`{matter.request_id}` {_part(matter.requester)}: {_done_to(matter)}"


def _done_to(matter: Matter) -> str:
    return f"{_part(matter.action)} on {_part(matter.resource)} ({_part(matter.environment)})"


def _attempt(attempt: Attempt) -> str:
    often = f", {attempt.times} times" if attempt.times > 1 else ""
    whose = "" if attempt.requester_id == attempt.by_id else f" of {_part(attempt.requester)}"
    return (
        f"*{_part(attempt.by)}* tried to {_part(attempt.verb)} `{attempt.request_id}`{whose}: "
        f"{_done_to(attempt)}{often}, {moment(attempt.at)} ({_part(attempt.code.replace('_', ' '))})"
    )


def _failure(failure: Failure) -> str:
    tries = f", tried {failure.attempts} times" if failure.attempts > 1 else ""
    over = "; gone by now" if failure.is_over else ""
    return f"{_what(failure)}{tries}{over}: {_part(failure.error)}"


def _tally(tally: Tally) -> str:
    counts = " · ".join(
        f"{tally.counts[count]:,} {word}" for count, word in WORDS.items() if count in tally.counts
    )
    return f"{_part(tally.environment)} / *{_part(tally.action)}*: {counts}"


def _asked(asked: Asked) -> str:
    how_long = format_duration(timedelta(seconds=asked.seconds))
    denied = "denied by policy, " if asked.outcome is Outcome.DENY else ""
    rules = _part(", ".join(asked.rules) or "none")
    why = f" “{_part(asked.reason)}”" if asked.reason.strip() else ""
    return f"{_what(asked)} for {how_long}, {_part(asked.risk)} risk, {denied}rule {rules}{why}"


def _decided(decided: Decided) -> str:
    verb = f"approved{_less(decided)}" if decided.approved else "denied"
    why = f" “{_part(decided.comment)}”" if decided.comment.strip() else ""
    behalf = f" (for {_part(decided.behalf)})" if decided.behalf else ""
    is_click = decided.proof.kind == SLACK_SESSION.kind
    how = "" if is_click else f", {_part(decided.proof.told_at(decided.at))}"
    return f"*{_part(decided.by)}*{behalf} {verb} {_what(decided)}{how}{why}"


def _less(decided: Decided) -> str:
    shorter = f" for {format_duration(timedelta(seconds=decided.seconds))}" if decided.seconds else ""
    part = f" on {_part(decided.part)}" if decided.part else ""
    return f",{shorter}{part} alone," if shorter or part else ""


def _unreviewed(glass: Unreviewed) -> str:
    return f"{_what(glass)}, {moment(glass.at)}: “{_part(glass.why)}”"


def _delegated(handed: HandedOver) -> str:
    return f"*{_part(handed.by)}* lets *{_part(handed.to)}* decide until {moment(handed.until)}"


def _factor(news: FactorNews) -> str:
    return f"{clip(said(news.text), FACTOR)}, {moment(news.at)}"


def _wait(wait: Wait) -> str:
    how = "approved" if wait.approved else "denied"
    return f"{format_duration(timedelta(seconds=wait.seconds))} until {how}: {_what(wait)}"


def _live(grant: Live, digest: Digest) -> str:
    until = f"until {moment(grant.until)}" if grant.until else "until its end"
    late = "⚠️ " if _is_overdue(grant, digest) else ""
    state = "" if grant.state is State.ACTIVE else f" ({grant.state})"
    return f"{late}{until}{state} · {_what(grant)}"


def _is_overdue(grant: Live, digest: Digest) -> bool:
    return grant.until is not None and grant.until < digest.until


def _part(text: str) -> str:
    return clip(said(text), PART)


def _plural(count: int, one: str, more: str = "") -> str:
    return f"{count:,} {one if count == 1 else more or one + 's'}"
