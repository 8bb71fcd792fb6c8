"""Contract: a sign-in at a real OpenID provider proves one person, for one request, in one browser, once.

The provider is the library oidc-provider, on loopback. It says by which `acr` and how long ago somebody signed in
as the test asks it to; what it cannot be made to say is in test_forged.py.
"""

import asyncio
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from app.domain.proof import Factor
from app.mfa.oidc import Client, Provider, StepUp
from app.mfa.oidc.refusals import (
    CodeRefused,
    MalformedCallback,
    NoAccount,
    NotSignedIn,
    OtherAccount,
    OtherBrowser,
    OtherIssuer,
    ProviderMisfit,
    SignInTooOld,
    TooWeak,
    UnknownAttempt,
)
from app.mfa.oidc.stepping_up import nonce_of
from app.store import keys
from app.store.step_ups import Attempt, StepUpStore
from tests.mfa.oidc.browser import RETURN_TO, STRONG, WEAK
from tests.mfa.oidc.conftest import ACCOUNTS, DIGEST, PAGE, SECRET, begin, running


async def test_a_sign_in_proves_the_person(step_up, browser):
    """The proof names the factor, the end of the account's id and the time; what was kept comes with it."""
    params = await browser.sign_in(await begin(step_up, browser), ACCOUNTS["ana"])
    proof, attempt = await step_up.finish(params, browser.secret)
    assert (Factor.OIDC, "1f2e", True) == (proof.factor, proof.credential, proof.at is not None)
    assert ("ana", DIGEST, PAGE) == (attempt.person, attempt.digest, attempt.page)


async def test_what_the_provider_is_asked(step_up, browser):
    """A code with PKCE, a sign-in now, by a factor that counts, with state and nonce."""
    asked = parse_qs(urlsplit(await begin(step_up, browser)).query)
    wanted = {
        "response_type": "code",
        "scope": "openid",
        "redirect_uri": RETURN_TO,
        "code_challenge_method": "S256",
        "prompt": "login",
        "max_age": "0",
        "acr_values": STRONG,
    }
    assert wanted == {name: asked[name][0] for name in wanted}
    assert [43, 43, 43] == [len(asked[name][0]) for name in ("state", "nonce", "code_challenge")]


async def test_the_nonce_rests_on_what_was_shown(step_up, browser, redis):
    """On the digest, the person and chance: what is kept of one request gives no nonce of another."""
    address = await begin(step_up, browser)
    (key,) = await redis.calls.keys("*step-up*")
    kept = Attempt.model_validate_json(await redis.calls.get(key))
    assert parse_qs(urlsplit(address).query)["nonce"] == [nonce_of(kept)]
    others = [{"digest": "c" * 64}, {"person": "ben"}, {"salt": "x"}]
    assert nonce_of(kept) not in {nonce_of(kept.model_copy(update=other)) for other in others}


async def test_each_sign_in_is_asked_for_anew(step_up, browser):
    """A session at the provider is not enough: the second request asks for a sign-in too, with another nonce."""
    for digest in (DIGEST, "c" * 64):
        params = await browser.sign_in(await begin(step_up, browser, digest=digest), ACCOUNTS["ana"])
        await step_up.finish(params, browser.secret)
    assert 2 == browser.asked
    asked = [parse_qs(urlsplit(await begin(step_up, browser)).query) for _ in "ab"]
    assert [True] * 3 == [asked[0][name] != asked[1][name] for name in ("state", "nonce", "code_challenge")]


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_either_way_to_show_the_secret(program, http, redis, accounts, browser, method):
    """In the form or in the header, signs and spaces in it included, whichever the provider takes."""
    with running(program, method) as issuer:
        provider = Provider(http, Client(issuer, "jit", SECRET, (STRONG,)))
        step_up = StepUp(provider, StepUpStore(redis.calls), accounts.get)
        params = await browser.sign_in(await begin(step_up, browser), ACCOUNTS["ana"])
        proof, _ = await step_up.finish(params, browser.secret)
    assert Factor.OIDC == proof.factor


async def test_a_password_is_not_a_second_factor(step_up, browser):
    """The provider says by what they signed in; what is not accepted proves nothing."""
    params = await browser.sign_in(await begin(step_up, browser), ACCOUNTS["ana"], acr=WEAK)
    with pytest.raises(TooWeak, match="password"):
        await step_up.finish(params, browser.secret)


