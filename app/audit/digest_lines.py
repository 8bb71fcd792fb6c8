"""The digest as plain text, for terminals: the same facts as in Slack, and all of them."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from app.audit.digest_value import Asked, Attempt, Decided, Digest, Failure, HandedOver, Matter, Unreviewed
from app.audit.plain import clock, one_line
from app.domain.duration import format_duration


def digest_lines(digest: Digest) -> list[str]:
    """Lines of the digest."""
    lines = [f"Access digest, {clock(digest.since)} to {clock(digest.until)}"]
    if digest.is_empty:
        lines.append("A quiet day: nobody asked for anything, and no access is live.")
    for title, told in _parts(digest):
        if told:
            lines += ["", title, *(f"  {line}" for line in told)]
    return [*lines, "", f"Checkpoint: {digest.checkpoint}"]


def _parts(digest: Digest) -> Iterator[tuple[str, Sequence[str]]]:
    yield "Broken glass whose review is open", [_unreviewed(each) for each in digest.unreviewed]
    yield "Attempts to decide on one's own request", [_attempt(each) for each in digest.self_approvals]
    yield "Other refused attempts", [_attempt(each) for each in digest.refused]
    yield "Ends that the target did not confirm at once", [_failure(each) for each in digest.end_failures]
    yield "Access that could not be created", [_failure(each) for each in digest.grant_failures]
    yield (
        "By environment and action",
        [
            f"{one_line(each.environment)} / {one_line(each.action)}: "
            + ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in each.counts.items())
            for each in digest.tallies
        ],
    )
    yield "Asked", [_asked(each) for each in digest.asked]
    yield "Approved and denied", [_decided(each) for each in digest.decided]
    yield (
        "Longest waits",
        [
            f"{_long(each.seconds)} until {'approved' if each.approved else 'denied'}: {_what(each)}"
            for each in digest.waits
        ],
    )
    yield (
        "Live",
        [
            f"{each.state} until {clock(each.until) if each.until else 'its end'}: {_what(each)}"
            for each in digest.live
        ],
    )
    yield "Lapsed", [_what(each) for each in digest.lapsed]
    yield "Who lets whom decide in their place", [_delegated(each) for each in digest.delegated]
    yield "Second factors", [f"{clock(each.at)}  {one_line(each.text)}" for each in digest.factors]
    yield "Of before, recorded only now", [_what(each) for each in digest.late]


def _what(matter: Matter) -> str:
    asked_for = f"{one_line(matter.action)} on {one_line(matter.resource)} ({one_line(matter.environment)})"
    return f"{one_line(matter.request_id)} {_person(matter.requester, matter.requester_id)}: {asked_for}"


def _asked(asked: Asked) -> str:
    judged = f"{asked.outcome.replace('_', ' ')} by rule {one_line(', '.join(asked.rules)) or 'none'}"
    why = one_line(asked.reason) or "no reason given"
    return f"{clock(asked.at)}  {_what(asked)} for {_long(asked.seconds)}, {judged}: {why}"


def _attempt(attempt: Attempt) -> str:
    who = _person(attempt.by, attempt.by_id)
    often = f", {attempt.times} times" if attempt.times > 1 else ""
    verb, code = one_line(attempt.verb), one_line(attempt.code)
    return f"{clock(attempt.at)}  {who} tried to {verb}{often} ({code}): {_what(attempt)}"


def _failure(failure: Failure) -> str:
    over = ", gone by now" if failure.is_over else ""
    return (
        f"{clock(failure.at)}  {_what(failure)} (tried {failure.attempts}{over}): {one_line(failure.error)}"
    )


def _decided(decided: Decided) -> str:
    verb = f"approved{_less(decided)}" if decided.approved else "denied"
    why = f": {one_line(decided.comment)}" if decided.comment.strip() else ""
    proof = f"stage {one_line(decided.stage)}, {one_line(decided.proof.told_at(decided.at))}"
    behalf = f", for {one_line(decided.behalf)}," if decided.behalf else ""
    return f"{clock(decided.at)}  {_person(decided.by, decided.by_id)}{behalf} {verb} {_what(decided)} ({proof}){why}"


def _less(decided: Decided) -> str:
    shorter = f" for {_long(decided.seconds)}" if decided.seconds else ""
    part = f" on {one_line(decided.part)}" if decided.part else ""
    return f",{shorter}{part} alone," if shorter or part else ""


def _unreviewed(glass: Unreviewed) -> str:
    return f"{clock(glass.at)}  {_what(glass)}: {one_line(glass.why)}"


def _delegated(handed: HandedOver) -> str:
    one, other = _person(handed.by, handed.by_id), _person(handed.to, handed.to_id)
    return f"{clock(handed.at)}  {one} lets {other} decide until {clock(handed.until)}"


def _person(name: str, person: str) -> str:
    return one_line(name) if name == person else f"{one_line(name)} ({one_line(person)})"


def _long(seconds: float) -> str:
    return format_duration(timedelta(seconds=seconds))
