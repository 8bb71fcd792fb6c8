"""Contract: a service believes what the bot signed for it, for this action and resource, until it ends; nothing else.

Forged in every way that tokens are known to be forged in: no algorithm, the public key as a secret, other keys, keys
that the token brings, another service's, another kind's, changed by a letter. Without keys nobody is let through.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import FastAPI, Request

from app.client import (
    BotGrants,
    CannotTell,
    GrantMiddleware,
    Need,
    OfflineTokens,
    OnceHere,
    OnceInRedis,
    RequiresGrant,
    TokenRefused,
)
from app.client.keys import FRESH, KEPT, Keys
from app.client.offline import LASTS_AT_MOST, SKEW
from app.offline import Signer
from tests.client.away import http
from tests.client.conftest import NEED
from tests.client.issuing import AUDIENCE, KEYS, issuing, token_of
from tests.client.test_asgi import AS_ANA, AS_BEN, calling, signed_in

NOW = 1_772_445_600
WANTED = {"action": "prod-db-debug", "resource": "orders-db"}
OWN = Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(KEYS[0]))
OTHER = Ed25519PrivateKey.generate()
JWKS = Signer("https://jit.example.com", KEYS).jwks
KID = JWKS["keys"][0]["kid"]
HEADER = {"alg": "EdDSA", "typ": "jit-grant+jwt", "kid": KID}


def encoded(content):
    content = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def said(issuer, **changed):
    """What a token that holds says; None leaves a claim out."""
    claims = {
        "iss": issuer, "aud": AUDIENCE, "sub": "ana", **WANTED, "environment": "production", "grant": "R07-4KX9TQZ",
        "jti": "an-id", "iat": NOW, "nbf": NOW, "exp": NOW + 300, "revocable": False,
    }  # fmt: skip
    return {name: value for name, value in (claims | changed).items() if value is not None}


def forged(claims, header=HEADER, by=OWN):
    """Sign what one likes with a key."""
    signed = f"{encoded(header)}.{encoded(claims)}"
    signature = by(signed.encode()) if callable(by) else by.sign(signed.encode())
    return f"{signed}.{encoded(signature)}"


class Clock:
    """A clock that stands until it is set."""

    def __init__(self, now=NOW):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def published(misbehaving):
    """Where the bot's keys are."""
    return misbehaving(http(200, JWKS))


@pytest.fixture
def tokens(published):
    return OfflineTokens(published.url, AUDIENCE, timeout=20, clock=Clock())


async def refused(tokens, token, wanted=WANTED):
    """Verify both ways; gives why neither takes it."""
    with pytest.raises(TokenRefused) as first:
        await asyncio.to_thread(lambda: tokens.verify_offline(token, **wanted))
    with pytest.raises(TokenRefused) as second:
        await tokens.verify_offline_async(token, **wanted)
    assert str(first.value) == str(second.value)
    assert 403 == first.value.status
    return str(first.value).removeprefix("The token of a grant ").removesuffix(".")


async def test_one_that_holds(tokens, published):
    """It says whose it is, of which grant, and until when."""
    token = forged(said(published.url))
    for claims in (
        await asyncio.to_thread(lambda: tokens.verify_offline(token, **WANTED)),
        await tokens.verify_offline_async(token, **WANTED),
    ):
        assert ("ana", "R07-4KX9TQZ", "an-id") == (claims.subject, claims.grant, claims.token)
        assert NOW + 300 == claims.ends_at.timestamp()
    assert 1 == len(published.calls)


PUBLIC = OWN.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
RAW = OWN.public_key().public_bytes_raw()


def hs256(secret):
    return lambda signed: hmac.digest(secret, signed, hashlib.sha256)


OWN_JWK = {"kty": "OKP", "crv": "Ed25519", "x": encoded(OTHER.public_key().public_bytes_raw())}
HEADERS = {
    "none": (HEADER | {"alg": "none"}, OWN),
    "None": (HEADER | {"alg": "None"}, lambda _: b""),
    "none, unsigned": (HEADER | {"alg": "none"}, lambda _: b""),
    "the public key as a secret": (HEADER | {"alg": "HS256"}, hs256(RAW)),
    "the public key's PEM as a secret": (HEADER | {"alg": "HS256"}, hs256(PUBLIC)),
    "as a secret, and called EdDSA": (HEADER, hs256(RAW)),
    "another algorithm": (HEADER | {"alg": "ES256"}, OWN),
    "a list of algorithms": (HEADER | {"alg": ["EdDSA"]}, OWN),
    "no algorithm": ({"typ": "jit-grant+jwt", "kid": KID}, OWN),
    "another's key": (HEADER, OTHER),
    "a foreign kid": (HEADER | {"kid": "x"}, OTHER),
    "a kid of the other key": (HEADER | {"kid": JWKS["keys"][1]["kid"]}, OWN),
    "a path as kid": (HEADER | {"kid": "../../dev/null"}, OTHER),
    "no kid": ({"alg": "EdDSA", "typ": "jit-grant+jwt"}, OWN),
    "a number as kid": (HEADER | {"kid": 1}, OWN),
    "a key that it brings": (HEADER | {"jwk": OWN_JWK}, OTHER),
    "an address of keys that it brings": (HEADER | {"jku": "http://127.0.0.1:1"}, OTHER),
    "something critical": (HEADER | {"crit": ["b64"], "b64": False}, OWN),
    "another kind": (HEADER | {"typ": "JWT"}, OWN),
    "no kind": ({"alg": "EdDSA", "kid": KID}, OWN),
    "a header that is a list": ([HEADER], OWN),
}


