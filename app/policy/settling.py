"""What rules that match come to together: the strictest outcome, all stages, the strictest obligations."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

from app.domain.duration import format_duration
from app.domain.verdict import Obligations, Outcome, Reason, Stage, strictest
from app.policy.ask import Ask
from app.policy.patterns import found_in
from app.policy.rules import Rule
from app.policy.spans import span
from app.policy.stages import all_stages

NO_OBLIGATIONS = Obligations()


class Settled(NamedTuple):
    """An outcome. `objections` are what denies though the rules permit: obligations that the ask misses."""

    outcome: Outcome
    stages: tuple[Stage, ...] = ()
    obligations: Obligations = NO_OBLIGATIONS
    objections: tuple[Reason, ...] = ()


DENIED = Settled(Outcome.DENY)


def settle(matched: Sequence[Rule], ask: Ask) -> Settled:
    """Settle what is said of an ask by the rules that match it, which are in the order of their names."""
    effects = {rule.effect for rule in matched}
    if Outcome.DENY in effects or not effects:
        return DENIED
    if any(rule.obligations for rule in matched) and (objections := tuple(_objections(matched, ask))):
        return Settled(Outcome.DENY, objections=objections)
    if Outcome.REQUIRE not in effects:
        return Settled(Outcome.AUTO_APPROVE, obligations=_together(matched, ()))
    requiring = [rule for rule in matched if rule.effect is Outcome.REQUIRE]
    stages = tuple(_of_requester(stage, ask) for stage in all_stages(requiring))
    return Settled(Outcome.REQUIRE, stages, _together(matched, requiring))


def _of_requester(stage: Stage, ask: Ask) -> Stage:
    """Say whose managers a stage means: the verdict is read later, by itself."""
    return stage.model_copy(update={"managers_of": ask.requester.id}) if stage.managers else stage


def _together(matched: Sequence[Rule], requiring: Sequence[Rule]) -> Obligations:
    """Put together what all rules oblige to; what eases approvals, if all who require one do."""
    bound = [rule.obligations for rule in matched if rule.obligations]
    if not bound:
        return NO_OBLIGATIONS
    together = strictest(dict.fromkeys(bound))
    eased = [rule.obligations or NO_OBLIGATIONS for rule in requiring]
    break_glass = bool(eased) and all(each.break_glass for each in eased)
    parallel = bool(eased) and all(each.parallel for each in eased)
    if (together.break_glass, together.parallel) == (break_glass, parallel):
        return together
    return together.model_copy(update={"break_glass": break_glass, "parallel": parallel})


def _objections(matched: Sequence[Rule], ask: Ask) -> Iterator[Reason]:
    """Find the obligations that an ask misses, with what would fulfil them."""
    for rule in matched:
        bound = rule.obligations or NO_OBLIGATIONS
        if bound.up_to is not None and ask.seconds > bound.up_to:
            longest = format_duration(timedelta(seconds=bound.up_to))
            yield _objection(
                rule,
                f"{ask.action} may be asked for up to {longest}, and you ask for {span(ask.seconds)}; "
                f"ask for {longest} or less",
            )
        for ticket in bound.tickets:
            if not found_in(ask.reason, ticket):
                because = f"{ask.action} needs a ticket like {ticket} in the reason; name it there"
                yield _objection(rule, because)


def _objection(rule: Rule, because: str) -> Reason:
    return Reason(rule=rule.name, effect=Outcome.DENY, matched=True, because=because, shadow=False)
