"""The stages that must hold when several rules require approvals: all of them, each once."""

from collections import Counter
from collections.abc import Sequence

from app.domain.verdict import Stage
from app.policy.rules import Rule


def all_stages(rules: Sequence[Rule]) -> tuple[Stage, ...]:
    """Put the stages of rules together, in the order of the rules and, within one, as written.

    Stages of one name that ask the same of the same people are one; it tells all whom any of them would tell.
    Stages of one name that differ are kept apart as `name (rule)`, so that neither fulfils the other.
    """
    if len(rules) == 1:
        return rules[0].stages
    merged: dict[tuple[object, ...], tuple[str, Stage]] = {}
    for rule in rules:
        for stage in rule.stages:
            selects = (frozenset(stage.groups), frozenset(stage.people), stage.approver, stage.managers)
            key = (stage.name, stage.quorum, *selects)
            first, known = merged.get(key, (rule.name, stage))
            merged[key] = (first, _telling_all(known, stage))
    uses = Counter(stage.name for _, stage in merged.values())
    return tuple(
        stage if uses[stage.name] == 1 else stage.model_copy(update={"name": f"{stage.name} ({rule})"})
        for rule, stage in merged.values()
    )


def _telling_all(one: Stage, other: Stage) -> Stage:
    if one.notify is None and other.notify is None:
        return one
    return one.model_copy(update={"notify": tuple(sorted({*_told(one), *_told(other)}))})


def _told(stage: Stage) -> tuple[str, ...]:
    return (*stage.groups, *stage.people) if stage.notify is None else stage.notify
