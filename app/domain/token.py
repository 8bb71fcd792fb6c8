"""Tokens of the API: opaque, scoped, expiring. What is kept of one is never enough to use it."""

import hashlib
import re
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from hmac import compare_digest
from typing import NamedTuple

from app.domain.ids import ALPHABET, Choose
from app.domain.run import Run
from app.domain.value import Value

ID_LENGTH = 10
SECRET_LENGTH = 32
"""Characters of 5 bits: 160 bits, more than the 128 that nobody guesses."""
_SIGNS = ALPHABET.lower()
_TOKEN = re.compile(rf"jit_([{_SIGNS}]{{{ID_LENGTH}}})_([{_SIGNS}]{{{SECRET_LENGTH}}})")
LASTS = timedelta(days=30)
"""How long a person's token lasts."""
LASTS_AT_MOST = timedelta(days=366)


class Scope(StrEnum):
    """What a token lets its bearer do; never more than the bearer may anyway."""

    REQUEST = "request"
    READ = "read"
    DECIDE = "decide"
    CHECK = "check"
    CONSUME = "consume"
    OFFLINE = "offline"


OF_PEOPLE = (Scope.REQUEST, Scope.READ, Scope.DECIDE, Scope.CHECK, Scope.CONSUME)
OF_MACHINES = (Scope.CHECK, Scope.CONSUME, Scope.REQUEST, Scope.READ, Scope.OFFLINE)
"""Nobody decides by machine; and people have offline tokens of their own grants by `request` alone."""


class Bearer(StrEnum):
    """Whose a token is."""

    PERSON = "person"
    MACHINE = "machine"


class Token(Value):
    """What is known of a token. `owner` is the id of a person or the name of a machine in policy.

    `slack` is the person's Slack user when it was made: a token of an id that is given to another is dead.
    `label` says where it is used, as its maker said: never to be trusted, only to be recognised.
    """

    id: str
    bearer: Bearer
    owner: str
    slack: str = ""
    scopes: tuple[Scope, ...]
    label: str = ""
    workload: str = ""
    """Of a job of CI, the digest of what policy said that it must be; with another policy the token is dead."""
    run: Run | None = None
    """Of a job of CI, which run it was made for."""
    digest: str
    """SHA-256 of the secret, in hexadecimal. The secret has 160 random bits, so that a slow hash adds nothing."""
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


class Presented(NamedTuple):
    """A token as somebody presents it."""

    id: str
    secret: str

    def is_of(self, token: Token) -> bool:
        """Tell whether the secret is the token's, in a time that does not depend on where it differs."""
        return compare_digest(digest_of(self.secret), token.digest)


class Made(NamedTuple):
    """A new token and its text, which is shown once and kept nowhere."""

    token: Token
    text: str


def read_token(text: str) -> Presented | None:
    """Read a token's text; None when it has not the form of one."""
    match = _TOKEN.fullmatch(text)
    return Presented(*match.groups()) if match else None


def digest_of(secret: str) -> str:
    """Give the SHA-256 of a secret, in hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()


def make_token(make: Callable[[str, str], Token], choose: Choose = secrets.choice) -> Made:
    """Make a token; `make` is given its id and the digest of its secret."""
    token_id = "".join(choose(_SIGNS) for _ in range(ID_LENGTH))
    secret = "".join(choose(_SIGNS) for _ in range(SECRET_LENGTH))
    return Made(make(token_id, digest_of(secret)), f"jit_{token_id}_{secret}")
