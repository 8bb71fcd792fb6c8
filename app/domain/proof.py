"""What a decision rests on: a session in Slack, a token of the API, or a factor that proves the person."""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import model_validator

from app.domain.duration import format_duration
from app.domain.ids import is_id
from app.domain.value import Value


class Factor(StrEnum):
    """A way to prove that one is the person, and not merely whoever holds their session."""

    WEBAUTHN = "webauthn"
    TOTP = "totp"
    OIDC = "oidc"

    @property
    def words(self) -> str:
        """What people know it as."""
        return FACTOR_WORDS[self]


FACTOR_WORDS = {
    Factor.WEBAUTHN: "a security key",
    Factor.TOTP: "a code of an authenticator app",
    Factor.OIDC: "a fresh sign-in",
}
PROVEN = {
    "slack-session": "by a click in Slack",
    "api-token": "with a token of the API",
    **{factor.value: f"with {words}" for factor, words in FACTOR_WORDS.items()},
}


class Proof(Value):
    """What somebody's word rests on. `kind` is `slack-session`, `api-token`, or a factor's value.

    `credential` is a short id of the key, the app or the subject, and never a secret. `ip` is the address that
    it came from, empty where it is not known, as always in Slack; `ip_told_by` is as in `Request`. `at` is when
    the person proved it, where that is told apart from when it was used.
    """

    kind: str
    credential: str = ""
    ip: str = ""
    ip_told_by: str = ""
    at: datetime | None = None

    @model_validator(mode="before")
    @classmethod
    def _once_a_word(cls, value: Any) -> Any:
        """Read what was stored when a proof was its kind alone."""
        return {"kind": value} if isinstance(value, str) else value

    @property
    def factor(self) -> Factor | None:
        """The factor that it is; None for a session and a token, which prove no person."""
        return Factor(self.kind) if self.kind in set(Factor) else None

    def seen_from(self, ip: str, told_by: str = "") -> "Proof":
        """Give the same proof as it came from an address."""
        return self.model_copy(update={"ip": ip, "ip_told_by": told_by})

    @property
    def told(self) -> str:
        """Say it after a verb: `with a security key (F07-4KX9TQZ), from 192.0.2.7`; not escaped for anything."""
        how = PROVEN.get(self.kind, f"by {self.kind}")
        part = "" if is_id(self.credential) else "…"  # of an account at a provider the end alone is kept
        which = f" ({part}{self.credential})" if self.credential else ""
        told_by = ", told by a proxy" if self.ip and self.ip_told_by == "proxy" else ""
        where = f", from {self.ip}{told_by}" if self.ip else ""
        return f"{how}{which}{where}"

    def told_at(self, at: datetime) -> str:
        """Say it of something that it was used for then, with its age where it was made for something else."""
        age = at - self.at if self.at else timedelta()
        minutes = age // timedelta(minutes=1)
        return (
            f"{self.told}, proven {format_duration(timedelta(minutes=minutes))} before"
            if minutes > 0
            else self.told
        )


SLACK_SESSION = Proof(kind="slack-session")
API_TOKEN = Proof(kind="api-token")


def factors_in_words(factors: Collection[Factor]) -> str:
    """Name factors of which one will do: `a security key or a fresh sign-in`; none at all is said so."""
    words = [factor.words for factor in Factor if factor in factors]
    if not words:
        return "a factor that nobody has"
    return " or ".join([", ".join(words[:-1]), words[-1]] if words[:-1] else words)
