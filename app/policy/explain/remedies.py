"""What a condition expects against what is there, and what would make it hold.

One small function for each condition. A condition that has none here is shown by its own finding, and no
change is offered for it.
"""

import re
from datetime import datetime, timedelta
from functools import singledispatch
from typing import NamedTuple

from app.domain.duration import format_duration
from app.domain.people import Principal
from app.policy.catalogue import Action
from app.policy.conditions import AskedBy, CameThrough, Condition, Facts, LongerThan, OfRisk, OnResource, UpTo
from app.policy.globs import is_pattern
from app.policy.nearest import listed
from app.policy.people_conditions import AskedOften, HoldsOthers, NamesTicket, RequesterIs, has_any
from app.policy.place_conditions import AddressKnownFrom, InNetwork
from app.policy.spans import span
from app.policy.time_conditions import During, InFreeze
from app.policy.when import When

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
    if unsure := condition.groups & facts.doubtful:
        mine += f"; whether in {listed(sorted(unsure), SHOWN)} is not known now"
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
    then = asking(facts, resource=there[0]) if there else None
    offered = listed(there, SHOWN).replace(", ", " or ") if there else f"what matches {expected}"
    return Shown("resources", expected, facts.ask.resource[:128], f"ask for {offered}", then)


@shown.register
def _(condition: UpTo, facts: Facts, action: Action) -> Shown:
    expected = f"at most {format_duration(condition.longest)}"
    key, actual = "longest", span(facts.ask.seconds)
    if condition.longest < action.shortest:
        return Shown(key, expected, actual)
    return Shown(key, expected, actual, f"ask for {expected}", lasting(facts, condition.longest))


@shown.register
def _(condition: LongerThan, facts: Facts, action: Action) -> Shown:
    expected = f"more than {format_duration(condition.bound)}"
    key, actual = "longer_than", span(facts.ask.seconds)
    if condition.bound >= action.longest:
        return Shown(key, expected, actual)
    longer = max(condition.bound + timedelta(seconds=1), action.shortest)
    return Shown(key, expected, actual, f"ask for {expected}", lasting(facts, longer))


@shown.register
def _(condition: CameThrough, facts: Facts, action: Action) -> Shown:  # noqa: ARG001
    expected = _either(condition.sources)
    then = asking(facts, source=min(condition.sources))
    return Shown("sources", expected, facts.ask.source[:64], f"ask through {expected}", then)


@shown.register
def _(condition: OfRisk, facts: Facts, action: Action) -> Shown:  # noqa: ARG001
    return Shown("risks", _either(condition.risks), action.risk)


@shown.register
def _(condition: RequesterIs, facts: Facts, action: Action) -> Shown:  # noqa: ARG001
    lacked = {
        key: words for key, words in condition.wanted.items() if not has_any(facts.attributes, {key: words})
    }
    actual = ", ".join(f"{key} {' and '.join(facts.attributes.get(key, ('not known',)))}" for key in lacked)
    now = {**facts.attributes, **{key: words[:1] for key, words in lacked.items()}}
    expected = " and ".join(f"{key} {' or '.join(words)}" for key, words in condition.wanted.items())
    change = " and ".join(f"{key} {' or '.join(words)}" for key, words in lacked.items())
    return Shown("requester", expected, actual, f"be of {change}", facts._replace(attributes=now))


@shown.register
def _(condition: NamesTicket, facts: Facts, action: Action) -> Shown:  # noqa: ARG001
    expected = f"a ticket like {condition.pattern} in the reason"
    return Shown("ticket", expected, "none", f"name {expected}")


@shown.register
def _(condition: AskedOften, facts: Facts, action: Action) -> Shown:  # noqa: ARG001
    time = timedelta(seconds=condition.per)
    expected = f"{'more than' if condition.over else 'up to'} {condition.count} in {format_duration(time)}"
    key, history, at = "more_than" if condition.over else "at_most", facts.ask.history, facts.ask.at
    if history is None or not condition.look(facts).known:
        return Shown(key, expected, "not known")
    recent = sorted(each for each in history.asked if at - each < time)
    actual = f"number {len(recent) + 1}"
    if condition.over or len(recent) < condition.count:
        return Shown(key, expected, actual)
    free = recent[-condition.count] + time
    return Shown(key, expected, actual, f"ask again from {moment(free)} on", asking(facts, at=free))


