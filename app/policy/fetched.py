"""Makes sources and rotas out of what is written of them."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from app.policy.context_shapes import instant, zone_of
from app.policy.membership import inner_first
from app.policy.outside import Grown, Kind, Source
from app.policy.rotas import Override, Rota
from app.policy.schema import FetchedSpec, GroupSpec, RotaSpec

WEEK = 7
NINE = 9 * 60
REFRESH = {GroupSpec: timedelta(minutes=5), RotaSpec: timedelta(minutes=1)}
MAX_AGE = {GroupSpec: timedelta(hours=1), RotaSpec: timedelta(minutes=10)}
"""Where they are not given; an age is at least three times as long as it takes to come to it."""
TRIES = 3


def keys_of_source(spec: GroupSpec | RotaSpec) -> dict[str, tuple[str, ...]]:
    """Give what is written of where members come from, by its key; one key at most makes sense."""
    found: dict[str, tuple[str, ...]] = {}
    for kind in Kind:
        written = getattr(spec, kind.value, None)
        if written:
            found[kind.value] = (written,) if isinstance(written, str) else tuple(written)
    return found


def source_of(spec: GroupSpec | RotaSpec) -> Source | None:
    """Make the source of a group or rota; None where files say it all."""
    for key, where in keys_of_source(spec).items():
        return Source(Kind(key), where, refresh_of(spec), max_age_of(spec))
    return None


def refresh_of(spec: FetchedSpec) -> timedelta:
    """Give how often a source is asked."""
    return spec.refresh or REFRESH[RotaSpec if isinstance(spec, RotaSpec) else GroupSpec]


def max_age_of(spec: FetchedSpec) -> timedelta:
    """Give how old what a source said may be."""
    usual = MAX_AGE[RotaSpec if isinstance(spec, RotaSpec) else GroupSpec]
    return spec.max_age or max(usual, TRIES * refresh_of(spec))


def rota_of(spec: RotaSpec) -> Rota:
    """Make a rota of people in turn."""
    if spec.begins is None or spec.zone is None:
        raise AssertionError("checked with the references")
    return Rota(
        people=spec.people,
        first=spec.begins,
        days=spec.shift or WEEK,
        handover=NINE if spec.handover is None else spec.handover,
        zone=zone_of(spec.zone),
        overrides=tuple(
            Override(instant(each.begins, spec.zone), instant(each.ends, spec.zone), each.person)
            for each in spec.overrides
        ),
    )


def grown(groups: Mapping[str, GroupSpec]) -> tuple[Grown, ...]:
    """Find the groups that files alone do not make up, those within another before it."""
    found: dict[str, Grown] = {}
    for name in inner_first({name: group.groups for name, group in groups.items()}):
        group = groups[name]
        has_source = source_of(group) is not None
        if has_source or any(inner in found for inner in group.groups):
            source = f"groups.{name}" if has_source else ""
            found[name] = Grown(name, frozenset(group.people), group.groups, source)
    return tuple(found.values())


def sources(
    groups: Iterable[tuple[str, GroupSpec]], rotas: Iterable[tuple[str, RotaSpec]]
) -> dict[str, Source]:
    """Name every source: `groups.NAME` and `rotas.NAME`."""
    found: dict[str, Source] = {}
    for section, entries in (("groups", groups), ("rotas", rotas)):
        for name, spec in entries:
            if source := source_of(spec):
                found[f"{section}.{name}"] = source
    return found
