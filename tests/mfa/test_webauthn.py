"""Contract of keys: only a verified touch, for this challenge, on this site, by a key of this person, counts.

What is anything else is refused with a code of its own. The key is software, and does what an attacker's would.
"""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.credential import Credential
from app.domain.proof import Factor
from app.mfa import webauthn
from app.mfa.refusals import FactorRefused
from app.mfa.relying_party import relying_party
from app.playground.authenticator import Authenticator, base64url, from_base64url
from tests.mfa.holders import RP
from tests.people import ANA, BEN, NOW

ASKED, OTHER = b"a" * 32, b"b" * 32


def a_key(device: Authenticator, by=ANA, counts_from=NOW) -> Credential:
    options = webauthn.registration_options(by, (), ASKED, RP)
    key = webauthn.verify_registration(device.create(options, RP.origin), ASKED, RP)
    bare = Credential(
        id="F01-0000000",
        factor=Factor.WEBAUTHN,
        slack=by.slack,
        label="k",
        created_at=NOW,
        counts_from=counts_from,
    )
    return bare.model_copy(update=key._asdict())


def touch(device: Authenticator, key: Credential, origin=RP.origin, **changed) -> str:
    return device.get(webauthn.assertion_options([key], ASKED, RP), origin, **changed)


def refusal(answer, keys, challenge=ASKED, rp=RP) -> str:
    with pytest.raises(FactorRefused) as told:
        webauthn.verify_assertion(answer, keys, challenge, rp, NOW)
    return told.value.code


def new_refusal(answer, challenge=ASKED) -> str:
    with pytest.raises(FactorRefused) as told:
        webauthn.verify_registration(answer, challenge, RP)
    return told.value.code


def altered(answer: str, name: str, change) -> str:
    """The answer with one of its parts changed, as bytes."""
    given = json.loads(answer)
    given["response"][name] = base64url(change(from_base64url(given["response"][name])))
    return json.dumps(given)


def test_a_touch_of_ones_key_counts():
    """It gives whose it is, and the counter."""
    device = Authenticator()
    key, other = a_key(device), a_key(Authenticator())
    assert (key, 1) == webauthn.verify_assertion(touch(device, key), [other, key], ASKED, RP, NOW)


def test_what_the_browser_is_asked():
    """User verification each time, five minutes, the keys that are known, and nothing of who the person is."""
    key = a_key(Authenticator())
    made = json.loads(webauthn.registration_options(ANA, [key], ASKED, RP))
    asked = json.loads(webauthn.assertion_options([key], ASKED, RP))
    assert ("required", "required", "none") == (
        made["authenticatorSelection"]["userVerification"],
        asked["userVerification"],
        made["attestation"],
    )
    assert [key.raw_id] == [each["id"] for each in made["excludeCredentials"]]
    assert [key.raw_id] == [each["id"] for each in asked["allowCredentials"]]
    assert ("jit.example.com", 300_000) == (asked["rpId"], asked["timeout"])
    assert 32 == len(from_base64url(made["user"]["id"]))
    assert b"ana" not in from_base64url(made["user"]["id"])


def test_an_answer_to_another_request():
    """The challenge is the request's, so an assertion for one is worth nothing for another."""
    device = Authenticator()
    key = a_key(device)
    assert "other_challenge" == refusal(touch(device, key), [key], challenge=OTHER)


def test_another_persons_key():
    """Ben's touch, on a page of Ana's, is by no key of hers; nor is one that was removed."""
    ben = Authenticator()
    hers, his = a_key(Authenticator()), a_key(ben, BEN)
    assert "unknown_credential" == refusal(touch(ben, his), [hers])
    assert "unknown_credential" == refusal(touch(ben, his), [])


@pytest.mark.parametrize(
    "origin",
    [
        "https://jit.example.com.evil.test",
        "http://jit.example.com",
        "https://jit.example.com:8443",
        "null",
        "",
    ],
)
def test_another_origin(origin):
    """A page that imitates ours, or ours without TLS or by another port."""
    device = Authenticator()
    key = a_key(device)
    assert "wrong_origin" == refusal(touch(device, key, origin), [key])


