"""What policy says of a part of a resource, given for the approvals that the whole was asked for.

An approver who gives a part must not get anything past policy by it: the part is one that the catalogue has,
no rule denies it, some rule lets it be asked for, and it needs no approval that the whole does not.
"""

from app.domain.narrower import PARTED_BY
from app.domain.refusals import BadInput, DeniedByPolicy
from app.domain.verdict import Outcome, Stage, Verdict
from app.policy.ask import Ask
from app.policy.catalogue import Action
from app.policy.checking import check_resource
from app.policy.globs import may_match_below
from app.policy.policy import Policy


def has_parts(action: Action, resource: str) -> bool:
    """Tell whether the catalogue may have parts of a resource: False is certain, True is likely."""
    return any(may_match_below(glob, resource + PARTED_BY) for glob in action.resources)


def of_a_part(policy: Policy, part: Ask, whole: Verdict) -> Verdict:
    """Give the verdict that holds once `part` is given on what `whole` was asked for: the strictest of both.

    Stages stay those of the whole, which have decisions by now. Raises BadInput or DeniedByPolicy.
    """
    check_resource(policy.find_action(part.action), part.resource)
    verdict = policy.judge(part)
    if verdict.outcome is Outcome.DENY:
        raise DeniedByPolicy(f"Policy denies {part.resource} by itself: {verdict.message}.")
    asked_for = {_decides(stage) for stage in whole.stages}
    more = [stage.name for stage in verdict.stages if _decides(stage) not in asked_for]
    if more:
        raise BadInput(
            f"Policy wants other approvals for {part.resource} by itself ({', '.join(more)}): deny this one, and "
            f"let {part.requester.name} ask for {part.resource}.",
            field="resource",
        )
    together = whole.obligations.and_also(verdict.obligations)
    # Steps that are reached are counted from the first: none may come in between.
    kept = together.model_copy(update={"escalation": whole.obligations.escalation})
    return whole.model_copy(update={"obligations": kept})


def _decides(stage: Stage) -> Stage:
    """A stage without whom it pings, which is no matter of who decides."""
    return stage.model_copy(update={"notify": None})
