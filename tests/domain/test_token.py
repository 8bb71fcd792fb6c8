"""Contract of a token's text: it names itself, holds 160 random bits, and only its own secret opens it."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.token import Bearer, Scope, Token, digest_of, make_token, read_token
from tests.people import NOW


def a_token():
    return make_token(
        lambda token_id, digest: Token(
            id=token_id,
            bearer=Bearer.PERSON,
            owner="ana",
            slack="U0ANA",
            scopes=(Scope.READ,),
            digest=digest,
            created_at=NOW,
            expires_at=NOW + timedelta(days=1),
        )
    )


def test_its_own_secret_opens_it():
    """Its text reads back to its id and a secret that is its own; what is kept of it holds no secret."""
    made = a_token()
    presented = read_token(made.text)
    assert (made.token.id, True) == (presented.id, presented.is_of(made.token))
    assert presented.secret not in made.token.model_dump_json()
    assert not presented.is_of(a_token().token)
    assert not presented._replace(secret=digest_of(presented.secret)).is_of(made.token)


def test_no_two_are_alike():
    """Ids and secrets are drawn anew each time; 32 signs of 5 bits are 160."""
    made = [a_token() for _ in range(200)]
    assert (200, 200) == (len({each.text for each in made}), len({each.token.id for each in made}))
    assert {32} == {len(read_token(each.text).secret) for each in made}


@given(st.text(max_size=80))
def test_any_text_is_a_token_or_none(text):
    """Nothing raises, and nothing that is not of the form passes."""
    assert read_token(text) is None
    assert read_token(f"{a_token().text}{text}") is None or text == ""
