"""Contract: a token proves nothing unless the provider's key signed it, for this bot, this request and now.

A library's provider cannot be made to lie, so these tokens are made by a forger: a server of the tests that
publishes a key of its own, and signs what each test says, with that key or another's. The state is a real one, kept
in a real Redis; only the person's visit to the provider is left out.
"""

import base64
import hashlib
import hmac
import json
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwk

from app.mfa.oidc import Client, Provider, SignInRefused, StepUp
from app.mfa.oidc.refusals import (
    BadToken,
    ClocksDiffer,
    OtherAccount,
    OtherAudience,
    OtherIssuer,
    OtherRequest,
    SignInTooOld,
    TooWeak,
)
from app.store.step_ups import StepUpStore
from tests.mfa.oidc.browser import STRONG, Browser
from tests.mfa.oidc.conftest import ACCOUNTS, SECRET, begin
from tests.mfa.oidc.forger import FOREIGN, KEY, forging

EVIL = "https://evil.example.com"


class Clock:
    """What time the provider's cache takes it to be."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


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


async def come_back(step_up: StepUp, browser: Browser, address: str):
    state = parse_qs(urlsplit(address).query)["state"][0]
    return await step_up.finish([("state", state), ("code", "c0de")], browser.secret)


async def told(step_up: StepUp, browser: Browser, address: str) -> type[SignInRefused]:
    """Give what a callback is refused with."""
    with pytest.raises(SignInRefused) as refused:
        await come_back(step_up, browser, address)
    assert (True, "ana") == (refused.value.recorded, refused.value.attempt.person)
    return type(refused.value)


async def test_a_good_token_holds(step_up, forger, browser):
    """Else the rest would show nothing."""
    address = await begin(step_up, browser)
    forger.signs(forger.claims(address))
    proof, _ = await come_back(step_up, browser, address)
    assert ("oidc", "1f2e") == (proof.kind, proof.credential)


ALGORITHMS = {
    "RS384": KEY,
    "PS256": KEY,
    "ES256": jwk.ECKey.generate_key("P-256", {"kid": "one"}),
    "ES384": jwk.ECKey.generate_key("P-384", {"kid": "one"}),
    "EdDSA": jwk.OKPKey.generate_key("Ed25519", {"kid": "one"}),
}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_asymmetric_algorithms_hold(step_up, forger, browser, algorithm):
    """Whichever the provider signs with."""
    key = ALGORITHMS[algorithm]
    public = {name: value for name, value in key.as_dict(private=False).items() if name != "alg"}
    forger.keys = [public]
    address = await begin(step_up, browser)
    plain = type(key).import_key({**key.as_dict(private=True), "alg": algorithm})
    forger.signs(forger.claims(address), plain, alg=algorithm)
    await come_back(step_up, browser, address)


NOW = int(time.time())
CLAIMS = {
    "a nonce of another request": ({"nonce": "x" * 43}, OtherRequest),
    "no nonce": ({"nonce": None}, OtherRequest),
    "a list of nonces": ({"nonce": ["x"]}, OtherRequest),
    "another issuer": ({"iss": EVIL}, OtherIssuer),
    "another audience": ({"aud": "other"}, OtherAudience),
    "an audience beside us": ({"aud": ["jit", "other"], "azp": "jit"}, OtherAudience),
    "another authorized party": ({"azp": "other"}, OtherAudience),
    "another authorized party of a list": ({"aud": ["jit"], "azp": "other"}, OtherAudience),
    "no audience": ({"aud": None}, BadToken),
    "no subject": ({"sub": None}, BadToken),
    "a subject that is a number": ({"sub": 7}, BadToken),
    "another subject": ({"sub": ACCOUNTS["ben"]}, OtherAccount),
    "the person's address for a subject": ({"sub": "ana@example.com"}, OtherAccount),
    "an address and a name beside another subject": (
        {"sub": "x", "email": "ana@example.com", "email_verified": True, "name": "ana"},
        OtherAccount,
    ),
    "an end that is past": ({"exp": NOW - 3600}, BadToken),
    "no end": ({"exp": None}, BadToken),
    "an end that is no number": ({"exp": "never"}, BadToken),
    "an end that never comes": ({"exp": float("nan")}, BadToken),
    "a clock ten minutes ahead": ({"iat": NOW + 600, "exp": NOW + 900}, ClocksDiffer),
    "a clock ten minutes behind": ({"iat": NOW - 600, "auth_time": NOW - 600}, ClocksDiffer),
    "no time": ({"iat": None}, BadToken),
    "not valid yet": ({"nbf": NOW + 3600}, BadToken),
    "a sign-in five minutes ago": ({"auth_time": NOW - 300}, SignInTooOld),
    "a sign-in of nobody knows when": ({"auth_time": None}, SignInTooOld),
    "a sign-in that is true": ({"auth_time": True}, BadToken),
    "a sign-in in words": ({"auth_time": "now"}, BadToken),
    "a sign-in to come": ({"auth_time": NOW + 600}, ClocksDiffer),
    "a sign-in at infinity": ({"auth_time": float("inf")}, BadToken),
    "a weaker context": ({"acr": "urn:example:password"}, TooWeak),
    "no context": ({"acr": None}, TooWeak),
    "the context in a list": ({"acr": [STRONG]}, TooWeak),
    "the context and more": ({"acr": f"{STRONG} x"}, TooWeak),
    "methods in place of a context": ({"acr": None, "amr": ["mfa", "otp"]}, TooWeak),
}


@pytest.mark.parametrize("case", CLAIMS)
async def test_what_a_token_must_say(step_up, forger, browser, case):
    """One claim is wrong in a token that is well signed; the refusal names it."""
    other, refusal = CLAIMS[case]
    address = await begin(step_up, browser)
    forger.signs(forger.claims(address, **other))
    assert refusal is await told(step_up, browser, address)


async def test_a_token_of_another_request(step_up, forger, browser):
    """A good token, made for one request, is replayed for another of the same person in the same browser."""
    one, two = await begin(step_up, browser), await begin(step_up, browser, digest="c" * 64)
    forger.signs(forger.claims(one))
    assert OtherRequest is await told(step_up, browser, two)
    await come_back(step_up, browser, one)


def unsigned(claims: dict, header: dict) -> str:
    """A token with no signature at all."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    return b".".join([*parts, b""]).decode()


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None, 7, ["RS256"]])
async def test_no_signature(step_up, forger, browser, algorithm):
    """`alg: none`, however it is written."""
    address = await begin(step_up, browser)
    forger.id_token = unsigned(forger.claims(address), {"alg": algorithm, "kid": "one"})
    assert BadToken is await told(step_up, browser, address)


