"""Contract of the tokens of CI jobs: one is taken together with making one of the API for it, or not at all.

It holds on each server that the product runs on.
"""

from datetime import timedelta

import pytest

from app.domain.token import Bearer, Scope, Token, make_token
from app.store import keys
from app.store.jobs import JobStore, UsedAlready
from app.store.tokens import TokenStore

ISSUER, LEFT = "https://ci.example.com", timedelta(minutes=5)


@pytest.fixture
def jobs(connection):
    return JobStore(connection.calls)


@pytest.fixture
def tokens(connection):
    return TokenStore(connection.calls)


async def a_token(jobs):
    now = await jobs.now()
    return make_token(
        lambda token_id, digest: Token(
            id=token_id, bearer=Bearer.MACHINE, owner="deploy-ci", scopes=(Scope.REQUEST,), digest=digest,
            created_at=now, expires_at=now + timedelta(hours=1),
        )
    ).token  # fmt: skip


async def test_taken_once(jobs, tokens):
    """The first gets a token that is kept; whoever shows it again gets none, and none is kept."""
    first, second = await a_token(jobs), await a_token(jobs)
    assert await jobs.keep(first, ISSUER, "one", LEFT)
    with pytest.raises(UsedAlready):
        await jobs.keep(second, ISSUER, "one", LEFT)
    assert [first] == list(await tokens.of("deploy-ci"))
    assert await tokens.find(second.id) is None
    assert await jobs.keep(second, ISSUER, "two", LEFT)


async def test_the_same_call_again(jobs, tokens):
    """A call that is sent again, as its answer was lost, is answered as the first time, and lengthens nothing."""
    token = await a_token(jobs)
    assert await jobs.keep(token, ISSUER, "one", LEFT)
    assert await jobs.keep(token, ISSUER, "one", timedelta(days=1))
    assert [token] == list(await tokens.of("deploy-ci"))
    left = await jobs._redis.pttl(keys.job(ISSUER, "one"))
    assert 290_000 < left <= 300_000


async def test_an_id_that_is_taken(jobs, tokens):
    """Then the CI's token is not used up, and what has the id stays as it is."""
    there = await a_token(jobs)
    await tokens.keep(there)
    other = (await a_token(jobs)).model_copy(update={"id": there.id, "label": "another"})
    assert not await jobs.keep(other, ISSUER, "one", LEFT)
    assert there == await tokens.find(there.id)
    assert await jobs.keep(await a_token(jobs), ISSUER, "one", LEFT)
