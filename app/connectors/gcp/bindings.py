"""The bindings of a policy, and what grants change in them: values in, values out, and whatever is not ours as it was.

https://cloud.google.com/iam/docs/reference/rest/v1/Policy
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from app.connectors.protocol import ConnectorFailed

Binding = dict[str, Any]
Bindings = list[Binding]
MOST_PRINCIPALS = 1500
"""Of one policy, each counted as often as it stands there: https://cloud.google.com/iam/quotas."""
ABOUT = "Made by jit-approval for a grant, and removed when it ends."
BEFORE = re.compile(r'request\.time < timestamp\("(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"\)')


def wanted(roles: Sequence[str], member: str, key: str, ends_at: datetime) -> Bindings:
    """Write what a grant is to be: its mark is the condition's title, and its end the condition."""
    condition = {"title": key, "description": ABOUT, "expression": until(ends_at)}
    return [{"role": role, "members": [member], "condition": condition} for role in roles]


def until(ends_at: datetime) -> str:
    """Write the condition that ends by itself: in whole seconds, so early and never late."""
    return f'request.time < timestamp("{ends_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")'


def end_of(binding: Mapping[str, Any]) -> datetime | None:
    """Read the end back; None where somebody wrote another condition."""
    found = BEFORE.fullmatch(str((binding.get("condition") or {}).get("expression", "")))
    return datetime.fromisoformat(found[1]) if found else None


def title_of(binding: Mapping[str, Any]) -> str:
    """Give the title of a binding's condition, which bears our mark where it is ours; none gives nothing."""
    return str((binding.get("condition") or {}).get("title", ""))


def given(bindings: Bindings, key: str, asked: Bindings) -> Bindings:
    """Put a grant there; the same comes back where it stands so. Raises ConnectorFailed where there is no room."""
    if _by_role(each for each in bindings if title_of(each) == key) == _by_role(asked):
        return bindings
    made = [*taken(bindings, key), *asked]
    if sum(len(each["members"]) for each in made) > MOST_PRINCIPALS:
        raise ConnectorFailed(
            f"its policy names {MOST_PRINCIPALS:,} principals, the most that Google lets it; remove some of them"
        )
    return made


def moved(bindings: Bindings, key: str, ends_at: datetime) -> Bindings:
    """Let a grant that stands end later. Raises ConnectorFailed where it does not stand."""
    if not any(title_of(each) == key for each in bindings):
        raise ConnectorFailed("its binding is not there")
    return [
        each | {"condition": each["condition"] | {"expression": until(ends_at)}}
        if title_of(each) == key
        else each
        for each in bindings
    ]


def taken(bindings: Bindings, key: str) -> Bindings:
    """Take away what bears a grant's mark, and nothing else."""
    return [each for each in bindings if title_of(each) != key]


def standing(bindings: Bindings, roles: Sequence[str], member: str) -> list[str]:
    """List the roles that somebody has by name without any condition: a grant adds nothing to them, nor ends them."""
    return [
        role
        for role in roles
        if any(
            each["role"] == role and member in each["members"] and not each.get("condition")
            for each in bindings
        )
    ]


def _by_role(bindings: Any) -> list[Binding]:
    return sorted(bindings, key=lambda each: str(each["role"]))
