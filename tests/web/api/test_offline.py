"""Contract of offline tokens: who has a live grant gets one for a service, for minutes, recorded before it is had.

Never past the grant's end, never of a grant for one use, never where policy does not say so. It says of itself that it
is not revocable. Nobody has one of others' grants but machines that policy and their token both let.
"""

import asyncio
import base64
import json
from datetime import UTC, datetime

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from app.domain.token import Scope
from app.store import keys
from tests.client.issuing import AUDIENCE, KEYS, issuing, offline, token_of
from tests.web.callers import single_use
from tests.workplace import thread


@pytest.fixture
async def signing(workplace):
    """A bot that signs."""
    async with issuing(workplace) as opened:
        yield opened


async def live(api, **changed):
    ana, ben = await api.person("@ana"), await api.person("@ben")
    return ana, ben, await api.live(ana, ben, **changed)


def read(token):
    """Read a token without looking at its signature."""
    header, said, _ = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split("."))
    return json.loads(header), json.loads(said) if said else None


async def test_what_it_says(signing):
    """Everything that a service needs, signed by a published key, and that it is not revocable."""
    ana, _, grant = await live(signing)
    said = await token_of(ana, grant)
    assert (200, "no-store") == (said.status, said.headers["Cache-Control"])
    token = said.body.pop("token")
    assert {"audience": AUDIENCE, "revocable": False} == {k: said.body[k] for k in ("audience", "revocable")}

    published = await signing.nobody.get("/.well-known/jwks.json")
    assert (200, "public, max-age=300") == (published.status, published.headers["Cache-Control"])
    assert 2 == len(published.body["keys"])
    assert all({"kty", "crv", "x", "kid", "use", "alg"} == set(key) for key in published.body["keys"])
    read_back = jwt.decode(token, KeySet.import_key_set(published.body), algorithms=["EdDSA"])
    claims = read_back.claims
    assert {
        "alg": "EdDSA",
        "typ": "jit-grant+jwt",
        "kid": published.body["keys"][0]["kid"],
    } == read_back.header
    times = {name: claims.pop(name) for name in ("iat", "nbf", "exp")}
    assert len(claims.pop("jti")) > 20
    assert {
        "iss": signing.issuer, "aud": AUDIENCE, "sub": "ana", "action": "prod-db-debug", "resource": "orders-db",
        "environment": "production", "grant": grant, "revocable": False,
    } == claims  # fmt: skip
    assert (times["iat"], 300) == (times["nbf"], times["exp"] - times["iat"])
    ends_at = datetime.fromisoformat(said.body["expires_at"])
    assert datetime.fromtimestamp(times["exp"], UTC) == ends_at


async def test_it_is_recorded(signing):
    """Each token is in the log, with whom it is for and until when, and in no message."""
    ana, _, grant = await live(signing)
    tokens = [read((await token_of(ana, grant)).body["token"])[1]["jti"] for _ in range(2)]
    assert 2 == len(set(tokens))
    await signing.work.settled()
    assert 2 == (await signing.work.events(grant)).count("offline_token_issued")
    story = "\n".join(map(str, await signing.work.bot.story(grant)))
    assert all(token in story for token in tokens)
    assert "took a token from 127.0.0.1 that billing-api believes until" in story


async def test_what_people_see(signing):
    """When access ends before its token, card, thread and question say that the token goes on; else nothing does."""
    ana, ben, grant = await live(signing)
    other = await signing.live(ana, ben, resource="users-db")
    await token_of(ana, grant)
    await signing.work.settled()
    card = await signing.work.card(grant, "Access is live", offering="jit_revoke")
    assert "Services believe a token of it for up to 5 min more." in json.dumps(card)
    for request in (grant, other):
        assert 200 == (await ben.verb(request, "revoke")).status
    but = "Access is gone, but for a token that services believe until"
    card = await signing.work.card(grant, but)
    await signing.work.card(other, "Access is gone.")
    await signing.work.settled()
    told = "\n".join(thread(await signing.work.hands.look(), card))
    assert but in told


