"""What is wrong with rotas, and with where members of groups and rotas come from, once all files are seen."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from app.domain.duration import format_duration
from app.policy.context_shapes import instant
from app.policy.draft import Draft, Entry
from app.policy.fetched import keys_of_source, max_age_of, refresh_of
from app.policy.problems import Problem
from app.policy.schema import GroupSpec, RotaSpec
from app.policy.words import known, unknown

FIRST_YEAR, LAST_YEAR = 2000, 2199
OLDEST = timedelta(days=30)
IN_TURN = ("begins", "shift", "handover", "zone", "overrides")
"""Keys that only make sense where people take turns."""


def source(entry: Entry, spec: GroupSpec | RotaSpec) -> Iterator[Problem]:
    """Find what is wrong with where members come from, and how old they may be."""
    keys = keys_of_source(spec)
    for key in list(keys)[1:]:
        yield entry.problem(f"stands beside {next(iter(keys))}; members come from one place: keep one", key)
    if not keys:
        for key in ("refresh", "max_age"):
            if getattr(spec, key) is not None:
                yield entry.problem(
                    "is for members from elsewhere, and files name all of these; remove it", key
                )
        return
    if spec.max_age is not None and spec.max_age > OLDEST:
        text = f"is {format_duration(spec.max_age)}; write at most {format_duration(OLDEST)}"
        yield entry.problem(text, "max_age")
    elif max_age_of(spec) <= refresh_of(spec):
        refresh = format_duration(refresh_of(spec))
        text = f"is no longer than refresh ({refresh}), so it would often be over; write a longer one"
        yield entry.problem(text, "max_age")


def rotas(draft: Draft) -> Iterator[Problem]:
    """Find what keeps rotas from being whole."""
    for entry, rota in draft.rotas:
        for section, what in (("people", "person"), ("groups", "group")):
            if entry.name in draft.names(section):
                yield entry.problem(f"is the name of a {what} too; give the rota another name")
        yield from source(entry, rota)
        keys = keys_of_source(rota)
        if not keys and not rota.people:
            text = "names nobody; write people who take turns, or pagerduty or opsgenie with their schedule"
            yield entry.problem(text)
        elif keys:
            yield from _not_in_turn(entry, rota, next(iter(keys)))
        else:
            yield from _in_turn(entry, rota, draft)


def _not_in_turn(entry: Entry, rota: RotaSpec, source_key: str) -> Iterator[Problem]:
    for key in ("people", *IN_TURN):
        if getattr(rota, key) not in (None, ()):
            written = "from" if key == "begins" else key
            yield entry.problem(
                f"does not go with {source_key}, which says who is on call; remove it", written
            )


def _in_turn(entry: Entry, rota: RotaSpec, draft: Draft) -> Iterator[Problem]:
    yield from known(entry, rota.people, draft.names("people"), "person", "people")
    if rota.begins is None:
        yield entry.problem("is missing; write the day of the first shift, such as 2026-03-02", "from")
    elif not FIRST_YEAR <= rota.begins.year <= LAST_YEAR:
        yield entry.problem(f"is {rota.begins}; write a day from {FIRST_YEAR} to {LAST_YEAR}", "from")
    if rota.zone is None:
        yield entry.problem("is missing; write an IANA zone such as Europe/Berlin, or UTC", "zone")
        return
    times: list[tuple[datetime, datetime, int]] = []
    for index, override in enumerate(rota.overrides):
        if override.person not in draft.names("people"):
            text = unknown("person", override.person, draft.names("people"))
            yield entry.problem(text, "overrides", index, "person")
        found: list[datetime] = []
        for key, moment in (("from", override.begins), ("to", override.ends)):
            try:
                found.append(instant(moment, rota.zone))
            except ValueError as error:
                yield entry.problem(str(error), "overrides", index, key)
        if len(found) == 2 and found[0] >= found[1]:
            yield entry.problem(
                "is not after the override's from; write a later time", "overrides", index, "to"
            )
        elif len(found) == 2:
            times.append((found[0], found[1], index))
    times.sort()
    for (_, ends, one), (begins, _, other) in pairwise(times):
        if begins < ends:
            text = f"overlaps overrides[{one}]; one person takes over at a time: let them follow each other"
            yield entry.problem(text, "overrides", other)
