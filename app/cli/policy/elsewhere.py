"""Members whom files do not name, as the bot was told of them: read from its Redis, where there is one."""

import os
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from app.policy import Policy, Problem
    from app.policy.draft import Draft

NOT_SEEN = "comes from elsewhere, and nobody is seen in it from here: set JIT_REDIS_URL to the bot's Redis"


class Seen(NamedTuple):
    """The policy with what is known of members now, and what a reviewer should know of that, by source."""

    policy: "Policy"
    warnings: dict[str, str]


def with_members(policy: "Policy", data: Path | None = None) -> Seen:
    """Lay over a policy what the bot was told of its people; where that cannot be read, nothing is known."""
    import asyncio  # noqa: PLC0415  `jit --help` starts without all this

    from app.directory.status import address_of, as_told  # noqa: PLC0415
    from app.domain.refusals import Unavailable  # noqa: PLC0415
    from app.policy.outside import NOTHING_KNOWN  # noqa: PLC0415

    if policy.sources:
        folder = data or Path(os.environ.get("JIT_DATA", ".jit"))
        url = os.environ.get("JIT_REDIS_URL") or address_of(None, folder)
        if url:
            try:
                known, problems, now = asyncio.run(as_told(policy, url))
                return Seen(known, _warnings(known, problems, now))
            except (Unavailable, ValueError):
                pass
    seen = policy.with_directory(NOTHING_KNOWN, datetime.now(UTC))
    return Seen(seen, dict.fromkeys(sorted(policy.sources), NOT_SEEN))


def _warnings(policy: "Policy", said: dict[str, str], now: datetime) -> dict[str, str]:
    from app.policy.outside import Freshness  # noqa: PLC0415

    found = {}
    for name, freshness in sorted(policy.freshness(now).items()):
        why = f" ({said[name]})" if name in said else ""
        match freshness:
            case Freshness.UNKNOWN:
                found[name] = (
                    f"was never told who is in it{why}; it permits nobody, its denials meet everybody"
                )
            case Freshness.STALE:
                found[name] = (
                    f"was told too long ago who is in it{why}; it permits nobody, and goes on denying"
                )
            case Freshness.FRESH if not policy.members[name.partition(".")[2]]:
                found[name] = "has nobody in it now whom the policy knows; put people in where it comes from"
    return found


def as_problems(draft: "Draft", warnings: dict[str, str]) -> "list[Problem]":
    """Put warnings where the sources are written."""
    entries = ((f"{entry.section}.{entry.name}", entry) for entry, _ in chain(draft.groups, draft.rotas))
    return [entry.problem(warnings[name]) for name, entry in entries if name in warnings]