async def test_never_past_the_end(signing):
    """A grant that ends sooner than five minutes from now ends its token, to the second before."""
    ana, _, grant = await live(signing, duration="90s")
    said = (await token_of(ana, grant)).body
    ends_at = (await signing.work.request(grant)).ends_at
    assert ends_at.replace(microsecond=0) == datetime.fromisoformat(said["expires_at"])
    assert read(said["token"])[1]["exp"] <= ends_at.timestamp()


@pytest.mark.parametrize("end", ["done", "revoke"])
async def test_not_once_it_is_over(signing, end):
    """Of what was given back or revoked there are none; nor of what waits."""
    ana, ben, grant = await live(signing)
    assert 200 == (await {"done": ana, "revoke": ben}[end].verb(grant, end)).status
    waiting = await ana.asks(resource="users-db")
    for request in (grant, waiting):
        said = await token_of(ana, request)
        assert (409, "wrong_state") == (said.status, said.code)


async def test_not_past_its_key(signing):
    """Where the grant key is gone, whatever the request still says, nothing is signed and nothing recorded."""
    ana, _, grant = await live(signing)
    await signing.work.bot.connection.calls.delete(keys.grant(grant))
    said = await token_of(ana, grant)
    assert (503, "busy") == (said.status, said.code)
    assert "offline_token_issued" not in await signing.work.events(grant)


async def test_the_grant_stays_as_it_is(signing):
    """A token moves no end: the key and the check are what they were."""
    ana, _, grant = await live(signing)
    calls = signing.work.bot.connection.calls
    before = await calls.pexpiretime(keys.grant(grant)), (await signing.work.request(grant)).ends_at
    await token_of(ana, grant)
    assert before == (await calls.pexpiretime(keys.grant(grant)), (await signing.work.request(grant)).ends_at)


async def test_policy_must_let_it(workplace):
    """Without `offline: true` there are none; and the attempt is recorded. Taken out again, it counts at once."""
    async with issuing(workplace, lambda policies: policies.update(api={"decide": True})) as api:
        ana, _, grant = await live(api)
        said = await token_of(ana, grant)
        assert (403, "not_offline") == (said.status, said.code)
        assert "attempt_refused" in await api.work.events(grant)
        await api.work.repolicy(offline)
        assert 200 == (await token_of(ana, grant)).status
        await api.work.repolicy(lambda policies: policies["actions"]["prod-db-debug"].update(offline=False))
        assert 403 == (await token_of(ana, grant)).status


async def test_not_of_one_use(workplace):
    """A grant that is good for one use is never had as a token, which cannot count."""

    def change(policies):
        offline(policies)
        single_use(policies)

    async with issuing(workplace, change) as api:
        ana, _, grant = await live(api)
        said = await token_of(ana, grant)
        assert (403, "not_offline") == (said.status, said.code)


async def test_none_of_what_is_bound(signing):
    """A token would not say for which command; without an answer to that nobody gets one."""
    _, _, grant = bound = await live(signing, command=["psql", "orders"])
    said = await token_of(bound[0], grant)
    assert (403, "not_offline") == (said.status, said.code)


async def test_whose(signing):
    """Ana has hers. Her approver, security, and machines that only check have none, and cannot tell if there is one."""
    ana, ben, grant = await live(signing)
    sam, gateway = await signing.person("@sam"), await signing.machine()
    for other in (ben, sam):
        said = await token_of(other, grant)
        assert (404, "unknown_request") == (said.status, said.code)
    assert (403, "scope_missing") == ((said := await token_of(gateway, grant)).status, said.code)
    assert 401 == (await token_of(signing.nobody, grant)).status
    deploy = await signing.machine("deploy-ci", "request")
    assert 404 == (await token_of(deploy, grant)).status
    assert 404 == (await token_of(ana, "R07-0000000")).status


