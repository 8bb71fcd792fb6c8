"""What whoever asks can do so that a rule which denies does not match: one small function for each condition.

A condition that has none here holds whatever they do.
"""

from functools import singledispatch
from typing import NamedTuple

from app.domain.duration import format_duration
from app.policy.catalogue import Action
from app.policy.conditions import Condition, Facts, LongerThan
from app.policy.explain.remedies import asking, lasting, moment, opening, shown
from app.policy.people_conditions import AskedOften, HoldsOthers
from app.policy.place_conditions import InNetwork
from app.policy.time_conditions import During, InFreeze


class WayOut(NamedTuple):
    """What would keep a rule that denies from matching, the key that this stands for, and the facts then."""

    key: str
    change: str
    then: Facts | None


@singledispatch
def way_out(condition: Condition, facts: Facts, action: Action) -> WayOut | None:  # noqa: ARG001
    """Find what whoever asks can do so that a condition that holds does not; None where there is nothing."""
    return None


@way_out.register
def _(condition: LongerThan, facts: Facts, action: Action) -> WayOut | None:
    if condition.bound < action.shortest:
        return None
    change = f"ask for at most {format_duration(condition.bound)}"
    return WayOut("longest", change, lasting(facts, condition.bound))


@way_out.register
def _(condition: During, facts: Facts, action: Action) -> WayOut | None:  # noqa: ARG001
    if not condition.outside:
        return WayOut("at", f"ask outside of {' or '.join(map(str, condition.windows))}", None)
    change, then = opening(condition, facts)
    return WayOut("at", change, then)


@way_out.register
def _(condition: InFreeze, facts: Facts, action: Action) -> WayOut | None:  # noqa: ARG001
    if facts.ask.at.tzinfo is None:
        return None
    ends = max((each.ends for each in condition.freezes if each.has(facts.ask.at)), default=None)
    return None if ends is None else WayOut("at", f"ask from {moment(ends)} on", asking(facts, at=ends))


@way_out.register
def _(condition: InNetwork, facts: Facts, action: Action) -> WayOut | None:
    if not condition.outside:
        return None
    seen = shown(InNetwork(condition.v4, condition.v6), facts, action)
    return WayOut("networks", seen.change, seen.then)


@way_out.register
def _(condition: AskedOften, facts: Facts, action: Action) -> WayOut | None:
    if not condition.over or facts.ask.history is None:
        return None
    seen = shown(AskedOften(condition.count, condition.per), facts, action)
    return WayOut("at", seen.change, seen.then) if seen.change else None


@way_out.register
def _(condition: HoldsOthers, facts: Facts, action: Action) -> WayOut | None:
    if not condition.over or facts.ask.history is None:
        return None
    seen = shown(HoldsOthers(condition.most), facts, action)
    return WayOut("live", seen.change, seen.then) if seen.change else None
