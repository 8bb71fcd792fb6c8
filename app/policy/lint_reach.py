"""Rules, approvers and actions that nobody ever comes to: written, and without effect."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from app.domain.duration import format_duration
from app.policy.draft import Draft, Entry
from app.policy.nearest import listed
from app.policy.problems import Problem
from app.policy.reach import Reach
from app.policy.schema import ActionSpec, RuleSpec, StageSpec

SCOPE = frozenset({"actions", "environments", "resources", "groups", "people", "longest", "longer_than"})
"""Keys that are compared by what they come to."""
NO_CONDITION = frozenset({"description", "effect", "mode", "stages", "obligations", "message"})
CONDITIONS = frozenset(RuleSpec.model_fields) - SCOPE - NO_CONDITION
EVERYTHING = "*"
STRICTER = {"auto_approve": ("deny", "require"), "require": ("deny",), "deny": ()}
WHY = {"deny": "denies all that it is about", "require": "asks people for all that it is about"}


class Placed(NamedTuple):
    """A rule with the actions that it reaches, and the people who may meet it."""

    entry: Entry
    rule: RuleSpec
    actions: frozenset[str]
    askers: frozenset[str]
    is_open: bool = False
    """Whether others than files say who may ask too."""


def unreached(draft: Draft) -> Iterator[Problem]:
    """Find what is written and can have no effect."""
    placed = [*_placed(draft)]
    specs = {entry.name: action for entry, action in draft.actions}
    for each in placed:
        yield from _never_matches(each, specs)
    yield from _overruled(placed)
    yield from _empty_approvers(draft)
    yield from _given_to_nobody(draft, placed)
    yield from _lonely_approvers(draft, placed)


def _placed(draft: Draft) -> Iterator[Placed]:
    reach = Reach({entry.name: action.environment for entry, action in draft.actions})
    members, everyone = draft.members, frozenset(draft.names("people"))
    for entry, rule in draft.rules:
        named = frozenset(rule.people).union(*(members[group] for group in rule.groups))
        is_open = not draft.elsewhere.isdisjoint(rule.groups)
        askers = named if rule.groups or rule.people else everyone
        yield Placed(entry, rule, frozenset(reach.of(rule.actions, rule.environments)), askers, is_open)


def _never_matches(placed: Placed, actions: dict[str, ActionSpec]) -> Iterator[Problem]:
    entry, rule = placed.entry, placed.rule
    if not placed.askers and rule.groups and not placed.is_open:
        who = listed(rule.groups, 8).replace(", ", " or ")
        yield entry.problem(f"can never match, as nobody is in {who}; put people in, or remove it", "groups")
    reached = [actions[name] for name in placed.actions if name in actions]
    longest = max((action.longest for action in reached), default=None)
    if longest and rule.longer_than and rule.longer_than >= longest:
        text = f"can never match, as its actions are given for at most {format_duration(longest)}; lower it"
        yield entry.problem(text, "longer_than")
    shortest = min((action.shortest for action in reached), default=None)
    if shortest and rule.longest and rule.longest < shortest:
        text = f"can never match, as its actions are given for at least {format_duration(shortest)}; raise it"
        yield entry.problem(text, "longest")


def _overruled(placed: list[Placed]) -> Iterator[Problem]:
    """Find rules that never decide, since a stricter one holds whenever they do."""
    stricter: dict[tuple[str, str, str], list[Placed]] = defaultdict(list)
    for each in placed:
        if each.rule.mode == "enforce":
            for action in each.actions:
                for resource in _about(each.rule):
                    stricter[each.rule.effect, action, resource].append(each)
    for each in placed:
        if not each.actions:
            continue
        action, resource = min(each.actions), next(iter(_about(each.rule)))
        for effect in STRICTER[each.rule.effect]:
            candidates = stricter[effect, action, EVERYTHING]
            if resource != EVERYTHING:
                candidates = candidates + stricter[effect, action, resource]
            over = next((other for other in candidates if _covers(other, each)), None)
            if over is not None:
                text = f"never decides, as the rule {over.entry.name} {WHY[effect]}; narrow one of them"
                yield each.entry.problem(text)
                break


def _about(rule: RuleSpec) -> tuple[str, ...]:
    """Give the resources that a rule names, or what stands for all: only by these can one cover another."""
    return (EVERYTHING,) if not rule.resources or EVERYTHING in rule.resources else rule.resources


def _covers(wide: Placed, narrow: Placed) -> bool:
    """Tell whether one rule surely holds whenever the other does; False where it is hard to say."""
    one, other = wide.rule, narrow.rule
    if not (wide.actions >= narrow.actions and _covers_whom(wide, narrow) and _covers_what(one, other)):
        return False
    fields = RuleSpec.model_fields
    return all(
        getattr(one, key) == fields[key].default or getattr(one, key) == getattr(other, key)
        for key in CONDITIONS
    )


def _covers_whom(wide: Placed, narrow: Placed) -> bool:
    is_for_all = not (wide.rule.groups or wide.rule.people)
    if narrow.is_open and not is_for_all:
        one, other = wide.rule, narrow.rule
        return set(one.groups) >= set(other.groups) and set(one.people) >= set(other.people)
    return is_for_all or (bool(narrow.askers) and wide.askers >= narrow.askers)


def _covers_what(one: RuleSpec, other: RuleSpec) -> bool:
    if EVERYTHING not in _about(one) and not set(_about(one)) >= set(_about(other)):
        return False
    if one.longer_than and not (other.longer_than and other.longer_than >= one.longer_than):
        return False
    return one.longest is None or (other.longest is not None and other.longest <= one.longest)


def _empty_approvers(draft: Draft) -> Iterator[Problem]:
    """Find groups that a stage names and nobody is in; a stage of nobody at all is no policy anyway."""
    members = draft.members
    for entry, rule in draft.rules:
        for index, stage in enumerate(rule.stages):
            for at, group in enumerate(stage.groups):
                if not members[group] and group not in draft.elsewhere:
                    text = f"nobody is in {group}, so that it approves nothing; put people in, or remove it"
                    yield entry.problem(text, "stages", index, "groups", at)


def _given_to_nobody(draft: Draft, placed: list[Placed]) -> Iterator[Problem]:
    giving: dict[str, list[Placed]] = defaultdict(list)
    for each in placed:
        if each.rule.effect != "deny" and each.rule.mode == "enforce":
            for action in each.actions:
                giving[action].append(each)
    for entry, _ in draft.actions:
        rules = giving[entry.name]
        if rules and not any(each.askers or each.is_open for each in rules):
            names = listed([each.entry.name for each in rules], 8)
            yield entry.problem(
                f"may be asked for by nobody: nobody is in the groups of {names}; put people in"
            )


def _lonely_approvers(draft: Draft, placed: list[Placed]) -> Iterator[Problem]:
    """Find environments where one person approves everything, and asks too: nobody decides on their own."""
    where = {entry.name: action.environment for entry, action in draft.actions}
    approvers: dict[str, set[str]] = defaultdict(set)
    askers: dict[str, set[str]] = defaultdict(set)
    open_to: set[str] = set()
    for each in placed:
        if each.rule.effect == "require" and each.rule.mode == "enforce":
            if any(_may_be_anybody(stage, draft) for stage in each.rule.stages):
                open_to |= {where[action] for action in each.actions}
            for environment in {where[action] for action in each.actions}:
                approvers[environment].update(*(draft.entitled(stage) for stage in each.rule.stages))
                askers[environment] |= each.askers
    for entry, _ in draft.environments:
        if entry.name in open_to:
            continue
        if len(alone := approvers[entry.name]) == 1 and alone <= askers[entry.name]:
            text = f"has {min(alone)} as its only approver, who may ask there too; name one more"
            yield entry.problem(text)


def _may_be_anybody(stage: StageSpec, draft: Draft) -> bool:
    return bool(stage.on_call or stage.managers) or not draft.elsewhere.isdisjoint(stage.groups)
