"""An answer of the store that is lost on its way makes nothing happen twice.

Contract: the client repeats a call whose answer it did not get, and the store says that the request has changed
meanwhile, which is its own change. What is done is done once.
"""

from datetime import timedelta

from app.domain.request import State
from app.policy import PolicySource, shipped_policies
from app.store.requests import RequestStore
from app.workflow import Wish, Workflow
from tests.granting import granter


class Forgetful(RequestStore):
    """A store whose answers to writes get lost, each once, so that the client repeats them."""

    async def save(self, request, event, read_at):
        """Save twice, as a client does that heard nothing the first time."""
        await super().save(request, event, read_at)
        return await super().save(request, event, read_at)


async def test_more_time_is_given_once(redis):
    """Access lasts as much longer as was asked, and no more."""
    policy = PolicySource(shipped_policies()).current
    store, ana = RequestStore(redis.calls), policy.people["ana"]
    workflow = Workflow(store, lambda: policy)
    request = await workflow.request(
        Wish(
            action="restart-container",
            resource="checkout",
            duration=timedelta(minutes=5),
            reason="It hangs again",
        ),
        ana,
    )
    await granter(workflow, store, redis.calls).settle(request.id)

    forgetful = Workflow(Forgetful(redis.calls), lambda: policy)
    longer = await forgetful.extend(request.id, ana, timedelta(minutes=5), "still starting")

    assert (State.ACTIVE, 600) == (longer.state, longer.seconds)
    assert 600 == (await store.load(request.id)).request.seconds
