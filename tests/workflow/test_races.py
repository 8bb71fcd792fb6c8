"""Verbs that meet in the same instant, on a real store: whatever their order, the request tells one story.

At most one decision settles a one-person stage, the grant key is there exactly while the request is active, each
state was reached by its arrow, and whoever lost is refused with a reason.
"""

import asyncio
import itertools
import random

import pytest

from app.domain.refusals import BadInput, NotPermitted, Refused, UnknownRequest
from app.domain.request import State
from app.policy import PolicySource
from app.store.requests import RequestStore
from app.store.stream import Stream
from app.workflow import Wish, Workflow
from tests.granting import granter
from tests.workplace import policy_folder, rewrite

ARROWS = {
    None: {State.PENDING},
    State.PENDING: {State.PENDING, State.APPROVED, State.DENIED, State.CANCELLED},
    State.APPROVED: {State.GRANTING, State.CANCELLED, State.APPROVED},
    State.GRANTING: {State.ACTIVE, State.ENDING, State.GRANTING},
    State.ACTIVE: {State.ENDING, State.ACTIVE},
    State.ENDING: {State.REVOKED, State.COMPLETED, State.EXPIRED, State.ENDING},
}


class Office:
    """A workflow over an empty store, with a policy that a test may change, and nobody in Slack."""

    def __init__(self, connection, folder):
        self.folder = folder
        self.policies = PolicySource(policy_folder(folder))
        self.store = RequestStore(connection.calls)
        self.stream = Stream(connection.calls, connection.waits)
        self.workflow = Workflow(self.store, lambda: self.policies.current)
        self.granter = granter(self.workflow, self.store, connection.calls)

    def person(self, name):
        return self.policies.current.people[name]

    async def asked(self, delivery=""):
        wish = Wish(action="prod-db-debug", resource="orders-db", reason="INC-7", delivery=delivery)
        return await self.workflow.request(wish, self.person("ana"))

    async def state(self, request_id):
        return (await self.store.load(request_id)).request.state

    def repolicy(self, change):
        rewrite(self.folder, change)
        self.policies.refresh()
        assert "" == self.policies.problem


@pytest.fixture
def office(redis, tmp_path):
    return Office(redis, tmp_path / "policies")


async def outcome(doing):
    """What became of something: its request, or the refusal."""
    try:
        return await doing
    except Refused as refusal:
        return refusal


@pytest.mark.parametrize("seed", range(12))
async def test_everybody_at_once(office, seed):
    """Approvers, the requester, security and the granter all act at once; what is left is one true story."""
    request = await office.asked()
    verbs = office.workflow
    everything = [
        verbs.approve(request.id, office.person("ben")),
        verbs.approve(request.id, office.person("chloe")),
        verbs.approve(request.id, office.person("ana")),
        verbs.deny(request.id, office.person("chloe"), "no"),
        verbs.cancel(request.id, office.person("ana")),
        verbs.done(request.id, office.person("ana")),
        verbs.revoke(request.id, office.person("sam")),
        verbs.revoke(request.id, office.person("dev")),
        office.granter.settle(request.id),
        office.granter.settle(request.id),
    ]
    random.Random(seed).shuffle(everything)  # noqa: S311  an order, and no secret

    outcomes = await asyncio.gather(*map(outcome, everything))

    after = (await office.store.load(request.id)).request
    assert len(after.decisions) <= 1
    assert await office.store.has_grant(request.id) is (after.state is State.ACTIVE)
    assert 2 == len([each for each in outcomes if isinstance(each, NotPermitted)])  # Ana's own, and Dev's
    await office.granter.settle(request.id)
    await office.granter.settle(request.id)
    at_last = (await office.store.load(request.id)).request
    assert await office.store.has_grant(request.id) is (at_last.state is State.ACTIVE)
    assert at_last.is_final or at_last.state in {State.ACTIVE, State.PENDING}