def test_a_page_in_somebodys_frame():
    """No page of ours is to be framed, so an answer from within a frame is not taken."""
    device = Authenticator()
    key = a_key(device)
    assert "wrong_origin" == refusal(touch(device, key, cross_origin=True), [key])


def test_another_relying_party():
    """The key signed for another site, whatever the browser says."""
    device = Authenticator()
    key = a_key(device)
    assert "wrong_relying_party" == refusal(touch(device, key, rp_id="evil.test"), [key])


def test_a_touch_alone_is_not_enough():
    """Without user verification anybody who finds the key could touch it; neither for use nor for adding."""
    device = Authenticator()
    key = a_key(device)
    device.verifies = False
    assert "no_user_verification" == refusal(touch(device, key), [key])
    options = webauthn.registration_options(ANA, (), ASKED, RP)
    assert "no_user_verification" == new_refusal(device.create(options, RP.origin))


def test_what_was_changed_on_the_way():
    """A counter, a flag or a signature that is not what the key signed."""
    device = Authenticator()
    key = a_key(device)
    answer = touch(device, key)
    assert "bad_signature" == refusal(altered(answer, "authenticatorData", lambda d: d[:-1] + b"\x63"), [key])
    assert "bad_signature" == refusal(
        altered(answer, "signature", lambda s: s[:-1] + bytes([s[-1] ^ 1])), [key]
    )
    assert "bad_signature" == refusal(altered(answer, "signature", lambda s: b""), [key])
    mine = key.model_copy(update={"public_key": a_key(Authenticator()).public_key})
    assert "bad_signature" == refusal(answer, [mine])


def test_an_answer_of_the_other_kind():
    """What makes a key proves nothing, and a touch makes none."""
    device = Authenticator()
    key = a_key(device)
    assert "malformed_answer" == refusal(touch(device, key, type="webauthn.create"), [key])
    options = webauthn.registration_options(ANA, (), ASKED, RP)
    assert "malformed_answer" == new_refusal(device.create(options, RP.origin, type="webauthn.get"))
    assert "other_challenge" == new_refusal(device.create(options, RP.origin), OTHER)
    assert "wrong_origin" == new_refusal(device.create(options, "https://evil.test"))
    assert "wrong_relying_party" == new_refusal(device.create(options, RP.origin, rp_id="evil.test"))


def test_too_new_a_key_proves_nothing_yet():
    """Until its cooling-off is over; but a forged touch is told to be forged first."""
    device = Authenticator()
    key = a_key(device, counts_from=NOW + timedelta(hours=1))
    assert "cooling_off" == refusal(touch(device, key), [key])
    assert "bad_signature" == refusal(altered(touch(device, key), "signature", lambda s: s[:-2]), [key])


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.one_of(st.text(max_size=200), json_like.map(json.dumps), st.just("[" * 30_000), st.just("1" * 50_000))
)
def test_whatever_a_stranger_sends_is_refused(answer):
    """Never another error, however deep or long it is."""
    assert "malformed_answer" == refusal(answer, [])
    assert "malformed_answer" == new_refusal(answer)


@given(
    st.sampled_from(["clientDataJSON", "authenticatorData", "signature", "userHandle"]),
    st.one_of(st.binary(max_size=120), json_like.map(lambda value: json.dumps(value).encode())),
)
def test_whatever_one_part_of_a_touch_becomes_it_is_refused(name, data):
    """A part of random bytes never passes; the user's handle is not signed, and is not looked at."""
    device = Authenticator()
    key = a_key(device)
    changed = altered(touch(device, key), name, lambda _: data)
    if name == "userHandle":
        assert key == webauthn.verify_assertion(changed, [key], ASKED, RP, NOW)[0]
    else:
        assert refusal(changed, [key])


@given(st.binary(max_size=400))
def test_whatever_is_made_is_refused_unless_it_is_a_key(data):
    """An attestation of random bytes never passes."""
    options = webauthn.registration_options(ANA, (), ASKED, RP)
    made = Authenticator().create(options, RP.origin)
    assert new_refusal(altered(made, "attestationObject", lambda _: data))


def test_the_site_is_the_public_address():
    """The id is the host name, the origin has the port."""
    assert ("localhost", "http://localhost:8080") == relying_party("http://localhost:8080")[:2]
