"""The policy in force: what can be asked, what is said of it, and who may decide. Immutable once built."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain

from app.domain.duration import format_duration
from app.domain.people import Principal
from app.domain.token import Scope
from app.domain.verdict import Obligations, Outcome, Reason, Stage, Verdict, strictest
from app.policy.ask import Ask
from app.policy.catalogue import Action, Environment, Permission
from app.policy.checking import Checked, check_duration, check_reason, check_resource, find_action
from app.policy.conditions import NO_ATTRIBUTES, Attributes, Facts
from app.policy.delegation import DelegationRule
from app.policy.factors import FactorPolicy
from app.policy.globs import Globs
from app.policy.nearest import listed
from app.policy.outside import (
    NOTHING_KNOWN,
    Directory,
    Filed,
    Freshness,
    Overlay,
    Source,
    Standing,
    chain_of_command,
    changes_at,
    lay_over,
    sources_behind,
    standing,
)
from app.policy.people_conditions import counted_over, has_any
from app.policy.place_conditions import address_of
from app.policy.quiet import Quiet, QuietHours
from app.policy.rules import Rule, RuleIndex
from app.policy.settling import Settled, settle
from app.policy.spans import span
from app.policy.triggers import Trigger
from app.policy.unknown_address import could_match
from app.policy.ways import UNSAID, Way
from app.policy.workloads import Workload

CATALOGUE = "(catalogue)"
"""Stands for a rule where the ask itself is not, or no more, one that the catalogue knows."""
NO_GROUPS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """One whole set of policy files. Deny wins; nothing matches means deny; order never matters.

    `digest` is the SHA-256, in hexadecimal, over what the files say in canonical JSON: comments, formatting
    and the split into files do not change it.
    """

    digest: str
    environments: Mapping[str, Environment]
    actions: Mapping[str, Action]
    people: Mapping[str, Principal]
    members: Mapping[str, frozenset[str]]
    """Ids of people by group, as far as it is known who is in it now; a rota is the group of who is on call."""
    permissions: Mapping[Permission, frozenset[str]]
    """Ids of people by permission."""
    attributes: Mapping[str, Attributes]
    """What is known of people, by id; of those of whom nothing is known there is none."""
    managers: Mapping[str, str]
    """Id of the manager, by the id of a person who has one."""
    accounts: Mapping[str, str]
    """Subject at the sign-in provider, by the id of a person who has one."""
    delegation: tuple[DelegationRule, ...]
    """Who may let whom decide in their place."""
    quiet: tuple[Quiet, ...]
    """When whom is not pinged."""
    machines: Mapping[str, frozenset[Scope]]
    """What each machine may call the API for, by name."""
    workloads: Mapping[str, Workload]
    """The job of CI that stands for a machine, by the machine's name."""
    decides_by_api: bool
    """Whether people may approve and deny through the API."""
    factors: FactorPolicy | None
    """How factors are enrolled; None where nobody enrols a first one."""
    triggers: tuple[Trigger, ...]
    """Which events from outside open which requests, by name."""
    digest_channel: str
    admin_channel: str
    ways: Mapping[str, frozenset[Way]]
    """How people want to be told, by id, of those who say it."""
    digest_readers: tuple[str, ...]
    """Addresses that get the digest."""
    _by_slack: Mapping[str, Principal]
    _groups: Mapping[str, frozenset[str]]
    _resources: Mapping[str, Globs]
    _index: RuleIndex
    _filed: Filed
    _directory: Directory = NOTHING_KNOWN
    _standing: Standing | None = None
    _over: Overlay | None = None
    until: datetime | None = None
    """When time alone changes who is in a group or on call: ask `with_directory` again then; None is never."""

    # -- who is in a group -----------------------------------------------------------------------------

    @property
    def sources(self) -> Mapping[str, Source]:
        """Where members come from that files do not name, by `groups.NAME` and `rotas.NAME`."""
        return self._filed.sources

    def with_directory(self, directory: Directory, at: datetime | None) -> "Policy":
        """Give the same policy as it is with what others say of people, at an instant; cheap if they say the same.

        What is older than its source allows permits nobody and denies those it names; what was never told
        permits nobody and denies everybody. Without an instant nothing is known.
        """
        if self._filed.is_all and self._standing:
            return self
        stands = standing(self._filed, directory, at)
        until = changes_at(self._filed, directory, at) if at else None
        if stands == self._standing:
            return replace(self, _directory=directory, until=until)
        over = lay_over(self._filed, stands, self._standing, self._over)
        return replace(
            self,
            members=over.members,
            permissions=over.permissions,
            managers=over.managers,
            until=until,
            _directory=directory,
            _standing=stands,
            _over=over,
        )

    @property
    def says(self) -> tuple[str, Standing | None]:
        """All that it says, as something to compare: the digest of the files, and who is in groups and on call."""
        return self.digest, self._standing

    def by_files_alone(self) -> "Policy":
        """Give the same policy where nothing is known of members from elsewhere."""
        return self.with_directory(NOTHING_KNOWN, None)

    def answers(self, groups: Iterable[str]) -> Mapping[str, datetime]:
        """Give when sources last answered from which members of groups come: of those that can be relied on."""
        fresh = self._standing.fresh if self._standing else {}
        behind = sources_behind(self._filed, groups)
        return {name: self._directory.rolls[name].as_of for name in sorted(behind) if name in fresh}

    def freshness(self, at: datetime) -> Mapping[str, Freshness]:
        """Tell how far each source can be relied on at an instant."""
        return {name: self._directory.freshness(name, source, at) for name, source in self.sources.items()}

    # -- what can be asked ---------------------------------------------------------------------------

    def person_by_slack(self, user_id: str) -> Principal | None:
        """Find a person by the Slack user's id."""
        return self._by_slack.get(user_id)

    def find_action(self, name: str) -> Action:
        """Find an action. Raises BadInput, which names the nearest one."""
        return find_action(self.actions, name)

    def check(self, action: str, resource: str, duration: timedelta | None, reason: str) -> Checked:
        """Bring what was typed into the form that is judged.

        Raises BadInput with `field` action, resource, duration or reason: the first that cannot be used.
        """
        found = self.find_action(action)
        return Checked(
            action=found,
            resource=check_resource(found, resource),
            duration=check_duration(found, duration),
            reason=check_reason(found, reason),
        )

    # -- what is said of it --------------------------------------------------------------------------

    def judge(self, ask: Ask) -> Verdict:
        """Give the verdict, with a reason for each rule that could have matched. Never raises."""
        return self.judge_facts(self.facts_of(ask))

    def judge_facts(self, facts: Facts) -> Verdict:
        """Give the verdict on facts, which may be other ones than those of today: «were she in group x»."""
        ask = facts.ask
        if objection := self._objection(ask):
            return self._verdict(Outcome.DENY, [objection])
        looked = [(rule, rule.look(facts)) for rule in self.rules_about(ask)]
        reasons = [reason for _, reason in looked]
        matched = [rule for rule, reason in looked if reason.matched]
        in_force = [rule for rule in matched if not rule.shadow]
        found = _settled(in_force, facts)
        shadow = _settled(matched, facts).outcome if len(matched) > len(in_force) else found.outcome
        return Verdict(
            outcome=found.outcome,
            reasons=(*reasons, *found.objections),
            policy_digest=self.digest,
            stages=found.stages,
            obligations=found.obligations,
            shadow=None if shadow is found.outcome else shadow,
        )

    def denial(self, ask: Ask) -> Verdict | None:
        """Ask again what denies, and that alone; None when nothing does.

        An action, resource or requester that the policy does not name any more, and a duration that the
        action is not given for any more, are denied too.
        """
        if objection := self._objection(ask):
            return self._verdict(Outcome.DENY, [objection])
        facts, rules = self.facts_of(ask), self.rules_about(ask)
        reasons = [rule.look(facts) for rule in rules if rule.effect is Outcome.DENY and not rule.shadow]
        return self._verdict(Outcome.DENY, reasons) if any(r.matched for r in reasons) else None

    def obliging(self, ask: Ask) -> Obligations:
        """Put together what all rules that match oblige to, whatever the outcome. Never raises.

        For what must hold of an ask that was let through, though it would now be denied for something else.
        """
        facts = self.facts_of(ask)
        bound = [rule for rule in self.rules_about(ask) if rule.obligations and not rule.shadow]
        return strictest(rule.obligations for rule in bound if rule.obligations and rule.look(facts).matched)

    def needs_address(self, ask: Ask) -> bool:
        """Tell whether the address of an ask that has none could change what is said of it, were it known.

        What is judged without one fails closed all the same; this only tells whether it is worth finding out.
        """
        if address_of(ask.ip) is not None or self._objection(ask):
            return False
        facts, rules = self.facts_of(ask), [rule for rule in self.rules_about(ask) if not rule.shadow]
        today = _settled([rule for rule in rules if rule.look(facts).matched], facts)
        return any(_settled(matched, facts) != today for matched in could_match(rules, facts))

    @property
    def rule_count(self) -> int:
        """How many rules there are."""
        return self._index.count

    def rules_of(self, action: Action) -> Sequence[Rule]:
        """Give the rules that could match an action, by name."""
        return self._index.about(action)

    def rules_about(self, ask: Ask) -> Sequence[Rule]:
        """Give the rules that could match, by name; none where the action is not known."""
        action = self.actions.get(ask.action)
        return self._index.about(action) if action else ()

    def facts_of(self, ask: Ask) -> Facts:
        """Put what is asked beside what policy knows of the requester."""
        person = ask.requester.id
        groups = self._groups.get(person, NO_GROUPS)
        doubtful, over = NO_GROUPS, self._over
        if over is not None and over.more:
            groups |= over.more.get(person, NO_GROUPS)
        if over is not None and (over.stale or over.unknown):
            doubtful = (over.stale.get(person, NO_GROUPS) | over.unknown) - groups
        return Facts(
            ask,
            groups,
            self.attributes.get(person, NO_ATTRIBUTES),
            self.actions.get(ask.action),
            doubtful,
        )

    def _objection(self, ask: Ask) -> Reason | None:
        because = self._why_unknown(ask)
        if not because:
            return None
        return Reason(rule=CATALOGUE, effect=Outcome.DENY, matched=True, because=because)

    def _why_unknown(self, ask: Ask) -> str:
        if ask.requester.id not in self.people and ask.requester.id not in self.machines:
            return f"{ask.requester.id[:64]} is not among the people whom policy names"
        action = self.actions.get(ask.action)
        if action is None:
            return f"{ask.action[:64]} is not among the actions"
        if not self._resources[action.name].match(ask.resource):
            return f"{ask.resource[:128]} is not among the resources of {action.name}"
        if not action.shortest.total_seconds() <= ask.seconds <= action.longest.total_seconds():
            within = f"{format_duration(action.shortest)} to {format_duration(action.longest)}"
            return f"{action.name} is given for {within}, not for {span(ask.seconds)}"
        return ""

    def _verdict(self, outcome: Outcome, reasons: Sequence[Reason]) -> Verdict:
        return Verdict(outcome=outcome, reasons=tuple(reasons), policy_digest=self.digest)

    def remembers(self, action: str) -> timedelta | None:
        """Tell how far back an ask for an action needs its history; None where no rule counts anything.

        No time at all, which is not None, stands for the live grants alone.
        """
        found = self.actions.get(action)
        rules = self._index.about(found) if found else ()
        spans = [span for rule in rules for span in map(counted_over, rule.conditions) if span is not None]
        return max(spans, default=None)

    @property
    def quiet_hours(self) -> QuietHours:
        """When whom is not pinged, as groups and rotas are now."""
        rotas = {*self._filed.rotas, *self._filed.rota_sources} if self.quiet else ()
        on_call = NO_GROUPS.union(*(self.members.get(rota, NO_GROUPS) for rota in rotas))
        return QuietHours(self.quiet, self.members, on_call)

    # -- who may -------------------------------------------------------------------------------------

    def entitled(self, stage: Stage) -> frozenset[str]:
        """Give the ids of the people who may decide a stage now, by the groups, people and managers it names."""
        selected = frozenset(self._selected(stage.groups, stage.people))
        if stage.managers:
            above = chain_of_command(stage.managers_of, self.managers, stage.managers)
            selected |= above & self.people.keys()
        if not stage.approver:
            return selected
        wanted = dict(stage.approver)
        return frozenset(
            person for person in selected if has_any(self.attributes.get(person, NO_ATTRIBUTES), wanted)
        )

    def notified(self, stage: Stage) -> Sequence[Principal]:
        """Give the people to be told of a stage, by id: those it says, else those who may decide it."""
        if stage.notify is None:
            chosen: Iterable[str] = self.entitled(stage)
        else:
            chosen = self._selected(stage.notify, stage.notify)
        return tuple(self.people[person] for person in sorted(set(chosen)))

    def is_told_by(self, way: Way, person_id: str) -> bool:
        """Tell whether someone wants to be told in a way."""
        return way in self.ways.get(person_id, UNSAID)

    @property
    def wants_mail(self) -> bool:
        """Tell whether anybody is to be told by email."""
        is_listed = any(environment.email for environment in self.environments.values())
        return is_listed or bool(self.digest_readers) or any(Way.EMAIL in each for each in self.ways.values())

    def may(self, person_id: str, permission: Permission) -> bool:
        """Tell whether someone has a permission."""
        return person_id in self.permissions.get(permission, NO_GROUPS)

    def _selected(self, groups: Iterable[str], people: Iterable[str]) -> Iterable[str]:
        named = (person for person in people if person in self.people)
        return chain(named, *(self.members.get(group, NO_GROUPS) for group in groups))


def _settled(matched: Sequence[Rule], facts: Facts) -> Settled:
    """Settle what matching rules come to; what lets something through must not rest on doubt alone.

    A rule that requires counts a group that cannot be told as met, so that its approvals are never left out. It
    gives nothing, though, to someone who is not known to be in any group that may ask.
    """
    found = settle(matched, facts.ask)
    if not facts.doubtful or found.outcome is Outcome.DENY or not all(rule.doubts(facts) for rule in matched):
        return found
    return Settled(Outcome.DENY, objections=tuple(_in_doubt(rule, rule.doubts(facts)) for rule in matched))


def _in_doubt(rule: Rule, groups: frozenset[str]) -> Reason:
    because = (
        f"who is in {listed(sorted(groups), 8)} is not known now, so it lets nobody ask; try again later"
    )
    return Reason(rule=rule.name, effect=Outcome.DENY, matched=True, because=because)
