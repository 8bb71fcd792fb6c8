"""Contract: what cannot be asked is refused with the field, what is wrong and what would be right.

What comes back otherwise is what is judged: it is in the catalogue, within its bounds, and can be read.
"""

import unicodedata
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.refusals import BadInput
from app.policy import Ask
from app.policy.policy import CATALOGUE
from tests.policy.sets import NOW, policy_of

POLICY = policy_of()
M = timedelta(minutes=1)


def refused(
    action: str = "debug",
    resource: str = "orders-db",
    duration: timedelta | None = None,
    reason: str = "INC-7",
) -> tuple[str, str]:
    with pytest.raises(BadInput) as bad:
        POLICY.check(action, resource, duration, reason)
    return bad.value.field, str(bad.value)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("debgu", "“debgu” is not an action. Did you mean debug?"),
        ("DEBUG", "“DEBUG” is not an action. Did you mean debug?"),
        ("mig", "“mig” is not an action. Did you mean migrate?"),
        ("zzz", "“zzz” is not an action. The actions are: debug, migrate, try-out."),
        ("", "No action is named. The actions are: debug, migrate, try-out."),
        ("x" * 9000, f"“{'x' * 59}…” is not an action. The actions are: debug, migrate, try-out."),
    ],
)
def test_unknown_action(typed, said):
    """An unknown action gets the nearest one, or the list, as an answer; so does `find_action`."""
    assert ("action", said) == refused(action=typed)
    with pytest.raises(BadInput) as bad:
        POLICY.find_action(typed)
    assert ("action", said) == (bad.value.field, str(bad.value))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("order-db", "“order-db” is not a resource of debug. Did you mean orders-db?"),
        ("Orders-DB", "“Orders-DB” is not a resource of debug. Did you mean orders-db?"),
        ("zzz", "“zzz” is not a resource of debug. It can be done to: orders-db, payments-db, shard-*."),
        ("", "No resource is named. It can be done to: orders-db, payments-db, shard-*."),
        ("shard-<!channel>", "“shard-<!channel>” is not a resource of debug. It can be done to: orders-db, "),
        ("shard-1\nx", "“shard-1�x” is not a resource of debug. It can be done to: "),
        ("shard-`", "“shard-`” is not a resource of debug. It can be done to: "),
        ("shard-" + "1" * 200, f"“shard-{'1' * 53}…” is not a resource of debug."),
    ],
)
def test_unknown_resource(typed, said):
    """A resource is one of the action's, its case counts, and it is made of plain signs alone."""
    field, told = refused(resource=typed)

    assert "resource" == field
    assert told.startswith(said)


@pytest.mark.parametrize(
    ("duration", "said"),
    [
        (241 * M, "4 h 1 min is too long: debug is given for at most 4 h."),
        (4 * 60 * M + timedelta(seconds=1), "4 h 1 s is too long: debug is given for at most 4 h."),
        (timedelta(days=99), "99 days is too long: debug is given for at most 4 h."),
        (timedelta(seconds=59), "59 s is too short: debug is given for at least 1 min."),
        (timedelta(0), "0 s is too short: debug is given for at least 1 min."),
        (-5 * M, "0 s is too short: debug is given for at least 1 min."),
    ],
)
def test_duration_out_of_bounds(duration, said):
    """A duration over the longest or below the shortest is refused with the bound."""
    assert ("duration", said) == refused(duration=duration)


def test_durations_within_bounds():
    """The bounds themselves are fine, the default stands in for none, and `shortest` may be seconds."""
    assert [M, 240 * M, 30 * M] == [
        POLICY.check("debug", "orders-db", duration, "x").duration for duration in (M, 240 * M, None)
    ]
    assert timedelta(seconds=5) == POLICY.check("try-out", "x", timedelta(seconds=5), "").duration


@pytest.mark.parametrize(
    "reason", ["", "  \n\t ", "\x00\x07", "\u200b\u2060", "\u3000\u00a0", "\ud800", "\u202e"]
)
def test_blank_reason(reason):
    """A reason in which there is nothing to read is none: refused where one is required, empty where not."""
    assert (
        "reason",
        "debug needs a reason: say what you need it for, such as a ticket and a few words.",
    ) == refused(reason=reason)
    assert "" == POLICY.check("try-out", "x", None, reason).reason


def test_long_reason():
    """2,000 characters are fine, one more is not, and the answer says how many there were."""
    assert 2000 == len(POLICY.check("debug", "orders-db", None, " " + "é" * 2000 + "\n").reason)
    assert (
        "reason",
        "The reason has 10,000 characters, and 2,000 is the most: shorten it, and link to the rest.",
    ) == refused(reason="a" * 10000)


def test_reason_is_cleaned():
    """Control characters go but newline and tab, line ends are one, and the rest is as it was typed."""
    typed = " \x1b[31mINC-7:\tslow\r\n<!channel> & *bold*\x00 \u202eetisoppo\ud800 👩‍🔧 "

    assert (
        "[31mINC-7:\tslow\n<!channel> & *bold* etisoppo 👩‍🔧"
        == POLICY.check("debug", "orders-db", None, typed).reason
    )


def test_first_that_is_wrong():
    """With several wrong, the first in the order in which they are typed is told."""
    assert ["action", "resource", "duration", "reason"] == [
        refused("x", "x", -M, "")[0],
        refused("debug", "x", -M, "")[0],
        refused("debug", "orders-db", -M, "")[0],
        refused("debug", "orders-db", M, "")[0],
    ]


@given(
    st.sampled_from(["debug", "migrate", "try-out"]) | st.text(max_size=20),
    st.sampled_from(["orders-db", "shard-x", " orders-db "]) | st.text(max_size=20),
    st.none() | st.timedeltas(min_value=-M, max_value=300 * M),
    st.text(alphabet=st.characters(), max_size=50),
)
def test_what_is_checked_can_be_judged(action, resource, duration, reason):
    """Whatever is typed is refused with a field, or comes back such that the catalogue has no objection."""
    try:
        checked = POLICY.check(action, resource, duration, reason)
    except BadInput as bad:
        assert bad.field in {  # noqa: PT017  either way is right
            "action",
            "resource",
            "duration",
            "reason",
        }
        return
    ask = Ask(
        requester=POLICY.people["ana"],
        action=checked.action.name,
        resource=checked.resource,
        seconds=int(checked.duration.total_seconds()),
        reason=checked.reason,
        source="slack",
        at=NOW,
    )

    assert CATALOGUE not in POLICY.judge(ask).rules
    assert checked.reason == POLICY.check(action, resource, duration, checked.reason).reason
    assert all(sign in "\n\t" or unicodedata.category(sign) not in {"Cc", "Cs"} for sign in checked.reason)