async def test_a_signature_cut_off(step_up, forger, browser):
    """The header still says RS256."""
    address = await begin(step_up, browser)
    forger.id_token = unsigned(forger.claims(address), {"alg": "RS256", "kid": "one"})
    assert BadToken is await told(step_up, browser, address)


SHARED = {
    "the client's secret": SECRET,
    "the public key as text": KEY.as_pem(private=False).decode(),
    "the public key as a JWK": json.dumps(KEY.as_dict(private=False)),
}


@pytest.mark.parametrize("secret", SHARED)
@pytest.mark.parametrize("algorithm", ["HS256", "HS512"])
async def test_a_shared_secret(step_up, forger, browser, secret, algorithm):
    """Signed with what others know too, the public key among it: symmetric algorithms are never taken."""
    address = await begin(step_up, browser)
    published = jwk.OctKey.import_key(SHARED[secret] if "key" not in secret else b"x" * 64)
    forger.keys.append({**published.as_dict(), "kid": "shared"})
    signing = unsigned(forger.claims(address), {"alg": algorithm, "kid": "one"}).rstrip(".")
    mac = hmac.new(SHARED[secret].encode(), signing.encode(), getattr(hashlib, f"sha{algorithm[2:]}"))
    forger.id_token = f"{signing}.{base64.urlsafe_b64encode(mac.digest()).rstrip(b'=').decode()}"
    assert BadToken is await told(step_up, browser, address)


