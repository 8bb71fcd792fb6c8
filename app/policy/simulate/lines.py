"""A simulation as lines of plain text: what would change, counted and listed, and what cannot be told."""

from collections.abc import Iterator

from app.domain.verdict import Outcome
from app.policy.explain.lines import on_a_line
from app.policy.nearest import listed
from app.policy.simulate.replaying import Difference, Judged, Replayed, Simulation
from app.policy.spans import span

WORDS = {Outcome.DENY: "deny", Outcome.AUTO_APPROVE: "approve at once", Outcome.REQUIRE: "ask people"}
WHAT = {Difference.STAGES: " (other approvers)", Difference.OBLIGATIONS: " (other obligations)"}


def simulation_lines(simulation: Simulation) -> Iterator[str]:
    """Write the counts, then each request that would change: `-` what was said, `+` what would be."""
    all_, changed, unknown = simulation.replayed, simulation.changed, simulation.unknown
    same = len(all_) - len(changed) - len(unknown)
    yield (
        f"{len(all_):,} requests since {simulation.since:%Y-%m-%d %H:%M %Z}: {len(changed):,} would change, "
        f"{same:,} would not, of {len(unknown):,} it cannot be told."
    )
    for (was, would_be, what), count in simulation.counts.items():
        yield f"  {count:>6,}  {WORDS[was]} → {WORDS[would_be]}{WHAT.get(what, '')}"
    for each in changed:
        yield from _change(each)
    if unknown:
        yield "Of these it cannot be told, as the record does not hold what the verdict hangs on:"
        for each in unknown:
            yield f"  {_headline(each)}: {listed(each.unknown, 8)}"
    yield f"Policy {simulation.digest[:12]}"


def _change(each: Replayed) -> Iterator[str]:
    yield _headline(each)
    yield f"  - {_said(each.was)}"
    yield f"  + {_said(each.would_be)}"


def _headline(each: Replayed) -> str:
    ask = each.ask
    return on_a_line(
        f"{each.request_id} {ask.at:%Y-%m-%d %H:%M} {ask.requester.id}: {ask.action} on {ask.resource} "
        f"for {span(ask.seconds)}"
    )


def _said(judged: Judged) -> str:
    verdict = judged.verdict
    rules = f" by {listed(verdict.rules, 8)}" if verdict.rules else ""
    return on_a_line(f"{WORDS[verdict.outcome]}{rules}: {_what(judged)}")


def _what(judged: Judged) -> str:
    verdict = judged.verdict
    if verdict.outcome is not Outcome.REQUIRE:
        return verdict.message
    stages = []
    for index, stage in enumerate(verdict.stages):
        people = judged.approvers[index] if judged.approvers else (*stage.groups, *stage.people)
        stages.append(f"{stage.quorum} of {listed(people, 8) or 'nobody'} ({stage.name})")
    obliged = verdict.obligations.model_dump(exclude_defaults=True)
    also = "; " + ", ".join(f"{key} {value}" for key, value in obliged.items()) if obliged else ""
    return ", then ".join(stages) + also