async def test_one_story(office):
    """Of what was written while everybody acted, every step follows from the one before."""
    request = await office.asked()
    seen = [None, State.PENDING]

    async def watch():
        while True:
            state = await office.state(request.id)
            if state is not seen[-1]:
                seen.append(state)
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    await outcome(office.workflow.approve(request.id, office.person("ben")))
    await asyncio.gather(
        office.granter.settle(request.id), outcome(office.workflow.revoke(request.id, office.person("sam")))
    )
    await office.granter.settle(request.id)
    watching.cancel()

    for before, after in itertools.pairwise(seen):
        assert after in _reachable(before)
    assert not await office.store.has_grant(request.id)


def _reachable(state):
    """Every state that arrows lead to: a watcher may miss some in between."""
    found, new = set(), {state}
    while new:
        new = set().union(*(ARROWS.get(each, set()) for each in new)) - found
        found |= new
    return found


async def test_one_delivery_asks_once(office):
    """Twenty deliveries of one message, at once, are one request."""
    asked = await asyncio.gather(*(office.asked("command:1") for _ in range(20)))

    assert 1 == len({request.id for request in asked})


async def test_a_deny_says_why(office):
    """A deny without words is refused wherever it comes from."""
    request = await office.asked()

    with pytest.raises(BadInput, match="Say why"):
        await office.workflow.deny(request.id, office.person("ben"), " \n")


async def test_denied_between_approval_and_start(office):
    """A rule that denies and came in after the approval stops it before anything is granted."""
    request = await office.asked()
    await office.workflow.approve(request.id, office.person("ben"))
    freeze = {"effect": "deny", "environments": ["production"], "message": "Change freeze"}
    office.repolicy(lambda policy: policy["rules"].update(freeze=freeze))

    await office.granter.settle(request.id)

    assert State.CANCELLED is await office.state(request.id)
    assert not await office.store.has_grant(request.id)


@pytest.mark.parametrize("gone", ["people", "action", "resource"])
async def test_gone_from_policy_between_approval_and_start(office, gone):
    """Nor is anything granted to whom, or for what, policy does not name any more."""
    request = await office.asked()
    await office.workflow.approve(request.id, office.person("ben"))

    def change(policy):
        if gone == "people":
            del policy["people"]["ana"]
            policy["groups"]["engineers"] = ["ben", "dev"]
        elif gone == "action":
            del policy["actions"]["prod-db-debug"]
            del policy["rules"]["prod-db-debug"]
        else:
            policy["actions"]["prod-db-debug"]["resources"] = ["users-db"]

    office.repolicy(change)

    await office.granter.settle(request.id)

    assert State.CANCELLED is await office.state(request.id)
    assert not await office.store.has_grant(request.id)


async def test_a_stage_that_only_the_requester_is_left_in(office):
    """Where nobody else may approve any more, nobody does: the requester no more than before."""
    request = await office.asked()
    office.repolicy(lambda policy: policy["groups"].update({"db-owners": ["ana"]}))

    for name in ("ana", "ben", "chloe", "sam", "dev"):
        refusal = await outcome(office.workflow.approve(request.id, office.person(name)))
        assert isinstance(refusal, NotPermitted)
    assert State.PENDING is await office.state(request.id)


@pytest.mark.parametrize("verb", ["approve", "cancel", "done", "revoke", "see"])
async def test_an_id_that_nobody_has(office, verb):
    """Nothing is found, nothing is made."""
    with pytest.raises(UnknownRequest):
        await getattr(office.workflow, verb)("R02-4KX9TQZ", office.person("ben"))


async def test_who_waits(office):
    """What waits for somebody is what they could decide now: neither their own nor what they have decided."""
    request = await office.asked()

    waiting = {
        name: [r.id for r in await office.workflow.waiting_for(office.person(name))]
        for name in ("ana", "ben", "sam")
    }

    assert {"ana": [], "ben": [request.id], "sam": []} == waiting
