"""What policy knows of: environments, actions, and what people may do beside asking and approving."""

from datetime import timedelta
from enum import StrEnum

from app.domain.target import Target
from app.domain.value import Value


class Permission(StrEnum):
    """Revoke anyone's access, read the audit log, post the digest, close reviews of broken glass."""

    REVOKE = "revoke"
    AUDIT = "audit"
    DIGEST = "digest"
    REVIEW = "review"


class Environment(Value):
    """An isolated place. `channel` is the approvers', as `#name` or id; `lapse`: how long a request waits.

    `remind`: after how long its approvers are reminded; None is halfway to the lapse, no time at all is never.
    `email`: addresses that are told of its requests.
    """

    name: str
    title: str
    channel: str
    risk: str
    lapse: timedelta
    remind: timedelta | None
    email: tuple[str, ...] = ()


class Action(Value):
    """Something privileged that can be asked for. `resources` are globs; `reason` is required or optional.

    `target`: where its access is created; None where the grant key is the access.
    `offline`: its grants may be had as tokens that nothing takes back.
    `bound`: each request is for one exact command or exact parameters, which approvers see.
    """

    name: str
    title: str
    description: str
    environment: str
    risk: str
    resources: tuple[str, ...]
    default: timedelta
    longest: timedelta
    shortest: timedelta
    reason: str
    offline: bool = False
    target: Target | None = None
    bound: bool = False