@pytest.mark.parametrize(("fresh", "ago", "holds"), [(0, 300, False), (600, 300, True), (600, 900, False)])
async def test_how_long_ago_it_may_be(step_up, browser, fresh, ago, holds):
    """`auth_time` must lie within what policy accepts, and not before the request where it accepts nothing older."""
    params = await browser.sign_in(await begin(step_up, browser, fresh=fresh), ACCOUNTS["ana"], ago=ago)
    if holds:
        proof, attempt = await step_up.finish(params, browser.secret)
        assert pytest.approx(ago, abs=10) == (attempt.begun_at - proof.at).total_seconds()
    else:
        with pytest.raises(SignInTooOld):
            await step_up.finish(params, browser.secret)


@pytest.mark.parametrize("account", [ACCOUNTS["ben"], "ana", "ana@example.com", "00U-ANA-1F2E"])
async def test_somebody_elses_account(step_up, browser, account):
    """Another subject is another person, though the address and the name that come with it are the same."""
    params = await browser.sign_in(await begin(step_up, browser), account)
    with pytest.raises(OtherAccount) as refused:
        await step_up.finish(params, browser.secret)
    assert ("ana", True) == (refused.value.attempt.person, refused.value.recorded)


async def test_whom_policy_gives_no_account(step_up, browser, accounts):
    """Nobody is mapped by chance: it is told before they are sent anywhere, and again when they come back."""
    with pytest.raises(NoAccount, match="`oidc` of sam"):
        await begin(step_up, browser, "sam")
    params = await browser.sign_in(await begin(step_up, browser), ACCOUNTS["ana"])
    del accounts["ana"]
    with pytest.raises(NoAccount):
        await step_up.finish(params, browser.secret)


async def test_a_callback_is_taken_once(step_up, browser):
    """Whoever races with the same callback, one is let through."""
    params = await browser.sign_in(await begin(step_up, browser), ACCOUNTS["ana"])
    done = await asyncio.gather(
        *(step_up.finish(params, browser.secret) for _ in range(8)), return_exceptions=True
    )
    assert (1, 7) == (
        sum(isinstance(each, tuple) for each in done),
        sum(isinstance(each, UnknownAttempt) for each in done),
    )


async def test_a_replayed_code(step_up, browser):
    """A code that was used is worth nothing with a state of its own: the provider gives no token for it."""
    first = dict(await browser.sign_in(await begin(step_up, browser), ACCOUNTS["ana"]))
    await step_up.finish(list(first.items()), browser.secret)
    second = dict(await browser.sign_in(await begin(step_up, browser), ACCOUNTS["ana"]))
    with pytest.raises(CodeRefused):
        await step_up.finish(list((second | {"code": first["code"]}).items()), browser.secret)


async def test_a_code_of_another_sign_in(step_up, browser, other_browser):
    """A stolen code, not used yet, put into one's own callback: PKCE ties it to the sign-in it was made for."""
    victim = dict(await other_browser.sign_in(await begin(step_up, other_browser), ACCOUNTS["ana"]))
    mine = dict(await browser.sign_in(await begin(step_up, browser), ACCOUNTS["ben"]))
    with pytest.raises(CodeRefused):
        await step_up.finish(list((mine | {"code": victim["code"]}).items()), browser.secret)


async def test_states_swapped_between_people(step_up, browser, other_browser):
    """Each callback in the other's browser is refused, and is still good in its own."""
    ana = await browser.sign_in(await begin(step_up, browser, "ana"), ACCOUNTS["ana"])
    ben = await other_browser.sign_in(await begin(step_up, other_browser, "ben"), ACCOUNTS["ben"])
    for params, wrong in ((ana, other_browser), (ben, browser)):
        with pytest.raises(OtherBrowser):
            await step_up.finish(params, wrong.secret)
    found = [await step_up.finish(ana, browser.secret), await step_up.finish(ben, other_browser.secret)]
    assert ["ana", "ben"] == [attempt.person for _, attempt in found]


async def test_somebody_else_signs_in_by_a_link(step_up, browser, other_browser):
    """An address that was sent to another person comes back to their browser, where it counts for nobody."""
    params = await other_browser.sign_in(await begin(step_up, browser), ACCOUNTS["ben"])
    with pytest.raises(OtherBrowser):
        await step_up.finish(params, other_browser.secret)
    with pytest.raises(OtherAccount):
        await step_up.finish(params, browser.secret)


async def test_states_swapped_in_one_browser(step_up, browser):
    """Two requests open in one browser: the code of one does not confirm the other."""
    one = dict(await browser.sign_in(await begin(step_up, browser), ACCOUNTS["ana"]))
    two = dict(await browser.sign_in(await begin(step_up, browser, digest="c" * 64), ACCOUNTS["ana"]))
    with pytest.raises(CodeRefused):
        await step_up.finish(list((one | {"code": two["code"]}).items()), browser.secret)


