"""What is told as live is access that exists or may exist, and nothing else.

Contract: the digest's «live now» does not count what is only approved, or waits for its start.
"""

from datetime import timedelta

from app.domain.request import State
from app.policy import PolicySource, shipped_policies
from app.store.requests import RequestStore
from app.workflow import Wish, Workflow


async def test_what_waits_for_its_start_is_not_live(redis):
    """Of three that are approved, the one whose access is being created is live."""
    policy = PolicySource(shipped_policies()).current
    store, ana = RequestStore(redis.calls), policy.people["ana"]
    workflow = Workflow(store, lambda: policy)
    wish = Wish(action="restart-container", resource="checkout", reason="It hangs again")
    later = wish.model_copy(update={"start_at": await store.now() + timedelta(hours=2)})
    approved, scheduled, granting = [await workflow.request(each, ana) for each in (wish, later, wish)]
    states = [(await workflow.begin_grant(each.id)).state for each in (scheduled, granting)]
    assert [State.SCHEDULED, State.GRANTING] == states

    assert [granting.id] == [request.id async for request in workflow.live()]
    assert approved.state is State.APPROVED
