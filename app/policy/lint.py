"""What is allowed, and yet hardly meant: told by `jit policy check`, and never in the way."""

from collections.abc import Iterator, Mapping
from itertools import chain

from app.policy.draft import Draft, Entry
from app.policy.factors import factor_lint
from app.policy.lint_reach import unreached
from app.policy.nearest import listed
from app.policy.problems import Problem
from app.policy.reach import Reach
from app.policy.schema import RuleSpec, StageSpec
from app.policy.trigger_references import lint_triggers
from app.policy.workloads import wide_workloads


def lint(draft: Draft) -> list[Problem]:
    """Find what a reviewer should look at, in the order of files and lines."""
    return sorted(
        {
            *_rules(draft),
            *_unreachable_actions(draft),
            *unreached(draft),
            *_unused(draft),
            *_permissions(draft),
            *_reviews(draft),
            *factor_lint(draft),
            *wide_workloads(draft),
            *lint_triggers(draft),
        }
    )


def _rules(draft: Draft) -> Iterator[Problem]:
    members = draft.members
    everyone = frozenset(draft.names("people"))
    for entry, rule in draft.rules:
        askers = _selected(rule.groups, rule.people, members) if rule.groups or rule.people else everyone
        if rule.effect == "require":
            yield from _never_enough(entry, rule, askers, draft)
        if rule.effect == "auto_approve" and not (rule.groups or rule.people or rule.requester):
            yield entry.problem("approves whoever asks; name groups or people, unless everyone is meant")


def _never_enough(entry: Entry, rule: RuleSpec, askers: frozenset[str], draft: Draft) -> Iterator[Problem]:
    """Find whose requests can never be approved: no one decides on their own, and each decides once."""
    if any(_is_open(stage, draft) for stage in rule.stages):
        return  # anybody may be in there
    if any(stage.managers for stage in rule.stages):
        yield from _never_enough_above(entry, rule, askers, draft)
        return
    seats = [draft.entitled(stage) for stage in rule.stages for _ in range(stage.quorum)]
    named = askers & frozenset[str]().union(*seats)
    if askers - named and not _can_be_seated(seats):
        yield entry.problem("can never be fulfilled, as each person decides once; name more people", "stages")
        return
    stuck = sorted(asker for asker in named if not _can_be_seated([seat - {asker} for seat in seats]))
    if stuck:
        text = (
            f"can never be fulfilled when {' or '.join(stuck[:8])} asks, for no one decides on their own; "
            "name more people"
        )
        yield entry.problem(text, "stages")


def _is_open(stage: StageSpec, draft: Draft) -> bool:
    """Tell whether others than files say who may approve a stage."""
    return bool(stage.on_call) or not draft.elsewhere.isdisjoint(stage.groups)


def _never_enough_above(
    entry: Entry, rule: RuleSpec, askers: frozenset[str], draft: Draft
) -> Iterator[Problem]:
    """The same where managers approve: each requester has others."""
    if any(source.startswith("groups.") for source in draft.sources):
        return  # a group's source may name managers too
    stuck = [
        asker
        for asker in sorted(askers)
        if not _can_be_seated(
            [draft.entitled(stage, asker) - {asker} for stage in rule.stages for _ in range(stage.quorum)]
        )
    ]
    if stuck:
        who = listed(stuck, 8).replace(", ", " or ")
        text = f"can never be fulfilled when {who} asks, who has too few managers; write manager for them"
        yield entry.problem(text, "stages")


def _can_be_seated(seats: list[frozenset[str]]) -> bool:
    """Tell whether each seat can have a person of its own (a bipartite matching by augmenting paths)."""
    holder: dict[str, int] = {}

    def seat(index: int, tried: set[str]) -> bool:
        for person in seats[index] - tried:
            tried.add(person)
            if person not in holder or seat(holder[person], tried):
                holder[person] = index
                return True
        return False

    return all(seat(index, set()) for index in range(len(seats)))


def _unreachable_actions(draft: Draft) -> Iterator[Problem]:
    reach = Reach({entry.name: action.environment for entry, action in draft.actions})
    reached: set[str] = set()
    for _, rule in draft.rules:
        if rule.effect != "deny" and rule.mode == "enforce":
            reached.update(reach.of(rule.actions, rule.environments))
    for entry, _ in draft.actions:
        if entry.name not in reached:
            yield entry.problem("is given by no rule, so whoever asks is denied; write a rule for it")


def _unused(draft: Draft) -> Iterator[Problem]:
    stages = [stage for _, rule in draft.rules for stage in rule.stages]
    used = {group for _, rule in draft.rules for group in rule.groups}
    used |= {group for stage in stages for group in stage.groups}
    used |= {group for _, spec in draft.delegation for group in (*spec.groups, *spec.to)}
    used |= {group for _, permission in draft.permissions for group in permission.groups}
    used |= {rota for stage in stages for rota in stage.on_call}
    used |= {told for stage in stages for told in stage.notify or ()}
    used |= {inner for _, group in draft.groups for inner in group.groups}
    for _, rule in draft.rules:
        used |= _told(rule)
    yield from _unused_times(draft)
    for entry, _ in chain(draft.groups, draft.rotas):
        if entry.name not in used:
            yield entry.problem("is named by no rule; remove it, or name it where it is meant")
    inhabited = {action.environment for _, action in draft.actions}
    for entry, _ in draft.environments:
        if entry.name not in inhabited:
            yield entry.problem("has no action; remove it, or write one")


def _told(rule: RuleSpec) -> set[str]:
    """Give the groups, and people, whom a rule's obligations tell of something."""
    if rule.obligations is None:
        return set()
    rungs = rule.obligations.escalation
    return {*rule.obligations.tell, *(name for rung in rungs for name in (*rung.to.groups, *rung.to.on_call))}


def _unused_times(draft: Draft) -> Iterator[Problem]:
    frozen = {name for _, rule in draft.rules for name in rule.freezes}
    windows = [window for _, rule in draft.rules for window in (*rule.times, *rule.outside_times)]
    closed = {name for window in windows for name in window.calendars}
    for entries, used in ((draft.freezes, frozen), (draft.calendars, closed)):
        for entry, _ in entries:
            if entry.name not in used:
                yield entry.problem("is named by no rule; remove it, or name it where it is meant")


def _permissions(draft: Draft) -> Iterator[Problem]:
    members = draft.members
    given = {
        entry.name: _selected(permission.groups, permission.people, members)
        for entry, permission in draft.permissions
    }
    for permission, what in (("revoke", "end someone's access"), ("audit", "read the audit log")):
        elsewhere = any(
            not draft.elsewhere.isdisjoint(spec.groups)
            for entry, spec in draft.permissions
            if entry.name == permission
        )
        if not given.get(permission) and not elsewhere:
            yield draft.problem(f"permissions.{permission}", f"is given to nobody; say who may {what}")


def _reviews(draft: Draft) -> Iterator[Problem]:
    """Find that a glass may be broken, and nobody may look at it after."""
    may_break = any(rule.obligations and rule.obligations.break_glass for _, rule in draft.rules)
    reviewers = {
        person
        for entry, spec in draft.permissions
        if entry.name == "review"
        for person in _selected(spec.groups, spec.people, draft.members)
    }
    if may_break and not reviewers:
        text = "is given to nobody, and a rule lets glass be broken; say who may close the reviews"
        yield draft.problem("permissions.review", text)


def _selected(
    groups: tuple[str, ...], people: tuple[str, ...], members: Mapping[str, frozenset[str]]
) -> frozenset[str]:
    return frozenset(people).union(*(members[group] for group in groups))
