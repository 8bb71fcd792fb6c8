"""Contract: a proof says what somebody's word rests on, in words for people, and never more than it knows.

What was stored when a proof was one word still reads. A session and a token prove no person.
"""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.events import event_json
from app.domain.proof import API_TOKEN, SLACK_SESSION, Factor, Proof, factors_in_words
from app.domain.request import Decision
from tests.people import BEN, NOW

texts = st.text(max_size=20)
proofs = st.builds(
    Proof,
    kind=st.sampled_from([SLACK_SESSION.kind, API_TOKEN.kind, *Factor]).map(str),
    credential=texts,
    ip=texts,
    ip_told_by=texts,
    at=st.none() | st.datetimes(timezones=st.just(UTC)),
)


@given(proofs)
def test_stored_and_read(proof):
    """A proof goes through JSON unharmed."""
    assert proof == Proof.model_validate_json(proof.model_dump_json())


@pytest.mark.parametrize("proof", [SLACK_SESSION, API_TOKEN])
def test_what_was_stored_as_a_word(proof):
    """A decision and an event of before hold the word alone, and read as the same proof."""
    decided = {"stage": "a", "by": BEN.model_dump(), "approved": True, "at": NOW.isoformat()}
    told = {"kind": "denied", "request_id": "R", "at": NOW, "by": "ben", "stage": "a", "comment": "c"}

    assert proof == Decision.model_validate({**decided, "proof": proof.kind}).proof
    assert proof == event_json.validate_python({**told, "proof": proof.kind}).proof


@given(proofs)
def test_the_factor(proof):
    """Only a factor is one."""
    assert (None if proof.kind in {"slack-session", "api-token"} else proof.kind) == proof.factor


@pytest.mark.parametrize(
    ("proof", "told"),
    [
        (SLACK_SESSION, "by a click in Slack"),
        (API_TOKEN.seen_from("192.0.2.7"), "with a token of the API, from 192.0.2.7"),
        (
            Proof(kind="webauthn", credential="1a2b", ip="192.0.2.7", at=datetime(2026, 3, 2, tzinfo=UTC)),
            "with a security key (…1a2b), from 192.0.2.7",
        ),
        (
            Proof(kind="totp").seen_from("2001:db8::7", "proxy"),
            "with a code of an authenticator app, from 2001:db8::7, told by a proxy",
        ),
        (Proof(kind="totp", credential="F07-4KX9TQZ"), "with a code of an authenticator app (F07-4KX9TQZ)"),
        (Proof(kind="oidc", credential="7f3"), "with a fresh sign-in (…7f3)"),
        (Proof(kind="carrier-pigeon"), "by carrier-pigeon"),
    ],
)
def test_told(proof, told):
    """It is told after a verb, in a person's words, with the credential and the address where they are known."""
    assert told == proof.told


@pytest.mark.parametrize(
    ("factors", "words"),
    [
        ((), "a factor that nobody has"),
        ((Factor.TOTP,), "a code of an authenticator app"),
        ((Factor.OIDC, Factor.WEBAUTHN), "a security key or a fresh sign-in"),
        (tuple(Factor), "a security key, a code of an authenticator app or a fresh sign-in"),
    ],
)
def test_factors_in_words(factors, words):
    """Those of which one will do are named in one order, whatever order they came in."""
    assert words == factors_in_words(factors)
