"""What a condition expects against what is there, and what would make it hold.

One small function for each condition. A condition that has none here is shown by its own finding, and no
change is offered for it.
"""

import re
from datetime import timedelta
from functools import singledispatch
from typing import NamedTuple

from app.domain.duration import format_duration
from app.domain.people import Principal
from app.policy.catalogue import Action
from app.policy.conditions import AskedBy, CameThrough, Condition, Facts, LongerThan, OnResource, UpTo
from app.policy.globs import is_pattern
from app.policy.nearest import listed
from app.policy.spans import span

SHOWN = 8


class Shown(NamedTuple):
    """A condition for people. `key` is the rule's, as written in the file.

    `change` is what would make it hold, as a command such as `ask for at most 30 min`; empty where nothing
    can. `then`: the facts after the change; None where they cannot be made up, such as some other instant.
    """

    key: str
    expected: str
    actual: str
    change: str = ""
    then: Facts | None = None


@singledispatch
def shown(condition: Condition, facts: Facts, action: Action) -> Shown:  # noqa: ARG001  others use all
    """Show a condition of a rule about an action."""
    finding = condition.look(facts)
    return Shown(_words(type(condition).__name__), finding.because, "")


@shown.register
def _(condition: AskedBy, facts: Facts, action: Action) -> Shown:  # noqa: ARG001
    keys = [key for key, named in (("groups", condition.groups), ("people", condition.people)) if named]
    groups = f"group {_either(condition.groups)}" if condition.groups else ""
    people = _either(condition.people)
    requester = facts.ask.requester
    mine = f"in {listed(sorted(facts.groups), SHOWN)}" if facts.groups else "in no group"
    if condition.groups:
        change, then = f"be in {groups}", facts._replace(groups=facts.groups | {min(condition.groups)})
    else:
        other = Principal(id=min(condition.people), name=min(condition.people), slack="")
        ask = facts.ask.model_copy(update={"requester": other})
        change, then = f"have it asked by {people}", facts._replace(ask=ask)
    expected = ", or ".join(part for part in (groups, people) if part)
    return Shown(" or ".join(keys), expected, f"{requester.id}, {mine}", change, then)


@shown.register
def _(condition: OnResource, facts: Facts, action: Action) -> Shown:
    expected = listed(condition.written, SHOWN)
    there = [each for each in action.resources if not is_pattern(each) and condition.globs.match(each)]
    there += [each for each in condition.written if not is_pattern(each) and each not in there]
    then = _asking(facts, resource=there[0]) if there else None
    offered = listed(there, SHOWN).replace(", ", " or ") if there else f"what matches {expected}"
    return Shown("resources", expected, facts.ask.resource[:128], f"ask for {offered}", then)


@shown.register
def _(condition: UpTo, facts: Facts, action: Action) -> Shown:
    expected = f"at most {format_duration(condition.longest)}"
    key, actual = "longest", span(facts.ask.seconds)
    if condition.longest < action.shortest:
        return Shown(key, expected, actual)
    return Shown(key, expected, actual, f"ask for {expected}", _lasting(facts, condition.longest))


@shown.register
def _(condition: LongerThan, facts: Facts, action: Action) -> Shown:
    expected = f"more than {format_duration(condition.bound)}"
    key, actual = "longer_than", span(facts.ask.seconds)
    if condition.bound >= action.longest:
        return Shown(key, expected, actual)
    longer = max(condition.bound + timedelta(seconds=1), action.shortest)
    return Shown(key, expected, actual, f"ask for {expected}", _lasting(facts, longer))


@shown.register
def _(condition: CameThrough, facts: Facts, action: Action) -> Shown:  # noqa: ARG001
    expected = _either(condition.sources)
    then = _asking(facts, source=min(condition.sources))
    return Shown("sources", expected, facts.ask.source[:64], f"ask through {expected}", then)


class WayOut(NamedTuple):
    """What would keep a rule that denies from matching, the key that this stands for, and the facts then."""

    key: str
    change: str
    then: Facts


@singledispatch
def way_out(condition: Condition, facts: Facts, action: Action) -> WayOut | None:  # noqa: ARG001
    """Find what whoever asks can do so that a condition that holds does not; None where there is nothing."""
    return None


@way_out.register
def _(condition: LongerThan, facts: Facts, action: Action) -> WayOut | None:
    if condition.bound < action.shortest:
        return None
    change = f"ask for at most {format_duration(condition.bound)}"
    return WayOut("longest", change, _lasting(facts, condition.bound))


def _lasting(facts: Facts, duration: timedelta) -> Facts:
    return _asking(facts, seconds=int(duration.total_seconds()))


def _asking(facts: Facts, **changed: object) -> Facts:
    return facts._replace(ask=facts.ask.model_copy(update=changed))


def _either(names: frozenset[str]) -> str:
    ordered = sorted(names)
    shown_ = ordered if len(ordered) <= SHOWN else [*ordered[: SHOWN - 1], f"{len(ordered) - SHOWN + 1} more"]
    return " or ".join(shown_)


def _words(name: str) -> str:
    """Write a class's name in words: `AskedBy` is `asked by`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower()