@shown.register
def _(condition: HoldsOthers, facts: Facts, action: Action) -> Shown:  # noqa: ARG001
    expected = f"{'more than' if condition.over else 'up to'} {condition.most} grants held at a time"
    key, history = "more_concurrent_than" if condition.over else "concurrent", facts.ask.history
    if history is None:
        return Shown(key, expected, "not known")
    actual, most = f"number {history.live + 1}", condition.most - 1
    if condition.over or history.live <= most or most < 0:
        return Shown(key, expected, actual)
    change = "give one back first" if history.live - most == 1 else f"give {history.live - most} back first"
    then = asking(facts, history=history.model_copy(update={"live": most}))
    return Shown(key, expected, actual, change, then)


@shown.register
def _(condition: InNetwork, facts: Facts, action: Action) -> Shown:  # noqa: ARG001
    named = _either(frozenset(str(each) for each in (*condition.v4, *condition.v6)))
    actual = facts.ask.ip[:64] or "not known"
    if condition.outside:
        return Shown("outside_networks", f"outside of {named}", actual, f"ask from outside of {named}")
    first = min([str(v4.network_address) for v4 in condition.v4] + [str(v6[0]) for v6 in condition.v6])
    then = asking(facts, ip=first)
    return Shown("networks", named, actual, f"ask from {named}, where the address is known", then)


@shown.register
def _(condition: AddressKnownFrom, facts: Facts, action: Action) -> Shown:  # noqa: ARG001
    expected = _either(frozenset(map(str, condition.ways)))
    known = condition.look(facts).known
    change = f"have your address known by {expected}"
    return Shown("ip_from", expected, str(facts.ask.ip_from) if known else "not known", change)


@shown.register
def _(condition: During, facts: Facts, action: Action) -> Shown:  # noqa: ARG001
    named, actual = " or ".join(map(str, condition.windows)), moment(facts.ask.at)
    if condition.outside:
        return Shown("outside_times", f"outside of {named}", actual, f"ask outside of {named}")
    return Shown("times", named, actual, *opening(condition, facts))


@shown.register
def _(condition: InFreeze, facts: Facts, action: Action) -> Shown:  # noqa: ARG001
    return Shown("freezes", " or ".join(map(str, condition.freezes)), moment(facts.ask.at))


@shown.register
def _(condition: When, facts: Facts, action: Action) -> Shown:  # noqa: ARG001
    finding = condition.look(facts)
    text = f"{condition.name}: {' '.join(condition.text.split())}"
    actual = "" if finding.holds else "false" if finding.known else finding.because
    return Shown("when", text, actual, f"fulfil «{condition.message}»")


def opening(condition: During, facts: Facts) -> tuple[str, Facts | None]:
    """Say when one of the windows opens next; without a time where that is too far away to be told."""
    at, named = facts.ask.at, " or ".join(map(str, condition.windows))
    try:
        openings = [each for window in condition.windows if (each := window.next_opening(at))]
    except (OverflowError, ValueError):
        openings = []
    if at.tzinfo is None or not openings:
        return f"ask within {named}", None
    first = min(openings)
    return f"ask within {named}, next from {moment(first)} on", asking(facts, at=first)


def moment(at: datetime) -> str:
    """Write an instant for people."""
    return f"{at:%a %Y-%m-%d %H:%M %Z}".strip()


def lasting(facts: Facts, duration: timedelta) -> Facts:
    """Ask for another duration."""
    return asking(facts, seconds=int(duration.total_seconds()))


def asking(facts: Facts, **changed: object) -> Facts:
    """Ask otherwise in some fields of the ask."""
    return facts._replace(ask=facts.ask.model_copy(update=changed))


def _either(names: frozenset[str]) -> str:
    ordered = sorted(names)
    shown_ = ordered if len(ordered) <= SHOWN else [*ordered[: SHOWN - 1], f"{len(ordered) - SHOWN + 1} more"]
    return " or ".join(shown_)


def _words(name: str) -> str:
    """Write a class's name in words: `AskedBy` is `asked by`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower()