async def test_on_behalf(signing):
    """A machine that policy lets have tokens for everyone has Ana's, as hers; not with a token that is not for it."""
    _, _, grant = await live(signing)
    door = await signing.machine("front-door", "offline")
    said = await token_of(door, grant)
    assert (200, "ana") == (said.status, read(said.body["token"])[1]["sub"])
    checks = await signing.machine("front-door", "check")
    assert (403, "scope_missing") == ((said := await token_of(checks, grant)).status, said.code)
    events = [each for each in await signing.work.events(grant) if each == "offline_token_issued"]
    assert 1 == len(events)
    await signing.work.repolicy(lambda policies: policies["machines"]["front-door"].update(scopes=["check"]))
    assert 403 == (await token_of(door, grant)).status


def test_people_have_no_such_scope(signing):
    """No login makes a token that has others' grants."""
    from app.domain.token import OF_PEOPLE

    assert Scope.OFFLINE not in OF_PEOPLE


@pytest.mark.parametrize("audience", ["", "a b", "x" * 201, "é", "a\r\nb", "\x00", None, ["a"], 1])
async def test_what_is_no_audience(signing, audience):
    """A token is for one service that is named; there is none for everyone."""
    ana, _, grant = await live(signing)
    said = await ana.post(f"/v1/grants/{grant}/token", {"audience": audience})
    assert (422, "bad_input") == (said.status, said.code)
    assert 422 == (await ana.post(f"/v1/grants/{grant}/token", {"audience": "a", "seconds": 900})).status
    assert 422 == (await ana.post(f"/v1/grants/{grant}/token")).status


@pytest.mark.parametrize("how", [{"signing_keys": None}, {"public_url": ""}], ids=["no key", "no address"])
async def test_a_bot_that_does_not_sign(workplace, how):
    """Without a key, or an address to be known by, there are no tokens, no keys, and nothing is recorded."""
    async with issuing(workplace, **how) as api:
        ana, _, grant = await live(api)
        said = await token_of(ana, grant)
        assert (409, "offline_off") == (said.status, said.code)
        assert {"keys": []} == (await api.nobody.get("/.well-known/jwks.json")).body
        assert "offline_token_issued" not in await api.work.events(grant)


async def test_a_revoke_in_between(signing):
    """Of tokens that race with a revoke each was issued, and recorded, before it."""
    ana, ben, grant = await live(signing)
    racing = [token_of(ana, grant) for _ in range(20)]
    said = await asyncio.gather(*racing, ben.verb(grant, "revoke"))
    got = [each for each in said[:-1] if each.status == 200]
    assert {200, 409, 503} >= {each.status for each in said}
    events = await signing.work.events(grant)
    assert len(got) == events.count("offline_token_issued")
    if "offline_token_issued" in events:
        last = len(events) - 1 - events[::-1].index("offline_token_issued")
        assert last < events.index("end_begun")


async def test_a_store_that_is_away(signing, monkeypatch):
    """When Redis is away nothing is signed."""
    ana, _, grant = await live(signing)

    async def refused(*_):
        raise ConnectionError("Error 111 connecting: connection refused")

    monkeypatch.setattr(signing.work.bot.connection.calls.connection_pool, "get_connection", refused)
    said = await token_of(ana, grant)
    assert (503, "unavailable") == (said.status, said.code)


async def test_keys_are_changed(workplace):
    """A new key is published behind, then signs; the old one stays published as long as it is in the settings."""
    first, second = KEYS
    async with issuing(workplace, signing_keys=f"{first},{second}") as api:
        ana, _, grant = await live(api)
        old = (await token_of(ana, grant)).body["token"]
        kids = [key["kid"] for key in (await api.nobody.get("/.well-known/jwks.json")).body["keys"]]
    from app.offline import Signer

    changed = Signer("https://jit.example.com", [second, first])
    assert kids[::-1] == [key["kid"] for key in changed.jwks["keys"]]
    assert kids[0] == read(old)[0]["kid"]
    assert all("d" not in key for key in changed.jwks["keys"])
