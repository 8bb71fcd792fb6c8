"""A company of 500 engineers and their live grants, for what grows with both."""

import asyncio
import shutil
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from app.audit import consumer as audit
from app.connectors import granter as connectors
from app.domain import transitions
from app.domain.ids import new_request_id
from app.domain.people import Principal
from app.domain.request import Lease, Request, State
from app.playground import demo_workspace
from app.playground.model import User
from app.playground.workspace import Workspace
from app.policy import Action, Ask, Policy
from app.shipped import shipped
from app.slack import announcer as slack
from app.store import keys
from app.store.connection import Connection
from app.store.requests import RequestStore

PEOPLE = 500
AT_ONCE = 64
GROUPS = (connectors.GROUP, slack.GROUP, audit.GROUP)


def policies_of_a_company(folder: Path) -> Path:
    """Write the shipped policies with 500 more engineers."""
    shutil.copytree(shipped("policies"), folder)
    people = folder / "people.yaml"
    named, groups = people.read_text(encoding="utf-8").split("groups:\n")
    more = "".join(f"  p{n}: {{name: Person {n}, slack: U0P{n}}}\n" for n in range(PEOPLE))
    everyone = ", ".join(["ana", "ben", "dev", *(f"p{n}" for n in range(PEOPLE))])
    groups = groups.replace("engineers: [ana, ben, dev]", f"engineers: [{everyone}]")
    people.write_text(f"{named}\n{more}\ngroups:\n{groups}", encoding="utf-8")
    return folder


def workspace_of_a_company() -> Workspace:
    """Make the demo's workspace with 500 more people."""
    workspace = demo_workspace()
    for n in range(PEOPLE):
        workspace.add_user(User(id=f"U0P{n}", name=f"p{n}", real_name=f"Person {n}"))
    return workspace


class Grants:
    """Makes live grants by the domain's transitions and the store's scripts, without the steps between."""

    def __init__(self, connection: Connection, policy: Policy) -> None:
        self._redis = connection.calls
        self._store = RequestStore(connection.calls)
        self._policy = policy
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def make(self, durations: Iterable[int]) -> list[Request]:
        """Make a grant for each duration, in seconds; people take turns."""
        turns = ((self._policy.people[f"p{n % PEOPLE}"], seconds) for n, seconds in enumerate(durations))
        return list(await asyncio.gather(*(self._one(*turn) for turn in turns)))

    async def _one(self, by: Principal, seconds: int) -> Request:
        async with self._slots:
            now = await self._store.now()
            approved, asked = transitions.ask(self._drafted(by, seconds, now))
            await self._store.create(approved, asked, approved.id)
            granting = transitions.begin_grant(approved.model_copy(update={"version": 1}), now)[0]
            lease = Lease(connector="grant-key", reference=approved.id, summary="by the grant key")
            active, activated = transitions.activate(granting, lease, now)
            if not await self._store.save(active, activated, now):
                raise RuntimeError(f"{active.id} was not written: this machine is too busy to measure")
            return active

    def _drafted(self, by: Principal, seconds: int, now: datetime) -> Request:
        if "sandbox-admin" in self._policy.actions:
            return self.drafted(by, seconds, now, self._policy.actions["sandbox-admin"], "sandbox-7", "")
        return self.drafted(by, seconds, now, next(iter(self._policy.actions.values())), "db-7", "")

    def drafted(
        self, by: Principal, seconds: int, now: datetime, action: Action, resource: str, reason: str
    ) -> Request:
        """Make a request with its verdict."""
        ask = Ask(
            requester=by,
            action=action.name,
            resource=resource,
            seconds=seconds,
            reason=reason,
            source="slack",
            at=now,
        )
        return Request(
            id=new_request_id(by.id),
            state=State.PENDING,
            requester=by,
            action=action.name,
            action_title=action.title,
            environment=action.environment,
            resource=resource,
            seconds=seconds,
            reason=reason,
            risk=action.risk,
            channel=self._policy.environments[action.environment].channel,
            source="slack",
            verdict=self._policy.judge(ask),
            created_at=now,
            lapses_at=now + timedelta(hours=1),
        )

    async def as_if_announced(self) -> None:
        """Let every group of consumers begin after what there is."""
        for partition in keys.ALL_PARTITIONS:
            for group in GROUPS:
                await self._redis.xgroup_create(keys.events(partition), group, id="$", mkstream=True)
