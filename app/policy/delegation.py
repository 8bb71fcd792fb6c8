"""Who may let whom decide in their place, and for how long at most."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.policy.draft import Draft
from app.policy.problems import Problem
from app.policy.words import known


@dataclass(frozen=True, slots=True)
class DelegationRule:
    """`givers` may delegate to `takers`, by ids of people, for up to `longest`."""

    givers: frozenset[str]
    takers: frozenset[str]
    longest: timedelta


def delegation_rules(draft: Draft) -> tuple[DelegationRule, ...]:
    """Read the section; without it nobody delegates."""
    everyone = frozenset(draft.names("people"))
    return tuple(
        DelegationRule(
            givers=frozenset(spec.people).union(*(draft.members[group] for group in spec.groups)),
            takers=frozenset[str]().union(*(draft.members[group] for group in spec.to))
            if spec.to
            else everyone,
            longest=spec.longest,
        )
        for _, spec in draft.delegation
    )


def longest_delegation(rules: Sequence[DelegationRule], giver: str, taker: str) -> timedelta | None:
    """For how long one may let the other decide in their place; None where policy does not let them."""
    limits = [rule.longest for rule in rules if giver in rule.givers and taker in rule.takers]
    return max(limits, default=None)


def unknown_in_delegation(draft: Draft) -> Iterator[Problem]:
    """Find names that are not there, and entries that are about nobody."""
    for entry, spec in draft.delegation:
        yield from known(entry, spec.groups, draft.names("groups"), "group", "groups")
        yield from known(entry, spec.people, draft.names("people"), "person", "people")
        yield from known(entry, spec.to, draft.names("groups"), "group", "to")
        if not (spec.groups or spec.people):
            yield entry.problem("lets nobody delegate; name groups or people", "groups")
