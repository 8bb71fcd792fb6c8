"""Contract of rules that count: «three a day» and «one at a time» hold against whoever asks in whatever way.

What is counted is read from the store when the verdict is given, and a request that came in between is counted
too: asking many times in one instant gets nobody more than asking one after the other.
"""

import asyncio

import pytest

from app.domain.request import State
from app.domain.verdict import Outcome
from app.policy import PolicySource
from app.policy.context_shapes import REMEMBERED
from app.store import requests as store_requests
from app.store.requests import RequestStore
from app.workflow import Wish, Workflow
from tests.workplace import policy_folder, rewrite


def twice_a_day(policies):
    policies["rules"]["staging-restart"]["at_most"] = {"count": 2, "per": "day"}


def one_at_a_time(policies):
    policies["rules"]["one-at-a-time"] = {
        "effect": "deny",
        "actions": ["restart-container"],
        "more_concurrent_than": 1,
        "message": "give back what you have first",
    }


class Counter:
    """A workflow under a policy with a change."""

    def __init__(self, connection, folder, change):
        policies = PolicySource(policy_folder(folder, change))
        self.store = RequestStore(connection.calls)
        self.workflow = Workflow(self.store, lambda: policies.current)
        self.dev = policies.current.people["dev"]

    async def asks(self):
        wish = Wish(action="restart-container", resource="checkout", reason="It hangs")
        return await self.workflow.request(wish, self.dev)


async def test_the_third_of_the_day_is_not_approved_by_template(redis, tmp_path):
    """Within its limit a template approves; past it the next rule holds, which here is none or people."""
    counter = Counter(redis, tmp_path, twice_a_day)
    outcomes = [(await counter.asks()).verdict.outcome for _ in range(3)]
    assert [Outcome.AUTO_APPROVE] * 2 == outcomes[:2]
    assert outcomes[2] is not Outcome.AUTO_APPROVE


async def test_many_at_once_count_like_one_after_the_other(redis, tmp_path):
    """Twelve wishes in one instant: two are approved by template, none more."""
    counter = Counter(redis, tmp_path, twice_a_day)
    asked = await asyncio.gather(*(counter.asks() for _ in range(12)))
    assert 2 == sum(request.verdict.outcome is Outcome.AUTO_APPROVE for request in asked)


async def test_one_at_a_time_is_asked_again_at_the_start(redis, tmp_path):
    """Of two that were approved before a rule allows but one, one begins and the other is stopped with its reason."""
    counter = Counter(redis, tmp_path, lambda policies: None)
    first, second = await counter.asks(), await counter.asks()
    rewrite(tmp_path, one_at_a_time)
    policies = PolicySource(tmp_path)
    workflow = Workflow(counter.store, lambda: policies.current)
    begun = [await workflow.begin_grant(request.id) for request in (first, second)]
    assert [State.CANCELLED, State.GRANTING] == sorted(request.state for request in begun)
    assert "give back what you have first" in "".join(request.comment for request in begun)


async def test_denied_wishes_do_not_count(redis, tmp_path):
    """Being refused uses nothing up."""
    counter = Counter(redis, tmp_path, twice_a_day)
    await counter.asks()
    cancelled = await counter.asks()
    await counter.workflow.cancel(cancelled.id, counter.dev)
    assert Outcome.AUTO_APPROVE is (await counter.asks()).verdict.outcome


async def test_a_history_that_may_be_cut_is_unknown(redis, tmp_path, monkeypatch):
    """Where more was asked than is kept, a count would be a guess: the template does not approve."""
    monkeypatch.setattr(store_requests, "KEPT_IN_INDEX", 3)
    monkeypatch.setattr("app.workflow.writing.KEPT_IN_INDEX", 3)
    counter = Counter(redis, tmp_path, twice_a_day)
    for _ in range(3):
        request = await counter.asks()
        if request.state is State.APPROVED:
            await counter.workflow.cancel(request.id, counter.dev)
    assert Outcome.AUTO_APPROVE is not (await counter.asks()).verdict.outcome


async def test_what_is_held_counts_however_much_was_asked_since(redis, tmp_path, monkeypatch):
    """Wishes that come to nothing do not push what is held out of sight."""
    monkeypatch.setattr(store_requests, "KEPT_IN_INDEX", 3)
    monkeypatch.setattr("app.workflow.writing.KEPT_IN_INDEX", 3)
    counter = Counter(redis, tmp_path, one_at_a_time)
    held = await counter.asks()
    for _ in range(5):
        assert State.DENIED == (await counter.asks()).state
    assert held.id in [request.id for request in await counter.workflow.mine(counter.dev)]


def test_no_rule_counts_over_more_than_is_kept():
    """The longest time that a policy may count over is one that the store remembers."""
    assert REMEMBERED <= store_requests.KEPT_ONCE_FINAL


@pytest.mark.parametrize("delivery", ["d1"])
async def test_a_repeated_delivery_is_no_second_wish(redis, tmp_path, delivery):
    """What Slack delivers twice counts once, also where something is counted."""
    counter = Counter(redis, tmp_path, twice_a_day)
    wish = Wish(action="restart-container", resource="checkout", reason="It hangs", delivery=delivery)
    both = await asyncio.gather(*(counter.workflow.request(wish, counter.dev) for _ in range(4)))
    assert 1 == len({request.id for request in both})
