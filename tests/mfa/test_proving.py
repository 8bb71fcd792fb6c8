"""Contract of proofs: each touch, code and recovery code is good once, for one person, whoever races anywhere.

What is refused says why in words to act on, and is recorded once in the stream of its person. It holds on each
server that the product runs on, and over several replicas.
"""

import asyncio
from datetime import timedelta

import pytest

from app.domain.people import Principal
from app.domain.refusals import BadInput, Refused
from app.mfa import totp
from app.mfa.proving import Asked, Proving
from app.mfa.refusals import FactorRefused
from app.mfa.vault import Vault
from app.store import keys
from app.store.connection import connect
from app.store.factors import FactorStore
from tests.mfa.holders import KEY, NEWER, RP, Holder
from tests.people import ANA, BEN

ASKED = b"a" * 32
SECRET = totp.new_secret()
FROM = Asked(about="R07-4KX9TQZ", ip="192.0.2.7", ip_told_by="proxy")
HOUR = timedelta(hours=1)


async def refusal(doing) -> str:
    with pytest.raises(Refused) as told:
        await doing
    return told.value.code


async def outcomes(*doing) -> list[str]:
    """What came of each: `ok`, or the refusal's code."""
    done = await asyncio.gather(*doing, return_exceptions=True)
    for each in done:
        if isinstance(each, BaseException) and not isinstance(each, Refused):
            raise each
    return sorted(each.code if isinstance(each, Refused) else "ok" for each in done)


async def test_a_proof_says_what_it_rests_on(connection):
    """The factor, its credential, from where and when; the credential says when it was last used."""
    ana = Holder(connection, ANA)
    key = await ana.has_key()
    proof = await ana.proving.by_key(ANA, await ana.touches(ASKED), ASKED, FROM)
    assert ("webauthn", key.id, "192.0.2.7", "proxy") == (
        proof.kind,
        proof.credential,
        proof.ip,
        proof.ip_told_by,
    )
    held = (await ana.proving.holdings(ANA)).credentials[0]
    assert (1, True) == (held.sign_count, held.last_used_at >= proof.at)


@pytest.mark.parametrize("counts", [True, False])
async def test_an_answer_counts_once(connection, counts):
    """Also of a key that does not count its uses, and whoever races; what is refused is recorded."""
    ana = Holder(connection, ANA)
    ana.device.counts = counts
    await ana.has_key()
    answer = await ana.touches(ASKED)
    came = await outcomes(*(ana.proving.by_key(ANA, answer, ASKED, FROM) for _ in range(20)))
    assert ["answer_replayed"] * 19 + ["ok"] == came
    assert ["answer_replayed"] * 19 == await ana.refused()
    assert {FROM.about} == {e.about for e in await ana.told() if e.kind == "factor_refused"}


async def test_a_counter_that_went_back_is_refused_and_recorded(connection):
    """A copy of the key is behind it, or the key is behind its copy; the last count stays."""
    ana = Holder(connection, ANA)
    await ana.has_key()
    await ana.proving.by_key(ANA, await ana.touches(ASKED, count=7), ASKED)
    for challenge, count in ((b"b" * 32, 7), (b"c" * 32, 3), (b"d" * 32, 0)):
        answer = await ana.touches(challenge, count=count)
        assert "stale_counter" == await refusal(ana.proving.by_key(ANA, answer, challenge))
    await ana.proving.by_key(ANA, await ana.touches(b"e" * 32, count=8), b"e" * 32)
    assert ["stale_counter"] * 3 == await ana.refused()


async def test_a_forged_touch_raises_no_false_alarm_of_a_copy(connection):
    """The counter of what the key did not sign says nothing, and is not compared."""
    ana = Holder(connection, ANA)
    await ana.has_key()
    await ana.proving.by_key(ANA, await ana.touches(ASKED, count=7), ASKED)
    forger = Holder(connection, ANA)
    await forger.has_key()
    forger.device.keys = dict(zip(ana.device.keys, forger.device.keys.values(), strict=True))
    answer = await forger.touches(b"b" * 32, count=1)
    assert "bad_signature" == await refusal(ana.proving.by_key(ANA, answer, b"b" * 32))


