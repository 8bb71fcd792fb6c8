"""Contract of quiet hours in Slack: the card comes and pings nobody who sleeps; reminders wait; who is awake is asked.

Quiet hours are real ones around the present, so that the clock of the store is in them.
"""

import asyncio
from datetime import UTC, datetime, timedelta

from app.domain.request import State
from app.playground.hands import in_channel, readable
from tests.workplace import PROD, at_work


def around_now(groups, minutes=60, **more):
    """Hours from a while ago until `minutes` from now, in UTC."""
    now = datetime.now(UTC)
    begins, ends = now - timedelta(hours=2), now + timedelta(minutes=minutes)
    window = {"from": f"{begins:%H:%M}", "to": f"{ends:%H:%M}", "zone": "UTC"}
    return {"now": {"groups": groups, "times": [window], **more}}


def remind(policy):
    policy["environments"]["production"]["remind"] = "1s"


async def test_the_card_names_sleepers_without_a_ping(workplace):
    """Ben sleeps and Chloe does not: both may decide, one is mentioned; a sleeper's click counts."""

    def ben_sleeps(policy):
        policy["groups"]["sleepers"] = ["ben"]
        policy["quiet"] = around_now(["sleepers"])

    async with at_work(workplace(ben_sleeps)) as work:
        request_id = await work.asks()
        card = await work.card(request_id, "Ben Okafor", "<@U0CHLOE>", offering="jit_approve")
        assert "U0BEN" not in readable(card)
        await work.clicks("@ben", card, "jit_approve")
        await work.reaches(request_id, State.ACTIVE)


async def test_a_reminder_reaches_who_is_awake(workplace):
    """The line mentions Chloe alone."""

    def ben_sleeps(policy):
        remind(policy)
        policy["groups"]["sleepers"] = ["ben"]
        policy["quiet"] = around_now(["sleepers"])

    async with at_work(workplace(ben_sleeps)) as work:
        await work.asks()
        line = await work.posted(PROD, "⏰ Nobody has decided yet", "<@U0CHLOE>")
        assert "U0BEN" not in line["text"]


async def test_a_reminder_waits_for_the_morning(workplace):
    """All sleep: no line, the reminder is due when they wake, and the log says so; the lapse stays."""

    def all_sleep(policy):
        remind(policy)
        policy["quiet"] = around_now(["db-owners"], 30)

    async with at_work(workplace(all_sleep)) as work:
        request_id = await work.asks()
        await _until_event(work, request_id, "reminder_put_off")
        request = await work.request(request_id)
        woken = request.reminds_at
        assert (timedelta(minutes=28) < woken - request.created_at < timedelta(minutes=31), 0) == (
            True, woken.second,
        )  # fmt: skip
        assert request.created_at + timedelta(hours=1) == request.lapses_at
        lines = [m for m in in_channel(await work.settled(), PROD) if "⏰" in m.get("text", "")]
        assert [] == lines
        assert "quiet hours until" in await work.types("@sam", f"/jit audit {request_id}")
        why = await work.types("@ben", "/jit status " + request_id)
        assert request_id in why


async def test_never_woken_before_the_lapse(workplace):
    """Quiet hours that outlast the request: it lapses when it would have, and no reminder comes."""

    def all_sleep(policy):
        remind(policy)
        policy["quiet"] = around_now(["db-owners"], 300)

    async with at_work(workplace(all_sleep)) as work:
        request_id = await work.asks()
        await _until_event(work, request_id, "reminder_put_off")
        assert (await work.request(request_id)).reminds_at is None


async def test_escalation_goes_on_to_who_is_awake(workplace):
    """The first step's people sleep, so that the second is reached with it, and Sam can decide at once."""

    def ladder(policy):
        policy["environments"]["production"]["remind"] = "never"
        policy["groups"]["night"] = ["dev"]
        policy["quiet"] = around_now(["db-owners", "night"])
        steps = [
            {"after": "1s", "to": {"groups": ["night"]}},
            {"after": "30m", "to": {"groups": ["security"]}},
        ]
        policy["rules"]["prod-db-debug"]["obligations"] = {"escalation": steps}

    async with at_work(workplace(ladder)) as work:
        request_id = await work.asks()
        line = await work.posted(PROD, "⏫ Nobody has decided for 1 s: night, security may decide too")
        assert ("<@U0SAM>" in line["text"], "U0DEV" in line["text"]) == (True, False)
        card = await work.card(request_id, "escalated", offering="jit_approve")
        await work.clicks("@sam", card, "jit_approve")
        await work.reaches(request_id, State.ACTIVE)


async def test_on_call_is_pinged_at_any_hour(workplace):
    """Whoever is on call is excepted, whatever group they are in."""

    def on_call(policy):
        remind(policy)
        policy["quiet"] = around_now(["db-owners"])
        policy["rotas"] = {"duty": {"people": ["chloe"], "from": "2026-01-05", "zone": "UTC"}}

    async with at_work(workplace(on_call)) as work:
        await work.asks()
        line = await work.posted(PROD, "⏰ Nobody has decided yet", "<@U0CHLOE>")
        assert "U0BEN" not in line["text"]


async def test_other_environments_are_not_quiet(workplace):
    """Quiet hours of one environment are none of another."""

    def of_staging(policy):
        policy["quiet"] = around_now(["db-owners"], environments=["staging"])

    async with at_work(workplace(of_staging)) as work:
        request_id = await work.asks()
        await work.card(request_id, "<@U0BEN>", "<@U0CHLOE>")


async def _until_event(work, request_id: str, kind: str) -> None:
    for _ in range(80):
        if kind in await work.events(request_id):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"no {kind} within 8 s")
