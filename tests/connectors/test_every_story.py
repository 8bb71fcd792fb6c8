"""The main story through Slack with the real target of every kind of connector.

Contract: approvers are shown what will be done there; nothing stands before they approve; "granted" is said when it
stands, and "gone" when it does not; the requester's own click gives it back. Each kind's own tests show what it is
worth.
"""

import asyncio
from typing import Any

from app.domain.request import State
from tests.connectors.targets import RESOURCE, bot_with

PLANS = {
    "command": "runs ",
    "docker-debug": "Docker: a container of busybox-of-tests:1 beside web-1",
    "docker-restart": "Docker: the container web-1 is restarted, once",
    "kubernetes": "Kubernetes: ClusterRole view in orders, for the user oidc:ana",
    "postgres": "in readonly",
    "ssh": f"SSH: a certificate for {RESOURCE}, as deploy",
    "sudo": f"sudo at {RESOURCE}: nobody may run, as root:",
    "webhook": "the service at 127.0.0.1 is asked for prod-db-debug on orders-db",
}
STORY = ["requested", "approved", "grant_begun", "activated", "end_begun", "ended"]


def works(real: Any, key: str, began: str) -> bool:
    """Tell whether the target itself shows what the requester was promised; others have a story of their own."""
    match real.kind:
        case "command":
            return (real.behind / key).read_text() == f"{RESOURCE}\n"
        case "docker-debug":
            beside = real.behind.inspect(key)
            target = real.behind.inspect("web-1")["Id"]
            return beside["State"]["Running"] and beside["HostConfig"]["PidMode"] == f"container:{target}"
        case "docker-restart":
            return real.behind.inspect("web-1")["State"]["StartedAt"] > began
        case "kubernetes":
            binding = real.behind.bindings["orders", key]
            return (binding["roleRef"]["name"], binding["subjects"][0]["name"]) == ("view", "oidc:ana")
        case _:
            return True


async def test_asked_approved_and_given_back(real, redis, redis_server, tmp_path):
    """Each step as it is said, and the audit log tells the same story."""
    async with bot_with(real, f"unix://{redis_server.socket}", tmp_path) as work:
        request_id = await work.asks()
        key = work.bot.connectors.mark.key(request_id)
        card = await work.card(request_id, "At the target", PLANS[real.kind], offering="jit_approve")
        began = real.behind.inspect("web-1")["State"]["StartedAt"] if "docker" in real.kind else ""
        assert [] == list(await asyncio.to_thread(real.stands))

        await work.clicks("@ben", card, "jit_approve")
        await work.card(request_id, "Access is live")
        assert [key] == list(await asyncio.to_thread(real.stands))
        assert await asyncio.to_thread(works, real, key, began)

        live = await work.told("@ana", "You have access", request_id, offering="jit_done")
        await work.clicks("@ana", live, "jit_done")
        await work.card(request_id, "Access is gone")
        assert [] == list(await asyncio.to_thread(real.stands))
        assert STORY == await work.events(request_id)


async def test_more_time_where_the_target_can(real, redis, redis_server, tmp_path):
    """Where an end is fixed at the target no button offers more, and the verb says to ask anew; else it is asked."""
    async with bot_with(real, f"unix://{redis_server.socket}", tmp_path) as work:
        request_id = await work.goes_live()
        moves = work.bot.connectors.all[real.kind].connector.capabilities.moves_ends
        assert (real.kind not in {"ssh", "docker-restart"}) == moves
        live = await work.told(
            "@ana", "You have access", request_id, offering="jit_extend" if moves else "jit_done"
        )
        assert ("More time" in repr(live["blocks"])) == moves
        said = await work.types("@ana", f"/jit extend {request_id} 15m it is not done")
        assert ("when someone decides" if moves else "cannot move the end of what it gave. Ask anew") in said
        assert moves == ((await work.request(request_id)).extension is not None)
        if not moves:
            forged = await work.answer("@ana", work.forges("@ana", "jit_extend", request_id))
            assert "Ask anew" in forged
        await work.clicks("@ana", live, "jit_done")
        await work.reaches(request_id, State.COMPLETED)
