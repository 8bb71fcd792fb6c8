"""Contract: who may decide follows the Slack user group within its refresh; what cannot be told permits nobody.

Played in the workspace: the group's members change, Slack goes away, and people click.
"""

import asyncio
from datetime import UTC, datetime, timedelta

from app.domain.request import State
from app.playground.model import UserGroup
from tests.workplace import SECURITY, at_work

APPROVERS = {"slack": "@approvers", "refresh": "1s", "max_age": "3s"}


def with_group(whole):
    """Approvers of production are a Slack user group."""
    whole["groups"]["approvers"] = dict(APPROVERS)
    whole["rules"]["prod-db-debug"]["stages"] = [{"name": "approver", "groups": ["approvers"]}]


def denying(whole):
    """Whoever is in the Slack user group is kept out."""
    whole["groups"]["approvers"] = dict(APPROVERS)
    whole["rules"]["not-they"] = {
        "effect": "deny",
        "actions": ["prod-db-debug"],
        "groups": ["approvers"],
        "message": "Not for those who approve.",
    }


def in_group(work, *users):
    ids = [work.user_id(user) for user in users]
    work.workspace.usergroups["S0APPROVERS"] = UserGroup("S0APPROVERS", "approvers", "Approvers", ids)


def names(work):
    return set(work.bot.policy().members["approvers"])


async def test_an_approver_comes_and_goes(workplace):
    """Somebody who joins the user group can decide within its refresh, and cannot once they left."""
    async with workplace(with_group) as work:
        in_group(work, "@ben")
        await work.start()
        await work.until(lambda: names(work) == {"ben"}, "ben is an approver")
        request_id = await work.asks()
        card = await work.card(request_id, "<@U0BEN>", offering="jit_approve")
        too_soon = await work.refused("@sam", card, "jit_approve")
        in_group(work, "@sam")
        await work.until(lambda: names(work) == {"sam"}, "sam is one, and ben no more")
        too_late = await work.refused("@ben", card, "jit_approve")
        assert State.PENDING is (await work.request(request_id)).state
        await work.clicks("@sam", card, "jit_approve")
        await work.reaches(request_id, State.ACTIVE)

    assert too_soon == too_late
    assert "You are not an approver" in too_late.replace(request_id, "")


async def test_slack_goes_away(workplace):
    """Once the last answer is too old nobody approves by it; it is told once, in the log, on /readyz and to admins."""
    async with workplace(with_group) as work:
        in_group(work, "@ben")
        await work.start()
        await work.until(lambda: names(work) == {"ben"}, "ben is an approver")
        request_id = await work.asks()
        card = await work.card(request_id, offering="jit_approve")
        await work.fault("error:internal_error", method="usergroups.list", count=1000)
        await work.until(lambda: not names(work), "nobody is one any more")
        await work.refused("@ben", card, "jit_approve")
        assert State.PENDING is (await work.request(request_id)).state
        notice = await work.posted(SECURITY, "groups.approvers", "internal_error", "permits nobody")
        health = await work.bot.readiness()
        await asyncio.sleep(2.5)
        state = await work.settled()
        told = next(each["messages"] for each in state["channels"] if each["name"] == SECURITY[1:])

    assert notice["ts"]
    assert "groups.approvers" in health.warnings["directory"]
    assert 1 == sum("groups.approvers" in m["text"] for m in told)
    assert 1 == sum(line["event"] == "source_not_relied_on" for line in work.log)


async def test_denials_stay(workplace):
    """A rule that denies goes on denying those whom it denied when Slack last answered, and them alone."""
    async with workplace(denying) as work:
        in_group(work, "@ana")
        await work.start()
        await work.until(lambda: names(work) == {"ana"}, "ana is in the group")
        fresh = await work.types("@ana", "/jit request prod-db-debug orders-db 30m INC-7: slow")
        await work.fault("down", method="usergroups.list", count=1000)
        await work.until(lambda: not names(work), "it is not known who is in the group")
        stale = await work.types("@ana", "/jit request prod-db-debug users-db 30m INC-7: slow")
        other = await work.asks("@dev", "/jit request prod-db-debug orders-db 30m INC-7: slow")

    assert "Not for those who approve" in fresh
    assert "Not for those who approve (this counts as met: needs group approvers; whether you" in stale
    assert other


async def test_a_group_that_never_answered(workplace):
    """A user group that is not there permits nobody, and denies everybody."""
    async with workplace(denying) as work:
        work.workspace.usergroups.clear()
        await work.start()
        answers = [
            await work.types(user, "/jit request prod-db-debug orders-db 30m INC-7: slow")
            for user in ("@ana", "@dev")
        ]
        await work.posted(SECURITY, "groups.approvers", "was never told", "no user group of this workspace")

    assert all("Not for those who approve" in answer for answer in answers)


async def test_another_replica(workplace):
    """Of two bots one asks Slack, and both know."""
    async with workplace(with_group) as work:
        in_group(work, "@ben")
        await work.start()
        await work.start()
        await work.until(
            lambda: all(set(each.bot.policy().members["approvers"]) == {"ben"} for each in work.replicas),
            "both know",
        )
        began = work.board.clock()
        await asyncio.sleep(4)
        calls = [
            call for call in work.board.calls if call["method"] == "usergroups.list" and call["time"] > began
        ]

    assert 2 <= len(calls) <= 4


def led(whole):
    """The requester's manager decides; Ana has one, Dev has none."""
    whole["people"]["ana"]["manager"] = "sam"
    whole["rules"]["prod-db-debug"]["stages"] = [{"name": "manager", "managers": "true"}]


async def test_managers(workplace):
    """The requester's manager decides, and nobody else; for whoever has none, card and requester are told."""
    async with at_work(workplace(led)) as work:
        request_id = await work.asks()
        card = await work.card(request_id, "<@U0SAM>", offering="jit_approve")
        await work.refused("@ben", card, "jit_approve")
        await work.clicks("@sam", card, "jit_approve")
        await work.reaches(request_id, State.ACTIVE)
        lonely = await work.asks("@dev", "/jit request prod-db-debug orders-db 30m INC-7: slow")
        await work.card(lonely, "nobody: Dev Patel has no manager in the policies")
        await work.told("@dev", lonely, "nobody who may approve it can be reached")


def rota(whole, now):
    """Whoever is on call decides: Ben until a few seconds from now, then Chloe."""
    begins, ends = now - timedelta(hours=1), now + timedelta(days=1)
    whole["rotas"] = {
        "db": {
            "people": ["ben"],
            "from": "2026-01-05",
            "zone": "UTC",
            "overrides": [
                {"from": f"{begins:%Y-%m-%dT%H:%M}", "to": f"{ends:%Y-%m-%dT%H:%M}", "person": "chloe"}
            ],
        }
    }
    whole["rules"]["prod-db-debug"]["stages"] = [{"name": "on-call", "on_call": ["db"]}]


async def test_on_call(workplace):
    """Whoever is on call by the rota decides; whoever would be without the override does not."""
    now = datetime.now(UTC)
    async with at_work(workplace(lambda whole: rota(whole, now))) as work:
        request_id = await work.asks()
        card = await work.card(request_id, "<@U0CHLOE>", offering="jit_approve")
        await work.refused("@ben", card, "jit_approve")
        await work.clicks("@chloe", card, "jit_approve")
        await work.reaches(request_id, State.ACTIVE)
