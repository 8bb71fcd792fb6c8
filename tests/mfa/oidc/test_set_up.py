"""Contract: sign-ins are there where settings name a provider, and follow the policy in force; the doctor looks."""

import shutil

import pytest

from app.doctor.finding import Grade
from app.doctor.sign_in import examine_sign_in
from app.mfa.oidc.refusals import NoAccount
from app.mfa.oidc.set_up import step_up
from app.policy import PolicySource
from app.settings import Settings
from app.shipped import shipped
from tests.mfa.oidc.browser import STRONG
from tests.mfa.oidc.conftest import ACCOUNTS, SECRET, begin
from tests.mfa.oidc.forger import KEY, forging


def settings_with(**more: str) -> Settings:
    return Settings(SLACK_BOT_TOKEN="xoxb-1", SLACK_APP_TOKEN="xapp-1", **more)


def naming(issuer: str, acr: str = STRONG) -> Settings:
    return settings_with(oidc_issuer=issuer, oidc_client_id="jit", oidc_client_secret=SECRET, oidc_acr=acr)


@pytest.fixture
def source(tmp_path) -> PolicySource:
    shutil.copytree(shipped("policies"), tmp_path / "mine")
    return PolicySource(tmp_path / "mine")


def give_account(source: PolicySource, tmp_path) -> None:
    people = tmp_path / "mine" / "people.yaml"
    text = people.read_text()
    assert "slack: U0ANA" in text
    people.write_text(text.replace("slack: U0ANA", f"slack: U0ANA\n    oidc: {ACCOUNTS['ana']}", 1))
    assert PolicySource(tmp_path / "mine").current.accounts == {"ana": ACCOUNTS["ana"]}


async def test_without_settings_there_are_none(http, redis, source):
    """No provider is named: no way to sign in, and nothing for the doctor to look at."""
    assert step_up(settings_with(), http, redis.calls, lambda: source.current) is None
    assert [] == await examine_sign_in(settings_with(), source.current)


async def test_the_policy_in_force_says_whose_account_it_is(issuer, http, redis, source, tmp_path, browser):
    """Somebody who is given an account in the files can sign in once the new policy is in force, without a restart."""
    in_force = [source.current]
    made = step_up(naming(issuer), http, redis.calls, lambda: in_force[-1])
    with pytest.raises(NoAccount):
        await begin(made, browser)
    give_account(source, tmp_path)
    in_force.append(PolicySource(tmp_path / "mine").current)
    params = await browser.sign_in(await begin(made, browser), ACCOUNTS["ana"])
    proof, attempt = await made.finish(params, browser.secret)
    assert ("oidc", "ana") == (proof.kind, attempt.person)


async def test_a_good_provider_is_found_good(issuer, source, tmp_path):
    """It answers, has keys, knows the contexts, and somebody has an account."""
    give_account(source, tmp_path)
    found = await examine_sign_in(naming(issuer), PolicySource(tmp_path / "mine").current)
    assert [(Grade.GOOD, f"{issuer} answers")] == [(each.grade, each.said) for each in found]


async def test_what_would_let_nobody_through_is_told(issuer, source):
    """A context that the provider does not know, and a policy without accounts, are warnings."""
    found = await examine_sign_in(naming(issuer, f"{STRONG},phr"), source.current)
    told = [each.said for each in found if each.grade is Grade.WARNING]
    assert [
        "does not say that it knows the acr phr",
        "policy gives nobody an account, so nobody's sign-in counts",
    ] == told


async def test_a_provider_that_does_not_answer_is_bad(source):
    """Down, another than it says, or without a key that counts."""
    (found,) = await examine_sign_in(naming("http://127.0.0.1:1"), source.current)
    assert (Grade.BAD, True) == (found.grade, "cannot be reached" in found.said)
    async with forging() as forger:
        forger.keys = [{**KEY.as_dict(private=False), "use": "enc"}]
        (found,) = await examine_sign_in(naming(forger.issuer), source.current)
        assert (Grade.BAD, True) == (found.grade, "no key that counts" in found.said)
        forger.metadata["issuer"] = "https://evil.example.com"
        (found,) = await examine_sign_in(naming(forger.issuer), source.current)
        assert (Grade.BAD, True) == (found.grade, "calls itself https://evil.example.com" in found.said)
