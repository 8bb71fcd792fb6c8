"""What a source says, before it is known which people of the policy it means."""

import hashlib
import json

from app.domain.value import Value
from app.policy.outside import Source


class Mention(Value):
    """One person, as a source names them, by whatever it tells of them. The names of people never count.

    `ids` may be a person's id in the policy, `slack` are ids of Slack users, `emails` addresses, `attributes`
    pairs such as `("pagerduty", "PXPGF42")` that a person of the policy may have.
    """

    ids: tuple[str, ...] = ()
    slack: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return ", ".join((*self.ids, *self.slack, *self.emails, *(value for _, value in self.attributes)))[
            :200
        ]


class Found(Value):
    """The members, and who is led by whom: pairs of a person and their manager."""

    members: tuple[Mention, ...] = ()
    managers: tuple[tuple[Mention, Mention], ...] = ()


class SourceFailed(Exception):  # noqa: N818  the name of what became of it
    """A source did not say who is in it; `str()` tells why. `retry_after`: seconds that it wants to be left."""

    def __init__(self, why: str, retry_after: float = 0.0) -> None:
        super().__init__(why)
        self.retry_after = retry_after


def source_id(source: Source) -> str:
    """Give the id under which all replicas keep what a source says: another place is another source."""
    written = json.dumps([source.kind, *source.where], ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()[:16]
