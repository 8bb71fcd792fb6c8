"""Contract: the doctor tells what policy asks factors for that nobody can prove, get, or has; nothing else."""

from contextlib import aclosing
from datetime import timedelta

import pytest

from app.doctor.factors import examine_factors
from app.doctor.finding import Grade
from app.policy import PolicySource, shipped_policies
from app.settings import Settings
from app.store.connection import connect
from tests.mfa.holders import KEY, Holder
from tests.workplace import policy_folder

URL = "https://jit.example.com"
SHIPPED = PolicySource(shipped_policies()).current


def settings(tmp_path, **more: str) -> Settings:
    return Settings(SLACK_BOT_TOKEN="xoxb-1", SLACK_APP_TOKEN="xapp-1", data=tmp_path, **more)


def asking(tmp_path, accepted, *, enrol: bool = True):
    """The shipped policies, in which secrets take these factors."""

    def change(policies):
        policies["rules"]["prod-secrets-read"]["obligations"]["mfa"] = {"approver": accepted}
        if not enrol:
            del policies["factors"]

    return PolicySource(policy_folder(tmp_path / "policies", change)).current


@pytest.mark.parametrize(
    ("accepted", "more", "grade", "said", "mend"),
    [
        ("webauthn", {}, Grade.BAD, "a security key, which nobody can prove", "JIT_PUBLIC_URL"),
        ("totp", {"public_url": URL}, Grade.BAD, "authenticator app, which nobody", "JIT_SECRET_KEYS"),
        ("oidc", {"public_url": URL}, Grade.BAD, "a fresh sign-in, which nobody", "JIT_OIDC_"),
        (["webauthn", "totp"], {"public_url": URL}, Grade.WARNING, "also accepts a code", "JIT_SECRET_KEYS"),
        ("totp", {"secret_keys": KEY}, Grade.WARNING, "enrol one without a page", "JIT_PUBLIC_URL"),
    ],
)
async def test_what_cannot_be_proved(tmp_path, accepted, more, grade, said, mend):
    """By rule, and which setting it takes: bad where none of what is accepted can be proved."""
    (found,) = await examine_factors(settings(tmp_path, **more), asking(tmp_path, accepted))

    assert (grade, True, True) == (found.grade, said in found.said, mend in found.mend)


async def test_a_first_factor_that_nobody_gets(tmp_path):
    """Without `factors.enrol` somebody who has none never gets one."""
    policy = asking(tmp_path, "webauthn", enrol=False)
    (found,) = await examine_factors(settings(tmp_path, public_url=URL), policy)

    assert (Grade.WARNING, True) == (found.grade, "nobody gets a first factor" in found.said)


async def test_nothing_where_nothing_is_asked(tmp_path):
    """No rule asks, or all settings are there: nothing to warn of. `any` is whatever there is."""
    assert [] == await examine_factors(settings(tmp_path), None)
    for policy in (asking(tmp_path, "webauthn"), asking(tmp_path / "b", "any")):
        (found,) = await examine_factors(settings(tmp_path, public_url=URL), policy)
        assert Grade.GOOD is found.grade


async def test_approvers_who_have_none(tmp_path, redis_server):
    """Ben's key counts, Sam's is too new: Sam is named; before, that nobody can approve; after, neither."""
    address = f"unix://{redis_server.socket}"
    has = settings(tmp_path, public_url=URL, secret_keys=KEY, redis_url=address)
    async with aclosing(connect(address)) as connection:
        await connection.calls.flushdb()
        (found,) = await examine_factors(has, SHIPPED)
        assert "nobody can approve" in found.said
        assert "Ben Okafor, Sam Lindqvist" in found.said

        ben, sam = (Holder(connection, SHIPPED.people[each]) for each in ("ben", "sam"))
        await ben.has_key()
        await sam.has_key(counts_in=timedelta(hours=1))
        (found,) = await examine_factors(has, SHIPPED)
        assert (Grade.WARNING, False) == (found.grade, "Ben" in found.said)
        assert "some cannot approve, for want of a factor that counts: Sam Lindqvist" in found.said

        await sam.has_key()
        (found,) = await examine_factors(has, SHIPPED)
        assert Grade.GOOD is found.grade
        await connection.calls.flushdb()
