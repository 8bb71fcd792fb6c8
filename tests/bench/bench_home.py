"""How soon App Home is there, in a workspace of 50,000 people and 2,000 groups.

    python tests/bench/bench_home.py

The policy is generated: 50,000 people, 2,000 groups, 200 actions, 1,000 rules. There are 300 live grants and
300 pending requests. A time runs from the moment the Home is opened to the view in the workspace; the one who
opens it may decide all that waits and revoke all that is live, which is the most that a Home has to gather.
Beside it: what one event costs when nobody looks, and the Home of somebody with nothing.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
from company import Grants
from figures import Figure, percentile, show, spread
from stage import Stage, staged

from app.domain import transitions
from app.domain.request import State
from app.playground import demo_workspace
from app.playground.model import User
from app.playground.workspace import Workspace
from app.policy import Policy
from app.policy.building import build
from app.policy.loading import read_policies
from app.store.connection import connect
from app.store.embedded import start_server
from app.store.homes import HomeViewers
from app.store.requests import RequestStore

PEOPLE, GROUPS, ACTIONS, RULES = 50_000, 2_000, 200, 1_000
LIVE = PENDING = 300
PEOPLE_A_FILE = 10_000
OPENINGS = 40
ENVIRONMENT = (
    'environments:\n  production: {title: Production, channel: "#prod-approvals", risk: high}\n'
    '  sandbox: {title: Sandbox, channel: "#sandbox-approvals", risk: low}\n'
    'channels: {digest: "#security", admin: "#security"}\n'
    "permissions:\n  revoke: {people: [p0]}\n  audit: {people: [p0]}\n"
)


def policies_of_a_corporation(folder: Path) -> Path:
    """Write the policy: people in groups of 25 and of 5,000, rules that ask the small ones or approve at once."""
    folder.mkdir()
    for begin in range(0, PEOPLE, PEOPLE_A_FILE):
        part = range(begin, begin + PEOPLE_A_FILE)
        people = "".join(f"  p{n}: {{name: Person {n}, slack: U0P{n}}}\n" for n in part)
        (folder / f"people-{begin}.yaml").write_text(f"people:\n{people}")
    groups = [(f"g{n}", range(n * 25, n * 25 + 25)) for n in range(GROUPS - 10)]
    groups += [(f"all-{n}", range(n * 5_000, n * 5_000 + 5_000)) for n in range(10)]
    listed = "".join(f"  {name}: [{', '.join(f'p{n}' for n in members)}]\n" for name, members in groups)
    (folder / "groups.yaml").write_text(f"groups:\n{listed}")
    actions = "".join(
        f"  act-{n}:\n    title: Act {n}\n    environment: {'sandbox' if n % 4 == 0 else 'production'}\n"
        f"    resources: [db-*]\n    default: 30m\n    longest: 8h\n    reason: optional\n"
        for n in range(ACTIONS)
    )
    (folder / "actions.yaml").write_text(f"{ENVIRONMENT}actions:\n{actions}")
    rules = "".join(map(_rule, range(RULES)))
    (folder / "rules.yaml").write_text(f"rules:\n{rules}")
    return folder


def _rule(number: int) -> str:
    action = number % ACTIONS
    about = f"  rule-{number}:\n    actions: [act-{action}]\n    groups: [all-{number % 10}]\n"
    if action % 4 == 0:
        return f"{about}    effect: auto_approve\n    longest: 8h\n"
    approvers = "groups: [g0, all-1]" if number // ACTIONS % 2 else "groups: [g0]"
    return (
        f"{about}    effect: require\n    stages: [{{name: owners-{number % 50}, {approvers}, notify: []}}]\n"
    )


def workspace_of_a_corporation() -> Workspace:
    """Make the demo's workspace with the people whom the bench needs there."""
    workspace = demo_workspace()
    for n in range(400):
        workspace.add_user(User(id=f"U0P{n}", name=f"p{n}", real_name=f"Person {n}"))
    return workspace


