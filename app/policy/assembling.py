"""Makes a rule out of what is written: one condition for each key that is given."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from ipaddress import IPv4Network, IPv6Network, ip_network

from app.domain.provenance import IpFrom
from app.domain.verdict import Obligations, Outcome, Rung, Stage
from app.policy.cel import expression
from app.policy.conditions import (
    AskedBy,
    CameThrough,
    Condition,
    LongerThan,
    OfRisk,
    OnResource,
    UpTo,
)
from app.policy.context_shapes import instant, zone_of
from app.policy.globs import Globs
from app.policy.people_conditions import AskedOften, HoldsOthers, NamesTicket, RequesterIs
from app.policy.place_conditions import AddressKnownFrom, InNetwork
from app.policy.rules import Rule
from app.policy.schema import (
    CalendarSpec,
    FreezeSpec,
    ObligationsSpec,
    RuleSpec,
    StageSpec,
    WindowSpec,
)
from app.policy.time_conditions import During, InFreeze
from app.policy.when import When
from app.policy.windows import Freeze, Window

EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True)
class Assembly:
    """What rules refer to by name: dates of calendars, and freezes."""

    calendars: Mapping[str, frozenset[date]]
    freezes: Mapping[str, Freeze]

    @classmethod
    def of(
        cls, calendars: Iterable[tuple[str, CalendarSpec]], freezes: Iterable[tuple[str, FreezeSpec]]
    ) -> "Assembly":
        """Take what is written of calendars and freezes, each with its name."""
        return cls(
            {name: frozenset(spec.dates) for name, spec in calendars},
            {name: _freeze(name, spec) for name, spec in freezes},
        )

    def rule(self, name: str, spec: RuleSpec) -> Rule:
        """Make a rule."""
        return Rule(
            name=name,
            effect=Outcome(spec.effect),
            conditions=tuple(self._conditions(spec)),
            stages=tuple(_stage(stage) for stage in spec.stages),
            message=spec.message.rstrip(". "),
            obligations=_obligations(spec.obligations) if spec.obligations else None,
            shadow=spec.mode == "shadow",
        )

    def _conditions(self, spec: RuleSpec) -> Iterator[Condition]:
        if spec.groups or spec.people:
            yield AskedBy(frozenset(spec.groups), frozenset(spec.people))
        yield from _about_what(spec)
        yield from _about_whom(spec)
        if spec.networks:
            yield _in_network(spec.networks, outside=False)
        if spec.outside_networks:
            yield _in_network(spec.outside_networks, outside=True)
        if spec.ip_from:
            yield AddressKnownFrom(frozenset(map(IpFrom, spec.ip_from)))
        if spec.times:
            yield During(tuple(map(self.window, spec.times)))
        if spec.outside_times:
            yield During(tuple(map(self.window, spec.outside_times)), outside=True)
        if spec.freezes:
            yield InFreeze(tuple(self.freezes[name] for name in sorted(set(spec.freezes))))
        for when in spec.when:
            yield When(when.id, when.cel, when.message.rstrip(". "), expression(when.cel))

    def window(self, spec: WindowSpec) -> Window:
        """Make a window, closed on the dates of the calendars that it names."""
        days = frozenset(day for days in spec.weekdays for day in days)
        closed = frozenset(spec.except_dates).union(*(self.calendars[name] for name in spec.calendars))
        return Window(zone_of(spec.zone), days or EVERY_DAY, spec.begins, spec.ends, closed)


def _about_what(spec: RuleSpec) -> Iterator[Condition]:
    if spec.resources:
        yield OnResource(Globs.of(spec.resources), spec.resources)
    if spec.risks:
        yield OfRisk(frozenset(spec.risks))
    if spec.longest:
        yield UpTo(spec.longest)
    if spec.longer_than:
        yield LongerThan(spec.longer_than)
    if spec.ticket:
        yield NamesTicket(spec.ticket)


def _about_whom(spec: RuleSpec) -> Iterator[Condition]:
    if spec.requester:
        yield RequesterIs(spec.requester)
    if spec.sources:
        yield CameThrough(frozenset(spec.sources))
    if spec.at_most:
        yield AskedOften(spec.at_most.count, spec.at_most.per)
    if spec.more_than:
        yield AskedOften(spec.more_than.count, spec.more_than.per, over=True)
    if spec.concurrent:
        yield HoldsOthers(spec.concurrent)
    if spec.more_concurrent_than:
        yield HoldsOthers(spec.more_concurrent_than, over=True)


def _in_network(written: Iterable[str], *, outside: bool) -> InNetwork:
    networks = [ip_network(text) for text in written]
    return InNetwork(
        tuple(network for network in networks if isinstance(network, IPv4Network)),
        tuple(network for network in networks if isinstance(network, IPv6Network)),
        outside,
    )


def _freeze(name: str, spec: FreezeSpec) -> Freeze:
    return Freeze(
        name, instant(spec.begins, spec.zone), instant(spec.ends, spec.zone), spec.reason.rstrip(". ")
    )


def _stage(spec: StageSpec) -> Stage:
    return Stage(
        name=spec.name,
        quorum=spec.quorum,
        groups=(*spec.groups, *spec.on_call),
        people=spec.people,
        managers=spec.managers or 0,
        approver=tuple(sorted((key, tuple(sorted(set(words)))) for key, words in spec.approver.items())),
        notify=spec.notify,
    )


def _obligations(spec: ObligationsSpec) -> Obligations:
    """Give obligations in the one form in which equal ones are equal: what is a set is in order."""
    rungs = [
        Rung(
            after=int(rung.after.total_seconds()),
            groups=tuple(sorted({*rung.to.groups, *rung.to.on_call})),
            people=tuple(sorted(set(rung.to.people))),
        )
        for rung in spec.escalation
    ]
    return Obligations(
        up_to=int(spec.up_to.total_seconds()) if spec.up_to else None,
        single_use=spec.single_use,
        tickets=(spec.ticket,) if spec.ticket else (),
        break_glass=spec.break_glass,
        parallel=spec.parallel,
        tell=tuple(sorted(set(spec.tell))),
        escalation=tuple(rungs),
        mfa_approver=spec.mfa.approver or None,
        mfa_requester=spec.mfa.requester or None,
        fresh_seconds=int(spec.mfa.fresh.total_seconds()),
    ).in_order()
