"""Contract: a provider that is down, slow or not what it should be confirms nothing, and people are told what to do.

The server is the forger of test_forged.py, with weather.
"""

import time

import pytest
from aiohttp import web

from app.mfa.oidc import Client, Provider, SignInRefused, StepUp
from app.mfa.oidc.refusals import ProviderAway, ProviderMisfit
from app.oidc import http as calls
from app.store.step_ups import StepUpStore
from tests.mfa.oidc.browser import STRONG
from tests.mfa.oidc.conftest import ACCOUNTS, SECRET, begin
from tests.mfa.oidc.forger import KEY, forging
from tests.mfa.oidc.test_forged import Clock, come_back, sign_in

DISCOVERY = "/.well-known/openid-configuration"


@pytest.fixture
async def forger():
    async with forging() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def step_up(forger, http, redis, clock) -> StepUp:
    client = Client(forger.issuer, "jit", SECRET, (STRONG,))
    return StepUp(Provider(http, client, clock), StepUpStore(redis.calls), ACCOUNTS.get)


WEATHER = {
    "fails": lambda: web.Response(status=503),
    "is asked too often": lambda: web.Response(status=429),
    "sends elsewhere": lambda: web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}),
    "speaks no JSON": lambda: web.Response(text="<html>"),
    "gives a list": lambda: web.json_response([]),
    "gives too much": lambda: web.json_response({"x": "y" * 300_000}),
    "gives deep lists": lambda: web.Response(text="[" * 200_000),
}


@pytest.mark.parametrize("what", WEATHER)
@pytest.mark.parametrize("where", [DISCOVERY, "/token", "/jwks"])
async def test_weather(step_up, forger, browser, where, what):
    """Wherever it fails, nothing is confirmed, nothing is held against the person, and the sentence says so."""
    forger.weather[where] = WEATHER[what]()
    with pytest.raises((ProviderAway, ProviderMisfit), match="nothing was confirmed") as refused:
        await sign_in(step_up, forger, browser)
    assert (False, True) == (refused.value.recorded, "another factor" in str(refused.value))


@pytest.mark.parametrize("where", [DISCOVERY, "/token", "/jwks"])
async def test_a_slow_provider(step_up, forger, browser, where, monkeypatch):
    """After a while nobody waits any longer."""
    monkeypatch.setattr(calls, "TIMEOUT", 0.2)
    forger.weather[where] = 5.0
    began = time.monotonic()
    with pytest.raises(ProviderAway, match=r"did not answer within 0\.2 s"):
        await sign_in(step_up, forger, browser)
    assert time.monotonic() - began < 2


async def test_a_provider_that_is_down(http, redis, browser):
    """Nobody listens there."""
    provider = Provider(http, Client("http://127.0.0.1:1", "jit", SECRET, (STRONG,)))
    with pytest.raises(ProviderAway, match="cannot be reached"):
        await begin(StepUp(provider, StepUpStore(redis.calls), ACCOUNTS.get), browser)


async def test_it_is_well_again(step_up, forger, browser):
    """A failure is not remembered."""
    forger.weather[DISCOVERY] = web.Response(status=500)
    with pytest.raises(ProviderAway):
        await begin(step_up, browser)
    forger.weather.clear()
    address = await begin(step_up, browser)
    forger.signs(forger.claims(address))
    await come_back(step_up, browser, address)


async def test_what_is_old_is_not_believed_while_it_is_away(step_up, forger, browser, clock):
    """After an hour keys must be fetched again, and no token holds by those of before."""
    address = await begin(step_up, browser)
    forger.signs(forger.claims(address))
    await come_back(step_up, browser, address)
    again = await begin(step_up, browser)
    forger.signs(forger.claims(again))
    clock.now += 3601
    forger.weather["/jwks"] = web.Response(status=503)
    with pytest.raises(ProviderAway):
        await come_back(step_up, browser, again)


MISFITS = {
    "another issuer": ({"issuer": "https://evil.example.com"}, "JIT_OIDC_ISSUER should say that"),
    "no issuer": ({"issuer": None}, "JIT_OIDC_ISSUER should say that"),
    "a token endpoint in the clear": ({"token_endpoint": "http://idp.example.com/token"}, "token_endpoint"),
    "keys in the clear": ({"jwks_uri": "http://127.0.0.1.example.com/jwks"}, "jwks_uri"),
    "keys in a file": ({"jwks_uri": "file:///etc/keys"}, "jwks_uri"),
    "keys at another's address": ({"jwks_uri": "http://127.0.0.1:80@example.com/"}, "jwks_uri"),
    "a script to sign in at": ({"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint"),
    "no PKCE": ({"code_challenge_methods_supported": ["plain"]}, "PKCE"),
    "PKCE of another shape": ({"code_challenge_methods_supported": 7}, "PKCE"),
}


@pytest.mark.parametrize("case", MISFITS)
async def test_what_it_publishes(step_up, forger, browser, case):
    """What makes it another provider, or lets others listen, is refused before anybody is sent there."""
    other, told = MISFITS[case]
    forger.metadata |= other
    with pytest.raises(ProviderMisfit, match=told):
        await begin(step_up, browser)


async def test_no_token_in_the_answer(step_up, forger, browser):
    """OAuth without OpenID Connect gives an access token alone."""
    address = await begin(step_up, browser)
    with pytest.raises(ProviderMisfit, match="no id_token"):
        await come_back(step_up, browser, address)


async def test_the_answers_are_asked_for_once(step_up, forger, browser):
    """What it publishes is kept."""
    for _ in range(3):
        await begin(step_up, browser)
    assert [DISCOVERY] == forger.asked


async def test_a_check_takes_little(step_up, forger, browser, http):
    """The check of a token whose key is known, signature and claims, takes under 5 ms at the median."""
    from datetime import UTC, datetime

    from app.mfa.oidc.id_token import Wanted, verify

    provider = step_up._provider
    address = await begin(step_up, browser)
    claims = forger.claims(address)
    forger.signs(claims, KEY)
    await provider.keys()
    now = datetime.now(UTC)
    took = []
    for _ in range(50):
        began = time.perf_counter()
        await verify(forger.id_token, provider, Wanted(claims["nonce"], now, now, now))
        took.append(time.perf_counter() - began)
    median = sorted(took)[25]
    print(f"check of a token: {median * 1000:.2f} ms")
    assert median < 0.005


def test_refusals_have_codes_of_their_own():
    """Each reason can be told apart by machines."""
    found, todo = [], [SignInRefused]
    while todo:
        refusal = todo.pop()
        found.append(refusal.code)
        todo += refusal.__subclasses__()
    assert sorted(set(found)) == sorted(found)
