"""Contract of asking again: one click opens the form as it was filled in, for one's own requests alone."""

import pytest

from app.domain.request import State
from tests.workplace import ID


def filled_in(view):
    """What a form holds, by the first part of its block ids."""
    return {
        block["block_id"].partition(":")[0]: _held(block["element"])
        for block in view["blocks"]
        if _is_filled(block)
    }


def _is_filled(block):
    return block["type"] == "input" and any(key.startswith("initial") for key in block["element"])


def _held(element):
    chosen = element.get("initial_options") or [element.get("initial_option")]
    return element.get("initial_value") or chosen[0]["value"]


ASKED = {
    "action": "prod-db-debug",
    "resource": "orders-db",
    "duration": "2700s",
    "reason": "INC-7: slow, again",
}
COMMAND = "/jit request prod-db-debug orders-db 45m INC-7: slow, again"


async def denied(work):
    request_id = await work.asks("@ana", COMMAND)
    await work.clicks("@ben", await work.card(request_id, offering="jit_deny"), "jit_deny")
    await work.hands.submits("@ben", await work.view("@ben", "jit_deny_reason"), {"comment": "not now"})
    await work.reaches(request_id, State.DENIED)
    return request_id


async def cancelled(work):
    request_id = await work.asks("@ana", COMMAND)
    await work.types("@ana", f"/jit cancel {request_id}")
    return request_id


async def completed(work):
    request_id = await work.goes_live(COMMAND)
    await work.types("@ana", f"/jit done {request_id}")
    return request_id


@pytest.mark.parametrize("ended", [denied, cancelled, completed])
async def test_what_is_over_is_asked_again(work, ended):
    """Action, resource, duration and reason are filled in, and submitting asks anew."""
    first = await ended(work)
    told = await work.told("@ana", first, offering="jit_again")
    await work.clicks("@ana", told, "jit_again")
    form = await work.view("@ana", "jit_request", with_input="reason")
    assert ASKED == filled_in(form)
    answer = await work.answer("@ana", work.hands.submits("@ana", form, {}))
    second = ID.search(answer)[0]
    assert first != second
    request = await work.request(second)
    assert (State.PENDING, 2700, "INC-7: slow, again") == (request.state, request.seconds, request.reason)


@pytest.mark.parametrize("user", ["@ben", "@dev", "@sam"])
async def test_others_requests(work, user):
    """Neither approvers nor security ask again in somebody's name: what it asked for stays unread."""
    request_id = await cancelled(work)
    said = await work.answer(user, work.forges(user, "jit_again", request_id))
    assert f"no request {request_id} that you may see" in said
    assert not (await work.hands.look())["views"].get(work.user_id(user))


async def test_an_action_that_is_gone(workplace):
    """What cannot be asked any more is told, and no form opens."""
    async with workplace(lambda _: None) as work:
        await work.start()
        request_id = await cancelled(work)
        told = await work.told("@ana", request_id, offering="jit_again")

        def without(policy):
            del policy["actions"]["prod-db-debug"], policy["rules"]["prod-db-debug"]

        await work.repolicy(without)
        assert "is not an action" in await work.refused("@ana", told, "jit_again")
