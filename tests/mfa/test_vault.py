"""Contract of the vault: unreadable without a key, changed by nobody, one person's alone, rotated as it is used."""

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from app.mfa.refusals import FactorsOff, SecretUnreadable
from app.mfa.vault import Vault
from tests.mfa.holders import KEY, NEWER


@given(st.text(), st.text())
def test_what_is_sealed_is_opened_by_its_owner(secret, whose):
    """And shows nothing of itself."""
    vault = Vault([KEY])
    sealed = vault.seal(secret, whose)
    assert (secret, None) == vault.open(sealed, whose)
    assert len(secret) < 6 or secret not in sealed


def test_rotation():
    """A new key in front seals; what the old one sealed opens, with itself anew; then the old one can go."""
    sealed = Vault([KEY]).seal("s", "ana")
    secret, anew = Vault([NEWER, KEY]).open(sealed, "ana")
    assert ("s", ("s", None)) == (secret, Vault([NEWER]).open(anew, "ana"))
    with pytest.raises(SecretUnreadable):
        Vault([NEWER]).open(sealed, "ana")


@given(st.integers(0, 90), st.integers(1, 255))
def test_what_was_tampered_with(place, change):
    """Any changed byte is noticed."""
    vault = Vault([KEY])
    sealed = bytearray(vault.seal("JBSWY3DP", "ana").encode())
    sealed[place % len(sealed)] ^= change
    with pytest.raises(SecretUnreadable):
        vault.open(sealed.decode("latin-1"), "ana")


def test_what_is_somebody_elses():
    """Ben's secret, put in the place of Ana's, does not open: else he could prove that he is her."""
    with pytest.raises(SecretUnreadable):
        Vault([KEY]).open(Vault([KEY]).seal("s", "ben"), "ana")
    with pytest.raises(SecretUnreadable):
        Vault([KEY]).open(Fernet(KEY).encrypt(b"[]").decode(), "ana")


def test_without_a_key():
    """Nothing is sealed, and a sentence says which setting is missing; nothing opens."""
    with pytest.raises(FactorsOff, match="JIT_SECRET_KEYS"):
        Vault([]).seal("s", "ana")
    with pytest.raises(SecretUnreadable):
        Vault([]).open(Vault([KEY]).seal("s", "ana"), "ana")