@pytest.mark.parametrize("kid", ["one", "two", None])
async def test_a_foreign_key(step_up, forger, browser, kid):
    """Another's key, under the id of the provider's, under one of its own, or under none."""
    address = await begin(step_up, browser)
    forger.signs(forger.claims(address), FOREIGN, kid=kid)
    assert BadToken is await told(step_up, browser, address)


@pytest.mark.parametrize("way", ["jwk", "jku", "x5u"])
async def test_a_key_that_the_token_brings(step_up, forger, browser, way):
    """What the header says of keys is never used, nor asked for."""
    address = await begin(step_up, browser)
    brought = {
        "jwk": FOREIGN.as_dict(private=False),
        "jku": f"{forger.issuer}/evil",
        "x5u": f"{forger.issuer}/evil",
    }
    forger.signs(forger.claims(address), FOREIGN, **{way: brought[way]})
    assert BadToken is await told(step_up, browser, address)
    assert "/evil" not in forger.asked


@pytest.mark.parametrize("header", [{"typ": "at+jwt"}, {"typ": "logout+jwt"}])
async def test_a_token_of_another_kind(step_up, forger, browser, header):
    """An access token or a logout token of the same provider's is no sign-in (RFC 8725, 3.11)."""
    address = await begin(step_up, browser)
    forger.signs(forger.claims(address), **header)
    assert BadToken is await told(step_up, browser, address)


async def test_a_header_that_must_be_understood(step_up, forger, browser):
    """`crit` names what nobody here knows (RFC 7515, 4.1.11); the same without it holds."""
    for crit, holds in (({"crit": ["x"]}, False), ({}, True)):
        address = await begin(step_up, browser)
        forger.id_token = by_hand({"alg": "RS256", "kid": "one", **crit}, forger.claims(address))
        if holds:
            await come_back(step_up, browser, address)
        else:
            assert BadToken is await told(step_up, browser, address)


def by_hand(header: dict, claims: dict) -> str:
    """A token that is well signed, whatever its header says."""
    signing = unsigned(claims, header).rstrip(".")
    signature = KEY.private_key.sign(signing.encode(), PKCS1v15(), SHA256())
    return f"{signing}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b", "a.b.c", "a.b.c.d.e", "é.é.é", "x" * 100_000, f"{'[' * 3000}", "bnVsbA.bnVsbA."],
)
async def test_no_token_at_all(step_up, forger, browser, token):
    """Whatever the provider sends, it is an answer and not a crash."""
    address = await begin(step_up, browser)
    forger.id_token = token
    assert BadToken is await told(step_up, browser, address)


@pytest.mark.parametrize("where", ["header", "claims"])
async def test_json_that_is_deep(step_up, forger, browser, where):
    """Lists in lists, thousands deep, in either part."""
    address = await begin(step_up, browser)
    good = base64.urlsafe_b64encode(b'{"alg":"RS256","kid":"one"}').rstrip(b"=").decode()
    deep = base64.urlsafe_b64encode(b"[" * 90_000).rstrip(b"=").decode()
    forger.id_token = f"{deep}.e30.c2ln" if where == "header" else f"{good}.{deep}.c2ln"
    assert BadToken is await told(step_up, browser, address)


