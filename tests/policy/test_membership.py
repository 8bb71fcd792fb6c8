"""Contract: a group has its people and those of the groups in it; neither groups nor managers go in circles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policy import PolicyError
from app.policy.membership import cycles, members_of
from app.policy.schema import GroupSpec
from tests.policy.sets import COMMON, RULES, policy_of

NAMES = "abcdef"
arrows = st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=4), max_size=6)


def with_groups(text: str) -> str:
    return COMMON.replace("  nobody: []\n", text)


def refused(common: str) -> list[str]:
    with pytest.raises(PolicyError) as error:
        policy_of(RULES, common)
    return str(error.value).splitlines()


def test_groups_within_groups():
    """Members are those named and those of the groups named, however deep."""
    policy = policy_of(
        common=with_groups(
            "  nobody: {people: [chloe]}\n  all: {groups: [most, security]}\n"
            "  most: {groups: [engineers, nobody], people: [chloe]}\n"
        )
    )

    assert {"ana", "ben", "chloe"} == policy.members["most"]
    assert {"ana", "ben", "chloe", "sam"} == policy.members["all"]
    assert {"chloe"} == policy.members["nobody"]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("  a: {groups: [a]}\n", 10, "groups.a.groups: is within itself (a has a); take one of them out"),
        ("  b: {groups: [c]}\n  a: {groups: [b]}\n  c: {groups: [a]}\n", 11,
         "groups.a.groups: is within itself (a has b has c has a); take one of them out of the other"),
        ("  a: {groups: [engineer]}\n", 10, "groups.a.groups[0]: there is no group “engineer”; did you mean"),
        ("  a: {people: [bne]}\n", 10, "groups.a.people[0]: there is no person “bne”; did you mean “ben”?"),
        ("  a: {persons: [ben]}\n", 10, "groups.a.persons: is not a known key; known here: command, groups, "),
        ("  a: {people: ben}\n", 10, "groups.a.people: is not a list; write one such as [a, b]"),
        ("  a: ben\n", 10, "groups.a: is not a list; write one such as [a, b]"),
    ],
)  # fmt: skip
def test_refused(text, line, said):
    """A circle is told by name, once; so is what a group speaks of and is not there."""
    (only,) = refused(with_groups(text))

    assert only.startswith(f"common.yaml:{line}: {said}")


def test_managers():
    """A person may have a manager, who has one; a chain that leads back is refused by name."""
    common = COMMON.replace("slack: U0BEN", "slack: U0BEN, manager: chloe").replace(
        "slack: U0CHLOE", "slack: U0CHLOE, manager: sam"
    )

    assert {"ben": "chloe", "chloe": "sam"} == policy_of(common=common).managers
    assert [
        (
            "common.yaml:3: people.ben.manager: leads back (ben is led by chloe is led by sam is led by ben); "
            "leave the topmost without"
        )
    ] == refused(common.replace("slack: U0SAM", "slack: U0SAM, manager: ben"))
    assert ["common.yaml:3: people.ben.manager: there is no person “chlo”; did you mean “chloe”?"] == refused(
        COMMON.replace("slack: U0BEN", "slack: U0BEN, manager: chlo")
    )


@given(arrows)
def test_circles(points):
    """What is told as a circle is one; where none is told, names can be put in an order."""
    found = cycles(points)
    for circle in found:
        assert all(
            following in points[name]
            for name, following in zip(circle, (*circle[1:], circle[0]), strict=True)
        )
        assert min(circle) == circle[0]
    left = {name: set(inner) & points.keys() for name, inner in points.items()}
    while free := {name for name, inner in left.items() if not inner}:
        left = {name: inner - free for name, inner in left.items() if name not in free}

    assert bool(left) is bool(found)


@given(arrows)
def test_members(points):
    """Members are what can be reached, whatever the circles are like where there are none."""
    groups = {
        name: GroupSpec.model_construct(groups=tuple(inner), people=(f"p{name}",))
        for name, inner in points.items()
    }
    found = members_of(groups)

    assert points.keys() == found.keys()
    if not cycles(points):
        for name in points:
            assert {f"p{each}" for each in _reached(points, name)} == found[name]


def _reached(points: dict[str, list[str]], name: str) -> set[str]:
    return {name}.union(*(_reached(points, each) for each in points[name] if each in points))


def test_a_long_chain():
    """A thousand groups, each within the next, are no trouble."""
    groups = {
        f"g{n}": GroupSpec.model_construct(groups=(f"g{n + 1}",), people=(f"p{n}",)) for n in range(3000)
    }

    assert 3000 == len(members_of(groups)["g0"])
    assert [] == cycles({name: group.groups for name, group in groups.items()})
