"""Contract of `/jit revoke @person`: all that somebody holds, by those whom policy lets revoke, told by name.

A person is meant by an id: of a mention or of the policies. A name that several may share means nobody.
"""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.refusals import BadInput
from app.domain.request import State
from app.policy import PolicySource, shipped_policies
from app.slack.listeners.revoking import whose
from app.slack.views.text import mentioned, typed

POLICY = PolicySource(shipped_policies()).current


async def live_ones(work, count):
    ids = [await work.asks("@ana", f"/jit request sandbox-admin sandbox-{n} 1h") for n in range(count)]
    for request_id in ids:
        await work.reaches(request_id, State.ACTIVE)
    return ids


async def test_all_of_somebodys(work):
    """Every live grant ends, the answer lists them, the requester is told why; what others hold stays."""
    ids = await live_ones(work, 2)
    others = await work.asks("@ben", "/jit request sandbox-admin sandbox-9 1h")
    pending = await work.asks()
    await work.reaches(others, State.ACTIVE)
    said = await work.types("@sam", "/jit revoke @ana laptop stolen")
    assert "Revoked all that Ana Ruiz held (2)" in said
    assert all(request_id in said for request_id in ids)
    for request_id in ids:
        request = await work.reaches(request_id, State.REVOKED)
        assert ("sam", "laptop stolen") == (request.ending.by, request.ending.comment)
    await work.told("@ana", "has ended", "Revoked by Sam Lindqvist (laptop stolen)")
    assert State.ACTIVE is (await work.request(others)).state
    assert State.PENDING is (await work.request(pending)).state
    assert "holds nothing that is live" in await work.types("@sam", "/jit revoke @ana again")


async def test_by_the_key_of_the_policies(work):
    """The other id that stands for one person."""
    (request_id,) = await live_ones(work, 1)
    assert request_id in await work.types("@sam", "/jit revoke ana")
    await work.reaches(request_id, State.REVOKED)


@pytest.mark.parametrize("user", ["@ana", "@ben", "@dev"])
async def test_others_may_not(work, user):
    """Approvers and the person themself end one grant at a time; nobody else ends all."""
    (request_id,) = await live_ones(work, 1)
    assert "Policy does not let you" in await work.types(user, "/jit revoke @ana")
    assert State.ACTIVE is (await work.request(request_id)).state


async def test_two_at_once(work):
    """Each grant is revoked once, whoever was quicker."""
    ids = await live_ones(work, 3)
    await asyncio.gather(*(work.hands.types("@sam", "/jit revoke @ana now") for _ in range(2)))
    for request_id in ids:
        await work.reaches(request_id, State.REVOKED)
        assert 1 == (await work.events(request_id)).count("end_begun")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("revoke <@U0ANA|ana> laptop stolen", ("U0ANA", "Ana Ruiz", "laptop stolen")),
        ("revoke <@U0ANA>", ("U0ANA", "Ana Ruiz", "")),
        ("revoke <@U0GONE|ana>", ("U0GONE", "@ana", "")),
        ("revoke ana  two  spaces", ("ana", "Ana Ruiz", "two  spaces")),
        (
            "revoke <@U0ANA|ana> see <https://x.example/1> &lt;now&gt;",
            ("U0ANA", "Ana Ruiz", "see https://x.example/1 <now>"),
        ),
        ("revoke R07-4KX9TQZ", None),
        ("revoke r07-4kx9tqz why", None),
        ("revoke banana", None),
        ("revoke", None),
    ],
)
def test_who_is_meant(text, meant):
    """An id means a person, of Slack or of the policies; anything else is left to be read as a request's."""
    found = whose(text, POLICY)
    assert meant == (found and (found.id, found.name, found.comment))


@pytest.mark.parametrize(
    "word", ["@ana", "@Ana Ruiz", "Ruiz", "Ana", "@nobody", "<!channel>", "<#C0PROD|prod>"]
)
def test_a_name_means_nobody(word):
    """Two people may share a name; whoever types one is told what to do instead."""
    with pytest.raises(BadInput, match="several people may share a name"):
        whose(f"revoke {word} why", POLICY)


@given(text=st.text(max_size=200))
def test_any_text(text):
    """Whatever comes is read or refused, and never means somebody of whom it holds no id."""
    try:
        found = whose(f"revoke {text}", POLICY)
    except BadInput:
        return
    assert found is None or found.id in text


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("ask <@U0BEN|ben> in <#C0PROD|prod>", "ask @ben in #prod"),
        ("see <https://x.example/a?b=1&amp;c=2>", "see https://x.example/a?b=1&c=2"),
        ("see <http://x.example|x.example>", "see x.example"),
        ("<mailto:a@x.example|a@x.example>", "a@x.example"),
        ("<https://evil.example|orders>", "<https://evil.example|orders>"),
        ("<!channel> <@U0BEN> a &lt; b", "<!channel> <@U0BEN> a < b"),
    ],
)
def test_what_was_typed(raw, read):
    """Names and addresses become again what somebody typed; nothing is dressed up as something else."""
    assert read == typed(raw)


def test_mentions():
    """Only a whole mention of a person is one."""
    assert ("U0BEN", "W1A", "", "", "") == tuple(
        map(mentioned, ("<@U0BEN|ben>", "<@W1A>", "@ben", "<@u0ben>", "x<@U0BEN>"))
    )