@pytest.mark.parametrize("how", HEADERS)
async def test_forged(tokens, published, how):
    """Nothing that a token says of its own signature is believed."""
    header, by = HEADERS[how]
    assert await refused(tokens, forged(said(published.url), header, by))


CLAIMS = {
    "another service's": ({"aud": "shop-api"}, "is for another service"),
    "several services'": ({"aud": [AUDIENCE, "shop-api"]}, "is for another service"),
    "a list of one service": ({"aud": [AUDIENCE]}, "is for another service"),
    "nobody's": ({"aud": None}, "is for another service"),
    "another issuer's": ({"iss": "https://evil.example.com"}, "is from another issuer"),
    "no issuer's": ({"iss": None}, "is from another issuer"),
    "another action": ({"action": "prod-db-drop"}, "is for something else"),
    "another resource": ({"resource": "users-db"}, "is for something else"),
    "no resource": ({"resource": None}, "is for something else"),
    "ended": ({"exp": NOW}, "has ended"),
    "ended, by a second": ({"exp": NOW - 1}, "has ended"),
    "no end": ({"exp": None}, "does not say when (exp)"),
    "an end as text": ({"exp": str(NOW + 60)}, "does not say when (exp)"),
    "an end that is true": ({"exp": True}, "does not say when (exp)"),
    "an end in pieces": ({"exp": NOW + 0.5}, "does not say when (exp)"),
    "no end at all": ({"exp": float("inf")}, "does not say when (exp)"),
    "too long": ({"exp": NOW + LASTS_AT_MOST + 1}, "lasts longer than the bot makes them"),
    "not yet": ({"nbf": NOW + SKEW + 1}, "is not valid yet: the clocks differ"),
    "not made yet": ({"iat": NOW + SKEW + 1, "exp": NOW + 100}, "is not valid yet: the clocks differ"),
    "nobody": ({"sub": None}, "does not say what a token of a grant says"),
    "a strange person": ({"sub": "ana:x"}, "does not say what a token of a grant says"),
    "no grant": ({"grant": None}, "does not say what a token of a grant says"),
    "no id": ({"jti": ""}, "does not say what a token of a grant says"),
    "revocable": ({"revocable": True}, "is of another kind"),
    "not labelled": ({"revocable": None}, "is of another kind"),
    "labelled as nothing": ({"revocable": 0}, "is of another kind"),
}


@pytest.mark.parametrize("what", CLAIMS)
async def test_what_it_must_say(tokens, published, what):
    """Signed by the bot, and for something else, or not any more."""
    changed, why = CLAIMS[what]
    assert why == await refused(tokens, forged(said(published.url, **changed)))


async def test_a_little_early(tokens, published):
    """Clocks may differ by seconds at the beginning, and by none at the end."""
    token = forged(said(published.url, iat=NOW + SKEW, nbf=NOW + SKEW))
    assert "ana" == tokens.verify_offline(token, **WANTED).subject


async def test_changed_by_a_letter(tokens, published):
    """A token of which any one letter is another holds for nobody."""
    token = forged(said(published.url))
    for at, sign in enumerate(token):
        other = "A" if sign != "A" else "B"
        if at == len(token) - 1:
            other = "!"  # the last letter's lowest bits are not part of the signature
        with pytest.raises(TokenRefused):
            tokens.verify_offline(token[:at] + other + token[at + 1 :], **WANTED)


