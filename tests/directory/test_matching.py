"""Contract: people are found by ids first, then by address, and never guessed."""

from datetime import UTC, datetime

import pytest

from app.directory.found import Found, Mention, SourceFailed
from app.directory.matching import People
from tests.policy.sets import COMMON, policy_of, with_address

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SETS = COMMON.replace("slack: U0BEN", "slack: U0BEN, attributes: {pagerduty: PAM4FGS}").replace(
    "slack: U0CHLOE", "slack: U0CHLOE, attributes: {pagerduty: [PX, PY]}"
)
PEOPLE = People(with_address(policy_of(common=SETS), ben="shared@example.com", chloe="Shared@Example.com"))
ANA, SHARED = "ana@example.com", "shared@example.com"


@pytest.mark.parametrize(
    ("mention", "who"),
    [
        (Mention(ids=("ana",)), "ana"),
        (Mention(ids=("e9e3", "ana")), "ana"),
        (Mention(slack=("U0ANA",)), "ana"),
        (Mention(emails=("ANA@example.COM",)), "ana"),
        (Mention(attributes=(("pagerduty", "PY"),)), "chloe"),
        (Mention(attributes=(("opsgenie", "PY"),)), None),
        (Mention(ids=("sam",), emails=(ANA,)), "sam"),
        (Mention(slack=("U0BEN",), emails=(SHARED,)), "ben"),
        (Mention(ids=("Ana Ruiz",)), None),
        (Mention(ids=("ANA",)), None),
        (Mention(emails=("eve@example.com",)), None),
        (Mention(), None),
    ],
)
def test_one(mention, who):
    """Ids in the very letters decide alone; an address counts where there is none, in any case of letters."""
    assert who == PEOPLE.one(mention)


@pytest.mark.parametrize(
    "mention",
    [
        Mention(emails=(SHARED,)),
        Mention(ids=("ana",), slack=("U0SAM",)),
        Mention(ids=("ana", "sam")),
        Mention(emails=(ANA, SHARED)),
        Mention(slack=("U0ANA",), attributes=(("pagerduty", "PX"),)),
    ],
)
def test_ambiguous(mention):
    """What could mean two people makes the whole answer unusable."""
    with pytest.raises(SourceFailed, match=r"which could be .* or .*; nobody is guessed"):
        PEOPLE.roll(Found(members=(Mention(ids=("ben",)), mention)), NOW)


def test_a_roll():
    """Those whom the policy does not know are left out, in members and in managers."""
    ana, eve, sam = Mention(ids=("ana",)), Mention(ids=("eve",)), Mention(slack=("U0SAM",))
    roll = PEOPLE.roll(Found(members=(ana, eve, ana), managers=((ana, sam), (eve, sam), (sam, eve))), NOW)

    assert ({"ana"}, {"ana": "sam"}, NOW) == (roll.members, roll.managers, roll.as_of)


def test_two_managers():
    """A source that gives somebody two managers is unusable too."""
    ana, ben, sam = (Mention(ids=(who,)) for who in ("ana", "ben", "sam"))
    with pytest.raises(SourceFailed, match="gives ana two managers, ben and sam"):
        PEOPLE.roll(Found(managers=((ana, ben), (ana, sam))), NOW)