async def _fill(data: Path, policy: Policy) -> None:
    """Make 300 live grants, and 300 requests that all wait for the same person, as if all were told."""
    async with start_server(data) as server:
        connection = connect(f"unix://{server.socket}")
        store, grants = RequestStore(connection.calls), Grants(connection, policy)
        await grants.make([8 * 3600 - n for n in range(LIVE)])
        asking = [policy.actions[f"act-{n}"] for n in range(10, ACTIONS, 20)]
        for n in range(PENDING):
            person, action, now = policy.people[f"p{100 + n}"], asking[n % len(asking)], await store.now()
            drafted = grants.drafted(person, 1800, now, action, f"db-{n}", "INC-7: checkout is slow")
            pending, event = transitions.ask(drafted)
            if pending.state is not State.PENDING:
                raise RuntimeError(f"{pending.id} is {pending.state}: {pending.verdict.message}")
            await store.create(pending, event, pending.id)
        await grants.as_if_announced()
        await connection.aclose()


class Openings:
    """Opens Homes and watches them come."""

    def __init__(self, stage: Stage, session: aiohttp.ClientSession) -> None:
        self._stage = stage
        self._session = session

    async def open(self, user: str) -> float:
        """Open a Home; gives the milliseconds until it is there anew."""
        workspace = self._stage.workspace
        before = self._hash(user)
        began = time.perf_counter()
        url = f"{self._stage.playground.url}/workspace/home"
        async with self._session.post(url, json={"user": user}) as answer:
            answer.raise_for_status()
        version = workspace.version
        async with asyncio.timeout(30):
            while self._hash(user) == before:
                version = await workspace.change_after(version)
        return (time.perf_counter() - began) * 1000

    def blocks(self, user: str) -> int:
        """How many blocks a Home has."""
        (view,) = self._stage.workspace.homes[user].values()
        return len(view.definition["blocks"])

    def _hash(self, user: str) -> str:
        return next((view.hash for view in self._stage.workspace.homes.get(user, {}).values()), "")


async def _each(opening: Callable[[], Awaitable[float]]) -> list[float]:
    return [await opening() for _ in range(OPENINGS)]


async def measure() -> list[Figure]:
    """Fill, open, measure."""
    with tempfile.TemporaryDirectory(prefix="jit-bench-") as temporary:
        folder = policies_of_a_corporation(Path(temporary) / "policies")
        began = time.perf_counter()
        policy = build(read_policies(folder))
        loaded = time.perf_counter() - began
        data = Path(temporary) / "data"
        await _fill(data, policy)
        async with (
            staged(workspace_of_a_corporation(), data=data, more={"JIT_POLICIES": str(folder)}) as stage,
            aiohttp.ClientSession() as session,
        ):
            connection = connect(f"unix://{data / 'redis' / 'redis.sock'}")
            openings = Openings(stage, session)
            first = await openings.open("U0P0")
            most = await _each(lambda: openings.open("U0P0"))
            await openings.open("U0P399")
            least = await _each(lambda: openings.open("U0P399"))
            together = await asyncio.gather(*(openings.open(f"U0P{n}") for n in range(1, 21)))
            unseen = await _unseen(HomeViewers(connection.calls), policy)
            blocks = openings.blocks("U0P0")
            await connection.aclose()
    return [
        Figure(f"all 600 concern them ({blocks} blocks): first", first, "ms", 500),
        Figure("all 600 concern them: p50", statistics.median(most), "ms", 500, spread(most)),
        Figure("all 600 concern them: p99", percentile(most, 99), "ms", 500),
        Figure("nothing concerns them: p50", statistics.median(least), "ms", 500, spread(least)),
        Figure("20 people at once: p99", percentile(together, 99), "ms", None, spread(together)),
        Figure("an event that 5,026 people may see and nobody looks", unseen, "ms"),
        Figure("loading the policy", loaded, "s"),
    ]


async def _unseen(viewers: HomeViewers, policy: Policy) -> float:
    concerned = {policy.people[person].slack for person in policy.members["all-3"] | policy.members["g0"]}
    took = []
    for _ in range(20):
        began = time.perf_counter()
        await viewers.concern(concerned)
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def main() -> bool:
    """Print the table."""
    return show("App Home, with 50,000 people and 2,000 groups", asyncio.run(measure()))


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