@pytest.mark.parametrize(
    "token",
    [None, "", "a", "a.b", "a.b.c", "a.b.c.d", "..", b"a.b.c", 7, "é.é.é", "A" * 5000, "e30.e30.",
     f"e30.e30.{'A' * 86}",
     f"W10.W10.{'A' * 86}", f"{'W1tb' * 900}.e30.{'A' * 86}", f"A.e30.{'A' * 86}"],
    ids=lambda token: repr(token)[:30],
)  # fmt: skip
async def test_what_is_no_token(tokens, token):
    """It is malformed, and the bot is not asked for its sake."""
    assert await refused(tokens, token) in {"is malformed", "is not signed in the one way that counts"}


# -- keys ------------------------------------------------------------------------------------------------

NO_KEYS = {
    "a failure": http(500, JWKS),
    "a redirect": http(302, JWKS, Location="/"),
    "no set": http(200, {}),
    "a list": http(200, JWKS["keys"]),
    "text": http(200, b"keys"),
    "a flood": http(200, b" " * 70_000),
    "nothing": None,
}


@pytest.mark.parametrize("what", NO_KEYS)
async def test_without_keys(misbehaving, what):
    """Where the keys cannot be had nobody is let through, by 503."""
    server = misbehaving(NO_KEYS[what])
    tokens = OfflineTokens(server.url, AUDIENCE, timeout=20, clock=Clock())
    token = forged(said(server.url))
    with pytest.raises(CannotTell):
        await tokens.verify_offline_async(token, **WANTED)
    with pytest.raises(CannotTell):
        await asyncio.to_thread(lambda: tokens.verify_offline(token, **WANTED))


@pytest.mark.parametrize(
    "change",
    [{"kty": "oct", "k": encoded(RAW)}, {"crv": "Ed448"}, {"crv": "X25519"}, {"use": "enc"}, {"alg": "HS256"},
     {"x": encoded(RAW[:31])}, {"x": 1}, {"kid": None}, {"x": encoded(RAW) + "\n"}],
    ids=str,
)  # fmt: skip
async def test_keys_that_do_not_sign(misbehaving, change):
    """A published key that is no Ed25519 key for signing is none."""
    server = misbehaving(http(200, {"keys": [JWKS["keys"][0] | change, None, "key", {}]}))
    tokens = OfflineTokens(server.url, AUDIENCE, timeout=20, clock=Clock())
    assert "is signed by a key that is not the bot's" == await refused(tokens, forged(said(server.url)))


async def test_keys_are_kept_for_a_while(misbehaving):
    """They are fetched again after minutes; while that fails the old ones count for some more, and then none."""
    server = misbehaving(http(200, JWKS), http(500, {}))
    clock = Clock(0.0)
    tokens = OfflineTokens(server.url, AUDIENCE, timeout=20, clock=Clock())
    tokens._keys = Keys(tokens._keys._http, clock)
    assert tokens._keys.get(KID) is not None
    clock.now = FRESH - 1
    assert (True, 1) == (tokens._keys.get(KID) is not None, len(server.calls))
    clock.now = FRESH + 1
    assert (True, 2) == ((await tokens._keys.get_async(KID)) is not None, len(server.calls))
    clock.now = KEPT
    with pytest.raises(CannotTell, match="cannot be told"):
        tokens._keys.get(KID)


async def test_a_key_that_is_taken_out(misbehaving):
    """It counts no longer once the keys were fetched again; a new one is found at once."""
    new = {"keys": [JWKS["keys"][1]]}
    server = misbehaving(http(200, JWKS), http(200, new))
    clock = Clock(0.0)
    tokens = OfflineTokens(server.url, AUDIENCE, timeout=20, clock=Clock())
    keys = Keys(tokens._keys._http, clock)
    assert keys.get(KID) is not None
    clock.now = FRESH + 1
    assert keys.get(KID) is None
    assert keys.get(JWKS["keys"][1]["kid"]) is not None


async def test_a_flood_of_made_up_keys(misbehaving):
    """However many ids are made up, the bot is asked once in a while; and many at once wait for one answer."""
    server = misbehaving(http(200, JWKS), pause=0.2)
    tokens = OfflineTokens(server.url, AUDIENCE, timeout=20, clock=Clock())
    good, bad = forged(said(server.url)), forged(said(server.url), HEADER | {"kid": "x"}, OTHER)
    calls = [tokens.verify_offline_async(good, **WANTED) for _ in range(20)]
    assert {"ana"} == {claims.subject for claims in await asyncio.gather(*calls)}
    for _ in range(20):
        assert "is signed by a key that is not the bot's" == await refused(tokens, bad)
    assert 1 == len(server.calls)


# -- replayed --------------------------------------------------------------------------------------------


