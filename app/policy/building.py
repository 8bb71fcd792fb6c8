"""Builds the policy from a draft that is known to be whole."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from app.domain.people import Principal
from app.policy.assembling import Assembly
from app.policy.catalogue import Action, Environment, Permission
from app.policy.delegation import delegation_rules
from app.policy.draft import Draft
from app.policy.factors import factor_policy
from app.policy.fetched import grown, rota_of
from app.policy.globs import Globs
from app.policy.machines import decides_by_api, scopes_by_machine
from app.policy.outside import NOTHING_KNOWN, Filed, Named
from app.policy.policy import Policy
from app.policy.quiet import quiet_of
from app.policy.reach import Reach
from app.policy.rules import Placed, RuleIndex
from app.policy.schema import ActionSpec
from app.policy.telling import digest_readers, ways
from app.policy.triggers import triggers_of
from app.policy.workloads import workloads


def build(draft: Draft) -> Policy:
    """Build the policy that a draft describes."""
    people = {
        entry.name: Principal(id=entry.name, name=spec.name, slack=spec.slack, email=spec.email)
        for entry, spec in draft.people
    }
    members = draft.members
    environments = {
        entry.name: Environment(name=entry.name, **dict(spec)) for entry, spec in draft.environments
    }
    actions = {
        entry.name: _action(entry.name, spec, environments[spec.environment]) for entry, spec in draft.actions
    }
    filed = _filed(draft)
    channels = {entry.name: channel for entry, channel in draft.channels}
    reach = Reach({action.name: action.environment for action in actions.values()})
    assembly = Assembly.of(
        ((entry.name, spec) for entry, spec in draft.calendars),
        ((entry.name, spec) for entry, spec in draft.freezes),
    )
    placed = [
        Placed(assembly.rule(entry.name, spec), spec.actions, spec.environments)
        for entry, spec in draft.rules
    ]
    return Policy(
        digest=digest_of(draft.written()),
        environments=MappingProxyType(environments),
        actions=MappingProxyType(actions),
        people=MappingProxyType(people),
        members=MappingProxyType(members),
        permissions=MappingProxyType({}),
        attributes=MappingProxyType(
            {person: MappingProxyType(known) for person, known in draft.attributes_of.items()}
        ),
        accounts=MappingProxyType({entry.name: spec.oidc for entry, spec in draft.people if spec.oidc}),
        delegation=delegation_rules(draft),
        quiet=quiet_of(draft, assembly),
        managers=filed.managers,
        machines=scopes_by_machine(draft),
        workloads=workloads(draft),
        decides_by_api=decides_by_api(draft),
        factors=factor_policy(draft),
        triggers=triggers_of(draft),
        digest_channel=channels["digest"],
        admin_channel=channels["admin"],
        ways=ways(draft),
        digest_readers=digest_readers(draft),
        _by_slack=MappingProxyType({person.slack: person for person in people.values()}),
        _groups=MappingProxyType(_groups_of(members)),
        _resources=MappingProxyType({name: Globs.of(action.resources) for name, action in actions.items()}),
        _index=RuleIndex(placed, reach),
        _filed=filed,
    ).with_directory(NOTHING_KNOWN, None)


def _action(name: str, spec: ActionSpec, environment: Environment) -> Action:
    written = {key: value for key, value in dict(spec).items() if key not in {"connector", "parameters"}}
    return Action(name=name, **written | {"risk": spec.risk or environment.risk, "target": spec.target})


def _filed(draft: Draft) -> Filed:
    """Take what files say of people, and where the rest comes from."""
    groups = {entry.name: group for entry, group in draft.groups}
    rotas = {entry.name: rota for entry, rota in draft.rotas}
    return Filed(
        members=MappingProxyType(draft.members),
        permissions=MappingProxyType({
            Permission(entry.name): Named(spec.groups, spec.people) for entry, spec in draft.permissions
        }),
        managers=MappingProxyType(draft.managers),
        sources=MappingProxyType(draft.sources),
        rotas=MappingProxyType({name: rota_of(rota) for name, rota in rotas.items() if rota.people}),
        rota_sources=MappingProxyType({name: f"rotas.{name}" for name, rota in rotas.items() if not rota.people}),
        grown=grown(groups),
    )  # fmt: skip


def digest_of(written: Mapping[str, Any]) -> str:
    """Give the SHA-256 over canonical JSON: keys in order, no spaces, UTF-8. Empty sections do not count."""
    content = {section: entries for section, entries in written.items() if entries}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _groups_of(members: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    groups: dict[str, set[str]] = defaultdict(set)
    for group, ids in members.items():
        for person in ids:
            groups[person].add(group)
    return {person: frozenset(names) for person, names in groups.items()}
