"""What a session of a role is called, and its policy: no session does anything after its grant's end.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
"""

import json
import re
from datetime import UTC, datetime
from typing import Any

from app.connectors.aws.role_settings import Parameters
from app.connectors.protocol import Unfit

NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_.@-]")
MOST_SIGNS = 64
MOST_OF_POLICY = 2048
EVERYTHING = {"Action": "*", "Resource": "*"}


def identity_of(key: str, person: str) -> str:
    """Name grant and person, as CloudTrail shows them: `jit-harbour-r07-4kx9tqz=ana`, in 64 signs of AWS's.

    It is the session's name and its source identity, which no session can change, nor one that it takes a role by.
    """
    return f"{key}={NOT_IN_A_NAME.sub('_', person)}"[:MOST_SIGNS]


def session_policy(wanted: Parameters, ends_at: datetime) -> str:
    """Write the policy of a session that ends at `ends_at`. Raises Unfit where it is longer than AWS takes.

    A session may do what both its role and its policies allow, so something must be allowed; a denial goes before all,
    and before policies of resources that name the session. So the end holds though AWS makes no session of less than
    15 minutes.
    """
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": each.actions, "Resource": each.resources} for each in wanted.allow
    ]
    if not statements and not wanted.managed:
        statements.append({"Effect": "Allow", **EVERYTHING})
    if not wanted.assume:
        statements.append({"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"})
    over = {"DateGreaterThanEquals": {"aws:CurrentTime": written(ends_at)}}
    statements.append({"Effect": "Deny", **EVERYTHING, "Condition": over})
    policy = compact({"Version": "2012-10-17", "Statement": statements})
    if len(policy) > MOST_OF_POLICY:
        raise Unfit(
            f"allow: makes a session policy of {len(policy)} signs, and AWS takes {MOST_OF_POLICY}; say less, "
            "or put it into a managed policy"
        )
    return policy


def ending_policy(key: str) -> str:
    """Write the policy that ends a grant's sessions early: whoever they are in, wherever they came from."""
    sessions = {"StringLike": {"aws:SourceIdentity": f"{key}=*"}}
    denied = {"Effect": "Deny", **EVERYTHING, "Condition": sessions}
    return compact({"Version": "2012-10-17", "Statement": [denied]})


def written(moment: datetime) -> str:
    """Write a moment in whole seconds, as policies have it: `2026-11-25T04:15:00Z`."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def compact(policy: Any) -> str:
    return json.dumps(policy, separators=(",", ":"))
