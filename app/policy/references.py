"""What only shows when all files are seen together: names that are not there, and parts that do not fit."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from app.domain.duration import format_duration
from app.policy import rota_references, rule_references
from app.policy.delegation import unknown_in_delegation
from app.policy.draft import Draft, Entry
from app.policy.factors import factor_misfits
from app.policy.globs import Globs, is_pattern, may_overlap
from app.policy.machines import machine_misfits
from app.policy.membership import cycles
from app.policy.nearest import instead
from app.policy.problems import Problem
from app.policy.quiet import wrong_in_quiet
from app.policy.reach import Reach
from app.policy.schema import ActionSpec, RuleSpec, StageSpec
from app.policy.telling import telling_misfits
from app.policy.trigger_references import trigger_misfits
from app.policy.words import known, unknown
from app.policy.workloads import workload_misfits
from app.policy.yaml_file import Path_


def misfits(draft: Draft) -> list[Problem]:
    """Find everything that keeps well-formed files from being one policy."""
    return [
        *_people(draft),
        *_groups(draft),
        *rota_references.rotas(draft),
        *_actions(draft),
        *rule_references.freezes(draft),
        *_rules(draft),
        *_permissions(draft),
        *_channels(draft),
        *unknown_in_delegation(draft),
        *wrong_in_quiet(draft),
        *machine_misfits(draft),
        *factor_misfits(draft),
        *telling_misfits(draft),
        *workload_misfits(draft),
        *trigger_misfits(draft),
    ]


def _people(draft: Draft) -> Iterator[Problem]:
    by_slack: dict[str, str] = {}
    by_subject: dict[str, str] = {}
    for entry, person in draft.people:
        other = by_slack.setdefault(person.slack, entry.name)
        if other != entry.name:
            text = f"{person.slack} is {other} already; a Slack user is one person, give each their own"
            yield entry.problem(text, "slack")
        if person.oidc and (same := by_subject.setdefault(person.oidc, entry.name)) != entry.name:
            text = f"{person.oidc[:60]} is {same} already; an account is one person's, give each their own"
            yield entry.problem(text, "oidc")
        if person.manager and person.manager not in draft.names("people"):
            yield entry.problem(unknown("person", person.manager, draft.names("people")), "manager")
    entries = {entry.name: (entry, person.manager) for entry, person in draft.people}
    for circle in cycles({name: [manager] if manager else [] for name, (_, manager) in entries.items()}):
        chain = " is led by ".join((*circle, circle[0]))
        yield entries[circle[0]][0].problem(f"leads back ({chain}); leave the topmost without", "manager")


def _groups(draft: Draft) -> Iterator[Problem]:
    for entry, group in draft.groups:
        is_list = not isinstance(entry.written, dict)
        at: Path_ = () if is_list else ("people",)
        yield from known(entry, group.people, draft.names("people"), "person", *at)
        yield from known(entry, group.groups, draft.names("groups"), "group", "groups")
        if entry.name in draft.names("people"):
            yield entry.problem("is the name of a person too; give the group another name")
        yield from rota_references.source(entry, group)
    entries = {entry.name: (entry, group.groups) for entry, group in draft.groups}
    for circle in cycles({name: inner for name, (_, inner) in entries.items()}):
        text = f"is within itself ({_round(circle)}); take one of them out of the other"
        yield entries[circle[0]][0].problem(text, "groups")


def _round(circle: Sequence[str]) -> str:
    return " has ".join((*circle, circle[0]))


def _actions(draft: Draft) -> Iterator[Problem]:
    for entry, action in draft.actions:
        if action.environment not in draft.names("environments"):
            text = unknown("environment", action.environment, draft.names("environments"))
            yield entry.problem(text, "environment")
        yield from _durations(entry, action)
        if action.parameters and not action.connector:
            yield entry.problem("says how, and no connector is named; name one in connector", "with")


def _durations(entry: Entry, action: ActionSpec) -> Iterator[Problem]:
    longest = format_duration(action.longest)
    if action.default > action.longest:
        yield entry.problem(
            f"is {format_duration(action.default)}, over the longest; write at most {longest}", "default"
        )
    if action.shortest > action.default:
        default = format_duration(action.default)
        yield entry.problem(
            f"is {format_duration(action.shortest)}, over the default; write at most {default}", "shortest"
        )


def _rules(draft: Draft) -> Iterator[Problem]:
    reach = Reach({entry.name: action.environment for entry, action in draft.actions})
    resources = {entry.name: action.resources for entry, action in draft.actions}
    has_all_resources = resources.keys() == draft.names("actions")
    for entry, rule in draft.rules:
        yield from known(entry, rule.environments, draft.names("environments"), "environment", "environments")
        yield from known(entry, rule.groups, draft.names("groups"), "group", "groups")
        yield from known(
            entry, rule.people, draft.names("people") | draft.names("machines"), "person", "people"
        )
        yield from _keys_of_effect(entry, rule)
        yield from rule_references.effects(entry, rule, draft)
        yield from rule_references.circumstances(entry, rule, draft)
        yield from _rule_actions(entry, rule, draft.names("actions"), reach)
        if has_all_resources:  # else a resource may be one of a malformed action
            yield from _rule_resources(entry, rule, reach, resources)
        yield from _stages(entry, rule, draft)


def _keys_of_effect(entry: Entry, rule: RuleSpec) -> Iterator[Problem]:
    """Check that a rule has the keys that its effect needs, and none that would mean nothing."""
    if rule.effect == "require" and not rule.stages:
        yield entry.problem("is missing; write in stages who gives the approvals that are required", "stages")
    if rule.effect != "require" and rule.stages:
        yield entry.problem(f"does not go with {rule.effect}; remove it, or write effect: require", "stages")
    if rule.effect == "deny" and not rule.message:
        yield entry.problem("is missing; write a sentence that tells the requester why", "message")
    if rule.effect != "deny" and rule.message:
        yield entry.problem(f"does not go with {rule.effect}; write a description instead", "message")
    if rule.longest and rule.longer_than and rule.longer_than >= rule.longest:
        text = f"leaves no duration up to {format_duration(rule.longest)}, the longest; write a shorter one"
        yield entry.problem(text, "longer_than")


def _rule_actions(entry: Entry, rule: RuleSpec, names: Collection[str], reach: Reach) -> Iterator[Problem]:
    for index, glob in enumerate(rule.actions):
        if not is_pattern(glob) and glob not in names:
            yield entry.problem(unknown("action", glob, names), "actions", index)
        elif not reach.matching(glob) and not any(map(Globs.of((glob,)).match, names)):
            text = f"“{glob}” matches no action; {instead(glob.strip('*?'), names, 'actions')}"
            yield entry.problem(text, "actions", index)
        elif reach.matching(glob) and not reach.of((glob,), rule.environments):
            where = ", ".join(sorted({reach.environment(action) for action in reach.matching(glob)}))
            text = f"“{glob}” is in {where}, which the rule's environments leave out; write one of theirs"
            yield entry.problem(text, "actions", index)


def _rule_resources(
    entry: Entry, rule: RuleSpec, reach: Reach, resources: dict[str, tuple[str, ...]]
) -> Iterator[Problem]:
    if not rule.resources:
        return
    reached = reach.of(rule.actions, rule.environments)
    for index, glob in enumerate(rule.resources):
        if reached and not any(may_overlap(glob, each) for action in reached for each in resources[action]):
            there = {each for action in reached for each in resources[action]}
            text = f"“{glob}” is no resource of the rule's actions; {instead(glob, there, 'they have')}"
            yield entry.problem(text, "resources", index)


def _stages(entry: Entry, rule: RuleSpec, draft: Draft) -> Iterator[Problem]:
    named: dict[str, int] = defaultdict(int)
    for index, stage in enumerate(rule.stages):
        at: Path_ = ("stages", index)
        named[stage.name] += 1
        if named[stage.name] == 2:
            yield entry.problem(f"{stage.name} is an earlier stage's name; give each its own", *at, "name")
        yield from known(entry, stage.groups, draft.names("groups"), "group", *at, "groups")
        yield from known(entry, stage.people, draft.names("people"), "person", *at, "people")
        yield from known(entry, stage.on_call, draft.names("rotas"), "rota", *at, "on_call")
        if stage.notify:
            told = draft.names("groups") | draft.names("people") | draft.names("rotas")
            yield from known(entry, stage.notify, told, "group or person", *at, "notify")
        yield from _quorum(entry, stage, at, draft)


def _quorum(entry: Entry, stage: StageSpec, at: Path_, draft: Draft) -> Iterator[Problem]:
    if not (stage.groups or stage.people or stage.on_call or stage.managers):
        yield entry.problem("names nobody; write groups or people who may approve", *at)
        return
    if not draft.members.keys() >= set(stage.groups):
        return  # a group that is missing or malformed is told already
    if not draft.attributes >= stage.approver.keys():
        return  # an attribute that nobody has is told already
    if not draft.elsewhere.isdisjoint(stage.groups):
        return  # whoever is in these is not known before they are fetched
    most = len(draft.entitled(stage)) + len(stage.on_call) + (stage.managers or 0)
    if stage.quorum > most:
        text = f"asks for {stage.quorum} of {most} people; lower it, or name more people"
        yield entry.problem(text, *at, "quorum")


def _permissions(draft: Draft) -> Iterator[Problem]:
    for entry, permission in draft.permissions:
        yield from known(entry, permission.groups, draft.names("groups"), "group", "groups")
        yield from known(entry, permission.people, draft.names("people"), "person", "people")


def _channels(draft: Draft) -> Iterator[Problem]:
    for purpose, what in (("digest", "the daily digest"), ("admin", "alarms, such as a broken policy")):
        if purpose not in draft.names("channels"):
            text = f'is missing; write the channel for {what}, such as {purpose}: "#security"'
            yield draft.problem(f"channels.{purpose}", text)