async def test_a_key_of_somebody_else_or_of_before(connection):
    """Ben's key is none of Ana's; a removed one is none any more; none at all says to add one."""
    ana, ben = Holder(connection, ANA), Holder(connection, BEN)
    his = await ben.has_key()
    answer = await ben.touches(ASKED)
    assert "no_factor" == await refusal(ana.proving.ask_key(ANA, ASKED))
    assert "unknown_credential" == await refusal(ana.proving.by_key(ANA, answer, ASKED))
    assert await ben.store.remove("ben", his, ben._event(his))
    assert "unknown_credential" == await refusal(ben.proving.by_key(BEN, answer, ASKED))
    assert (["unknown_credential"], ["unknown_credential"]) == (await ana.refused(), await ben.refused())


async def test_a_key_removed_between_the_check_and_the_use(connection):
    """The store has the last word."""
    ana = Holder(connection, ANA)
    key = await ana.has_key()
    await ana.store.remove("ana", key, ana._event(key))
    event = ana._event(key)
    assert "gone" == await ana.store.use_key("ana", key.id, 1, "c", replayed=event, stale=event)
    assert {} == await connection.calls.hgetall(keys.factors("ana"))


async def test_an_id_that_was_given_to_another_person(connection):
    """Keys were added for a Slack user; who gets the id in the policies later does not get the keys."""
    await Holder(connection, ANA).has_key()
    new = Principal(id="ana", name="Ana Other", slack="U0OTHER")
    assert ((), 0) == (await Holder(connection, new).proving.holdings(new))[:2]


async def test_too_new_a_factor_proves_nothing(connection):
    """Neither key nor app, until the cooling-off is over; the attempt is recorded."""
    ana = Holder(connection, ANA)
    await ana.has_key(timedelta(seconds=1))
    await ana.has_app(SECRET, HOUR)
    assert "cooling_off" == await refusal(ana.proving.ask_key(ANA, ASKED))
    assert "cooling_off" == await refusal(ana.proving.by_code(ANA, await ana.code(SECRET)))
    await asyncio.sleep(1.05)
    assert (await ana.proving.by_key(ANA, await ana.touches(ASKED), ASKED)).kind == "webauthn"
    assert ["cooling_off"] == await ana.refused()


async def test_a_code_counts_once_over_all_replicas(connection):
    """Twenty clicks at once on two replicas: one is taken, and the rest are tries that failed."""
    ana, replica = Holder(connection, ANA), Holder(connection, ANA)
    app = await ana.has_app(SECRET)
    code = await ana.code(SECRET)
    came = await outcomes(*(each.proving.by_code(ANA, code, FROM) for each in (ana, replica) * 10))
    assert (1, 5, 14) == (came.count("ok"), came.count("code_used"), came.count("too_many_tries"))
    assert ["code_used"] * 5 + ["too_many_tries"] == await ana.refused()
    assert {app.id} == {e.request_id for e in await ana.told()}


async def test_a_code_of_a_step_before_the_last_one(connection):
    """A code seen over a shoulder is worth nothing once a later one was taken."""
    ana = Holder(connection, ANA)
    await ana.has_app(SECRET)
    earlier, later = await ana.code(SECRET, -totp.STEP), await ana.code(SECRET, totp.STEP)
    assert "totp" == (await ana.proving.by_code(ANA, later)).kind
    assert "code_used" == await refusal(ana.proving.by_code(ANA, earlier))


async def test_guessing_ends_after_five_tries(connection):
    """However many guess at once, five are looked at; then not even the right code is taken, of any app."""
    ana, ben = Holder(connection, ANA), Holder(connection, BEN)
    other = totp.new_secret()
    await ana.has_app(SECRET)
    await ana.has_app(other)
    await ben.has_app(SECRET)
    right = {await ana.code(s, n * totp.STEP) for s in (SECRET, other) for n in range(-30, 30)}
    wrong = [code for code in map("{:06}".format, range(400)) if code not in right][:40]
    came = await outcomes(*(ana.proving.by_code(ANA, code) for code in wrong))
    assert ["too_many_tries"] * 35 + ["wrong_code"] * 5 == came
    assert ["too_many_tries"] * 2 == await outcomes(
        *[ana.proving.by_code(ANA, await ana.code(secret)) for secret in (SECRET, other)]
    )
    assert ["wrong_code"] * 5 + ["too_many_tries"] == await ana.refused()
    with pytest.raises(FactorRefused, match="15 min"):
        await ana.proving.by_code(ANA, wrong[0])
    assert "totp" == (await ben.proving.by_code(BEN, await ben.code(SECRET))).kind
    assert 890_000 < await connection.calls.pttl(keys.factor_tries("ana")) <= 900_000