async def test_replayed(published, redis_server):
    """With `once` a token is taken a single time, in this process or in all that share a Redis."""
    url = f"unix://{redis_server.socket}"
    for number, once in enumerate((OnceHere(), OnceInRedis(url, timeout=20))):
        tokens = OfflineTokens(published.url, AUDIENCE, timeout=20, once=once, clock=Clock())
        token = forged(said(published.url, jti=f"replayed-{number}-{time.time_ns()}"))
        uses = [tokens.verify_async(token, NEED) for _ in range(10)]
        uses += [asyncio.to_thread(tokens.verify, token, NEED) for _ in range(10)]
        found = await asyncio.gather(*uses, return_exceptions=True)
        whys = {str(each) for each in found if isinstance(each, TokenRefused)}
        assert (19, {"The token of a grant was used already."}) == (
            sum(isinstance(each, TokenRefused) for each in found), whys,
        )  # fmt: skip


async def test_nobody_uses_up_anothers(published):
    """A token that does not hold for whoever shows it is not taken."""
    tokens = OfflineTokens(published.url, AUDIENCE, timeout=20, once=OnceHere(), clock=Clock())
    token = forged(said(published.url))
    for need in (Need("ben", "prod-db-debug", "orders-db"), Need("ana", "prod-db-debug", "users-db")):
        with pytest.raises(TokenRefused):
            tokens.verify(token, need)
    assert "R07-4KX9TQZ" == tokens.verify(token, NEED).grant


def test_remembered_as_long_as_it_counts():
    """A token is forgotten once it has ended; more than are remembered are not taken."""
    clock = Clock(0.0)
    once = OnceHere(most=2, clock=clock)
    assert [True, False, True] == [once.take("a", 10), once.take("a", 10), once.take("b", 60)]
    with pytest.raises(CannotTell):
        once.take("c", 10)
    clock.now = 12.0
    assert [True, False] == [once.take("c", 10), once.take("b", 60)]


async def test_once_without_a_store(published, tmp_path):
    """Where it is not known whether a token was used, it is not taken."""
    once = OnceInRedis(f"unix://{tmp_path / 'none.sock'}")
    tokens = OfflineTokens(published.url, AUDIENCE, timeout=20, once=once, clock=Clock())
    with pytest.raises(CannotTell):
        await tokens.verify_async(forged(said(published.url)), NEED)


@pytest.mark.parametrize("audience", ["", "a b", "é", "a\n"])
def test_audiences_that_are_none(audience):
    """A service that believes tokens says who it is."""
    with pytest.raises(ValueError, match="billing-api"):
        OfflineTokens("https://jit.example.com", audience)


# -- the real bot ----------------------------------------------------------------------------------------


def a_service(grants, tokens):
    """A service that believes tokens where there is one, and asks where not."""
    web = FastAPI()
    web.add_middleware(GrantMiddleware)
    requires_grant = RequiresGrant(
        grants, subject=lambda call: signed_in(call["request"].headers.raw), offline=tokens
    )

    @web.post("/dumps/{database}")
    @requires_grant(
        "prod-db-debug", resource="database", token=lambda call: call["request"].headers.get("x-grant-token")
    )
    async def dump(request: Request, database: str) -> dict[str, str]:
        return {"dumped": database}

    return web


async def test_the_bots_own(workplace):
    """A token of the real bot lets Ana alone through, without a look; and goes on after a revoke, as it says."""
    async with issuing(workplace) as api:
        ana, ben = await api.person("@ana"), await api.person("@ben")
        grant = await api.live(ana, ben)
        token = (await token_of(ana, grant)).body["token"]
        tokens = OfflineTokens(api.issuer, AUDIENCE, timeout=20)
        away = BotGrants("http://127.0.0.1:1", f"jit_{'a' * 10}_{'b' * 32}")
        async with calling(a_service(away, tokens)) as call:
            with_token = {"X-Grant-Token": token}
            assert 200 == (await call("/dumps/orders-db", AS_ANA | with_token, "POST"))[0]
            assert 503 == (await call("/dumps/orders-db", AS_ANA, "POST"))[0]
            for headers, path in ((AS_BEN, "orders-db"), ({}, "orders-db"), (AS_ANA, "users-db")):
                assert 403 == (await call(f"/dumps/{path}", headers | with_token, "POST"))[0]
            status, _, body = await call("/dumps/orders-db", AS_ANA | {"X-Grant-Token": f"{token}x"}, "POST")
            assert (403, "token_refused") == (status, json.loads(body)["code"])
            assert 200 == (await ben.verb(grant, "revoke")).status
            assert 200 == (await call("/dumps/orders-db", AS_ANA | with_token, "POST"))[0]
        shop = OfflineTokens(api.issuer, "shop-api", timeout=20)
        with pytest.raises(TokenRefused, match="another service"):
            await shop.verify_offline_async(token, **WANTED)