async def test_every_part_is_signed(step_up, forger, browser):
    """Whichever character of a good token is changed, it holds no more."""
    address = await begin(step_up, browser)
    forger.signs(forger.claims(address))
    good = forger.id_token
    parts = [index for index, sign in enumerate(good[:-2]) if sign != "." and good[index + 1] != "."]
    for index in parts[:: len(parts) // 24]:
        forger.id_token = good[:index] + ("A" if good[index] != "A" else "B") + good[index + 1 :]
        again = await begin(step_up, browser)
        with pytest.raises(SignInRefused):
            await come_back(step_up, browser, again)
    forger.id_token = good
    await come_back(step_up, browser, address)


# -- keys over time ----------------------------------------------------------------------------------------


async def sign_in(step_up, forger, browser, key=KEY, **header) -> None:
    address = await begin(step_up, browser)
    forger.signs(forger.claims(address), key, **header)
    await come_back(step_up, browser, address)


async def test_a_new_key_is_fetched_when_it_is_needed(step_up, forger, browser, clock):
    """The provider signs with a key that was not there a minute ago; the keys are not fetched for every token."""
    await sign_in(step_up, forger, browser)
    await sign_in(step_up, forger, browser)
    assert 1 == forger.asked.count("/jwks")
    new = jwk.RSAKey.generate_key(2048, {"kid": "two"})
    forger.keys.append(new.as_dict(private=False))
    clock.now += 60
    await sign_in(step_up, forger, browser, new, kid="two")
    assert 2 == forger.asked.count("/jwks")


async def test_unknown_ids_do_not_make_it_ask_without_end(step_up, forger, browser, clock):
    """However many tokens name keys that are not there, the keys are asked for every 10 s at most."""
    clock.now += 60
    for number in range(5):
        address = await begin(step_up, browser)
        forger.signs(forger.claims(address), FOREIGN, kid=f"unknown-{number}")
        assert BadToken is await told(step_up, browser, address)
    assert 1 == forger.asked.count("/jwks")


async def test_a_key_that_is_taken_back(step_up, forger, browser, clock):
    """It signs for an hour more at most."""
    await sign_in(step_up, forger, browser)
    forger.keys = [jwk.RSAKey.generate_key(2048, {"kid": "two"}).as_dict(private=False)]
    clock.now += 3601
    address = await begin(step_up, browser)
    forger.signs(forger.claims(address))
    assert BadToken is await told(step_up, browser, address)


async def test_one_key_needs_no_id(step_up, forger, browser):
    """A token without `kid` is checked where one key alone fits; among several it is not guessed."""
    await sign_in(step_up, forger, browser, kid=None)


async def test_among_several_keys_none_is_guessed(step_up, forger, browser):
    """OpenID Connect Core 10.1."""
    forger.keys.append(jwk.RSAKey.generate_key(2048, {"kid": "two"}).as_dict(private=False))
    address = await begin(step_up, browser)
    forger.signs(forger.claims(address), kid=None)
    assert BadToken is await told(step_up, browser, address)


UNFIT = {
    "for encryption": {**KEY.as_dict(private=False), "use": "enc"},
    "for another algorithm": {**KEY.as_dict(private=False), "alg": "RS512"},
    "of a kind that nobody knows": {"kty": "AKP", "kid": "one"},
    "half a key": {"kty": "RSA", "kid": "one", "e": "AQAB"},
    "no key": "one",
}


@pytest.mark.parametrize("why", UNFIT)
async def test_keys_that_cannot_sign(step_up, forger, browser, why):
    """They are left out, and another beside them still counts."""
    forger.keys = [UNFIT[why]]
    address = await begin(step_up, browser)
    forger.signs(forger.claims(address))
    assert BadToken is await told(step_up, browser, address)


@pytest.mark.filterwarnings("ignore:Key size")
async def test_a_key_that_is_too_short(step_up, forger, browser):
    """Its signatures can be forged: they do not count, though it is the provider's and signs well."""
    short = jwk.RSAKey.generate_key(1024, {"kid": "one"})
    forger.keys = [short.as_dict(private=False)]
    address = await begin(step_up, browser)
    forger.signs(forger.claims(address), short)
    assert BadToken is await told(step_up, browser, address)


async def test_a_bad_key_beside_a_good_one(step_up, forger, browser):
    """RFC 7517, section 5: what is not understood is ignored."""
    forger.keys = [UNFIT["half a key"], UNFIT["no key"], *forger.keys]
    await sign_in(step_up, forger, browser)