async def test_tries_come_back_one_by_one(connection):
    """The span slides: what failed 15 minutes ago is forgotten, and no more than that."""
    ana = Holder(connection, ANA)
    await ana.has_app(SECRET)
    now = int((await ana.now()).timestamp() * 1000)
    old = [f"{now - 899_000 + offset}:0" for offset in (-2_000, 500, 600, 700, 800)]
    await connection.calls.rpush(keys.factor_tries("ana"), *old)
    assert "wrong_code" == await refusal(ana.proving.by_code(ANA, "000000"))
    assert "too_many_tries" == await refusal(ana.proving.by_code(ANA, await ana.code(SECRET)))


async def test_what_is_right_uses_no_tries(connection):
    """Whoever approves often is not locked out by it."""
    ana = Holder(connection, ANA)
    app = await ana.has_app(SECRET)
    for _ in range(7):
        await connection.calls.hset(keys.factors("ana"), f"step:{app.id}", 0)
        assert "totp" == (await ana.proving.by_code(ANA, await ana.code(SECRET))).kind
    assert 0 == await connection.calls.exists(keys.factor_tries("ana"))


@pytest.mark.parametrize(("minutes", "way"), [(10, "ahead"), (-10, "behind")])
async def test_a_clock_that_is_off_is_told_so(connection, minutes, way):
    """By how much and which way; it was a try."""
    ana = Holder(connection, ANA)
    await ana.has_app(SECRET)
    code = await ana.code(SECRET, timedelta(minutes=minutes))
    with pytest.raises(FactorRefused, match=f"about 10 min {way}"):
        await ana.proving.by_code(ANA, code)
    assert ["clock_off"] == await ana.refused()


async def test_a_guess_of_a_code_to_come_is_worth_nothing(connection):
    """Who is told that it is of a clock that is ahead cannot wait for its time: that step is not taken."""
    ana = Holder(connection, ANA)
    app = await ana.has_app(SECRET)
    event, step = ana._event(app), 2_000_000
    told = {"wrong": event, "used": event, "locked": event}
    assert "wrong" == (await ana.store.use_step("ana", app.id, 0, step, **told)).outcome
    assert "used" == (await ana.store.use_step("ana", app.id, step, 0, **told)).outcome
    assert "ok" == (await ana.store.use_step("ana", app.id, step + 1, 0, **told)).outcome


async def test_what_is_no_code_is_no_try(connection):
    """A letter too many is told without looking at anything."""
    ana = Holder(connection, ANA)
    await ana.has_app(SECRET)
    for _ in range(6):
        with pytest.raises(BadInput, match="6 digits"):
            await ana.proving.by_code(ANA, "12345x")
    assert "totp" == (await ana.proving.by_code(ANA, await ana.code(SECRET))).kind


async def test_keys_of_secrets_are_rotated_as_they_are_used(connection):
    """With a new one in front the secret is encrypted anew at its next use, after which the old one can go."""
    await Holder(connection, ANA, (KEY,)).has_app(SECRET)
    rotating = Holder(connection, ANA, (NEWER, KEY))
    sealed = (await rotating.proving.holdings(ANA)).credentials[0].secret
    await rotating.proving.by_code(ANA, await rotating.code(SECRET))
    assert sealed != (await rotating.proving.holdings(ANA)).credentials[0].secret
    after = Holder(connection, ANA, (NEWER,))
    assert "totp" == (await after.proving.by_code(ANA, await after.code(SECRET, totp.STEP))).kind