@pytest.mark.parametrize("state", ["", "x" * 43, "short", "jit:{mfa}:step-up:*", "é" * 43])
async def test_a_state_that_nobody_knows(step_up, browser, state):
    """Made up, or cut: nothing waits for it."""
    with pytest.raises(UnknownAttempt, match="page"):
        await step_up.finish([("state", state), ("code", "x")], browser.secret)


async def test_it_waits_five_minutes(step_up, browser, redis):
    """By the key's native TTL; the key holds no state that could be used, only its digest."""
    address = await begin(step_up, browser)
    (key,) = await redis.calls.keys("*step-up*")
    state = parse_qs(urlsplit(address).query)["state"][0]
    assert (keys.step_up(state), False) == (key, state in key)
    assert 290_000 < await redis.calls.pttl(key) <= 300_000
    params = await browser.sign_in(address, ACCOUNTS["ana"])
    await redis.calls.pexpire(key, 1)
    await asyncio.sleep(0.01)
    with pytest.raises(UnknownAttempt):
        await step_up.finish(params, browser.secret)


async def test_any_replica_takes_it(step_up, client, redis, accounts, browser):
    """What began at one replica comes back to another that has asked the provider nothing yet."""
    params = await browser.sign_in(await begin(step_up, browser), ACCOUNTS["ana"])
    async with aiohttp.ClientSession() as session:
        other = StepUp(Provider(session, client), StepUpStore(redis.calls), accounts.get)
        proof, _ = await other.finish(params, browser.secret)
    assert Factor.OIDC == proof.factor


async def test_giving_up(step_up, browser):
    """Whoever cancels at the provider is told so, and the sign-in is over."""
    params = await browser.sign_in(await begin(step_up, browser), "")
    with pytest.raises(NotSignedIn, match="cancelled"):
        await step_up.finish(params, browser.secret)
    with pytest.raises(UnknownAttempt):
        await step_up.finish(params, browser.secret)


@pytest.mark.parametrize("issuer_said", ["https://evil.example.com", None])
async def test_an_answer_of_another_issuer(step_up, browser, issuer_said):
    """RFC 9207: this provider says that it always tells who answers, so an answer that does not is refused."""
    params = dict(await browser.sign_in(await begin(step_up, browser), ACCOUNTS["ana"]))
    del params["iss"]
    more = {"iss": issuer_said} if issuer_said else {}
    with pytest.raises(OtherIssuer):
        await step_up.finish(list((params | more).items()), browser.secret)


async def test_parameters_that_come_twice(step_up, browser):
    """RFC 6749 3.1; nothing is taken for it, so the right callback still counts."""
    params = await browser.sign_in(await begin(step_up, browser), ACCOUNTS["ana"])
    with pytest.raises(MalformedCallback, match="twice"):
        await step_up.finish([*params, ("code", "mine")], browser.secret)
    with pytest.raises(MalformedCallback, match="long"):
        await step_up.finish([*params, ("more", "x" * 5000)], browser.secret)
    await step_up.finish(params, browser.secret)


async def test_no_code_and_no_error(step_up, browser):
    """Neither a sign-in nor a word why not."""
    params = await browser.sign_in(await begin(step_up, browser), ACCOUNTS["ana"])
    with pytest.raises(MalformedCallback, match="no code"):
        await step_up.finish([pair for pair in params if pair[0] != "code"], browser.secret)


async def test_a_wrong_secret_is_told_to_whoever_runs_the_bot(client, http, redis, accounts, browser):
    """The provider refuses the bot, not the person: nothing is held against them."""
    wrong = Client(client.issuer, client.id, "wrong", client.acr)
    step_up = StepUp(Provider(http, wrong), StepUpStore(redis.calls), accounts.get)
    params = await browser.sign_in(await begin(step_up, browser), ACCOUNTS["ana"])
    with pytest.raises(ProviderMisfit, match="JIT_OIDC_CLIENT_ID") as refused:
        await step_up.finish(params, browser.secret)
    assert (False, False) == (refused.value.recorded, "wrong" in str(refused.value))


async def test_a_browser_and_a_digest_are_needed(step_up, browser):
    """A caller that binds it to nothing is a bug, and begins nothing."""
    for missing in ({"browser": ""}, {"digest": ""}):
        given = {"digest": DIGEST, "page": PAGE, "browser": browser.secret, "return_to": RETURN_TO}
        with pytest.raises(ValueError, match="belongs to one browser"):
            await step_up.begin("ana", **(given | missing))