async def test_a_secret_that_cannot_be_read_proves_nothing(connection):
    """Its key is gone, or someone put another's secret there: refused, recorded, and no code is tried."""
    ana, ben = Holder(connection, ANA), Holder(connection, BEN)
    app, his = await ana.has_app(SECRET), await ben.has_app(SECRET)
    code = await ana.code(SECRET)
    gone = Proving(ana.store, Vault([NEWER]), RP)
    assert "secret_unreadable" == await refusal(gone.by_code(ANA, code))
    sealed = await connection.calls.hget(keys.factors("ben"), f"secret:{his.id}")
    await connection.calls.hset(keys.factors("ana"), f"secret:{app.id}", sealed)
    assert "secret_unreadable" == await refusal(ana.proving.by_code(ANA, code))
    assert ["secret_unreadable"] * 2 == await ana.refused()


async def test_a_recovery_code_is_good_once(connection):
    """Whoever races; case and hyphens do not matter; it is recorded, and is no factor."""
    ana = Holder(connection, ANA)
    await ana.has_key()
    first, second, *_ = await ana.has_codes()
    came = await outcomes(*(ana.proving.by_recovery_code(ANA, first) for _ in range(4)))
    assert ["ok"] + ["wrong_recovery_code"] * 3 == came
    proof = await ana.proving.by_recovery_code(ANA, f" {second.lower().replace('-', '')} ")
    assert (None, "recovery", 8) == (proof.factor, proof.kind, (await ana.proving.holdings(ANA)).codes)
    assert 2 == sum(event.kind == "recovery_code_used" for event in await ana.told())


async def test_each_of_ten_at_once(connection):
    """Ten codes used at the same time are ten uses, and there are none left."""
    ana = Holder(connection, ANA)
    await ana.has_key()
    codes = await ana.has_codes()
    assert ["ok"] * 10 == await outcomes(*(ana.proving.by_recovery_code(ANA, code) for code in codes))
    assert 0 == (await ana.proving.holdings(ANA)).codes


async def test_recovery_codes_are_not_guessed_and_not_anothers(connection):
    """Five tries, together with those of an app; Ben's are none of Ana's, and none is kept as it is."""
    ana, ben = Holder(connection, ANA), Holder(connection, BEN)
    await ana.has_key()
    await ben.has_key()
    own, his = await ana.has_codes(), await ben.has_codes()
    came = [await refusal(ana.proving.by_recovery_code(ANA, his[0])) for _ in range(6)]
    assert ["wrong_recovery_code"] * 5 + ["too_many_tries"] == came
    assert "too_many_tries" == await refusal(ana.proving.by_recovery_code(ANA, own[0]))
    kept = str(await connection.calls.hgetall(keys.recovery("ana")))
    assert not any(code in kept or code.replace("-", "") in kept for code in own)


async def test_recovery_codes_cool_off_too(connection):
    """Else whoever adds a factor would have codes with which to remove the others at once."""
    ana = Holder(connection, ANA)
    await ana.has_key()
    codes = await ana.has_codes(HOUR)
    assert "cooling_off" == await refusal(ana.proving.by_recovery_code(ANA, codes[0]))
    assert 10 == (await ana.proving.holdings(ANA)).codes


async def test_what_lacks_a_setting_says_so(connection):
    """Without a public address no key is asked for."""
    ana = Holder(connection, ANA)
    await ana.has_key()
    with pytest.raises(FactorRefused, match="JIT_PUBLIC_URL"):
        await Proving(ana.store, ana.vault, None).ask_key(ANA, ASKED)


async def test_all_of_it_survives_the_process(redis_server):
    """It is in the store, so another process goes on where one stopped: key, counter, step and failed tries."""
    first = connect(f"unix://{redis_server.socket}")
    await first.calls.flushall()
    ana = Holder(first, ANA)
    await ana.has_key()
    await ana.has_app(SECRET)
    answer, code = await ana.touches(ASKED), await ana.code(SECRET)
    await ana.proving.by_key(ANA, answer, ASKED)
    await ana.proving.by_code(ANA, code)
    await first.aclose()
    second = connect(f"unix://{redis_server.socket}")
    again = Proving(FactorStore(second.calls), Vault([KEY]), RP)
    assert "answer_replayed" == await refusal(again.by_key(ANA, answer, ASKED))
    assert "code_used" == await refusal(again.by_code(ANA, code))
    await second.aclose()
