"""Contract of members that come and go where a source says so, or the clock: who may have and decide what follows.

Whoever may no longer have what they hold loses it within seconds, once the source has said so twice; cards name
who may decide now, and who is new among them is told. A source that is away takes nothing from anybody, nor does
an answer that was cut in half for a moment; what would hit many at once is told first, and waits.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.request import State
from app.playground.model import UserGroup
from app.slack import leaving
from app.store.leaving import LeavingNotes
from tests.workplace import PROD, SECURITY, at_work, cards, in_channel, thread

PENDING = "/jit request prod-db-debug users-db 30m INC-8: a look"
LEFT = "who is in its groups has changed, and the policy in force would deny it"


def sourced(name, **more):
    return {"slack": f"@{name}", "refresh": "1s", "max_age": "4s"} | more


def engineers(whole):
    """Who may ask for production comes from Slack."""
    whole["groups"]["engineers"] = sourced("engineers")


def owners(whole):
    """Who approves comes from Slack."""
    whole["groups"]["db-owners"] = sourced("owners")


def denied(whole):
    """Who is in the group is kept out."""
    whole["groups"]["kept-out"] = sourced("kept-out", max_age="1h")
    whole["rules"]["kept-out"] = {
        "effect": "deny", "actions": ["prod-db-debug"], "groups": ["kept-out"], "message": "Not they.",
    }  # fmt: skip


def in_group(work, name, *users):
    ids = [work.user_id(user) for user in users]
    work.workspace.usergroups[f"S0{name.upper()}"] = UserGroup(f"S0{name.upper()}", name, name.title(), ids)


async def knows(work, group, *people):
    """Wait until all replicas know who is in a group."""
    await work.until(
        lambda: all(set(each.bot.policy().members[group]) == set(people) for each in work.replicas),
        f"in {group} are {people}",
    )


async def notes(work):
    return await LeavingNotes(work.bot.connection.calls).noted()


async def gone_from(work, request_id, text):
    """Wait until a request's card does not read so any more."""

    def find(state):
        return next((m for m in cards(state) if request_id in str(m) and text not in str(m["blocks"])), None)

    return await work.hands.until(f"{text} is gone from the card", find)


# -- those who hold and ask ------------------------------------------------------------------------------


async def test_a_requester_who_leaves(workplace):
    """Live access is taken back and what waits is cancelled, of them alone; card, thread and message say why."""
    async with workplace(engineers) as work:
        in_group(work, "engineers", "@ana", "@dev")
        await work.start()
        await knows(work, "engineers", "ana", "dev")
        live, other = await work.goes_live(), await work.goes_live(user="@dev")
        pending = await work.asks("@ana", PENDING)
        in_group(work, "engineers", "@dev")
        await work.reaches(live, State.REVOKED, 12)
        await work.reaches(pending, State.CANCELLED)
        card = await work.card(live, LEFT, without="jit_revoke")
        await work.card(pending, LEFT, "no rule lets ana ask for prod-db-debug", without="jit_approve")
        await work.told("@ana", "has ended", "no rule lets ana")
        story = "\n".join(thread(await work.settled(), card))

        assert f"⛔ policy revoked the access: {LEFT}: no rule lets ana" in story
        assert (False, State.ACTIVE) == (
            await work.bot.store.has_grant(live),
            (await work.request(other)).state,
        )
        assert 1 == (await work.events(live)).count("end_begun")


async def test_somebody_whom_a_rule_denies(workplace):
    """Who comes into a group that is denied loses what they have as well."""
    async with workplace(denied) as work:
        in_group(work, "kept-out", "@dev")
        await work.start()
        await knows(work, "kept-out", "dev")
        live = await work.goes_live()
        in_group(work, "kept-out", "@ana")
        ended = await work.reaches(live, State.REVOKED, 12)

    assert f"{LEFT}: Not they" in ended.ending.comment


@pytest.mark.parametrize("change", [engineers, denied])
async def test_a_source_that_is_away(workplace, change):
    """Its outage permits nothing new, and takes nothing from anybody, however long it lasts."""
    group = {engineers: "engineers", denied: "kept-out"}[change]

    def short(whole):
        change(whole)
        whole["groups"][group]["max_age"] = "3s"

    async with workplace(short) as work:
        in_group(work, group, "@ana" if change is engineers else "@dev")
        await work.start()
        await work.until(lambda: work.bot.policy().members[group], "somebody is in it")
        live, pending = await work.goes_live(), await work.asks("@ana", PENDING)
        card = await work.card(pending, offering="jit_approve")
        await work.fault("down", method="usergroups.list", count=1000)
        await work.until(lambda: not work.bot.policy().members[group], "it is not known who is in it")
        await asyncio.sleep(3)
        if change is engineers:
            said = await work.refused("@ben", card, "jit_approve")
            assert "who is in engineers is not known now, so it lets nobody ask; try again later" in said
        states = [(await work.request(each)).state for each in (live, pending)]

    assert [State.ACTIVE, State.PENDING] == states


async def test_an_answer_cut_in_half(workplace, monkeypatch):
    """What a source says once, and takes back when it is asked again, takes nothing; nobody gets anything by then."""
    note, noted = leaving.Leaving.note, set()

    async def and_back(of, found):
        """The source is whole again by the time it is asked once more."""
        await note(of, found)
        noted.update(each.id for each in found)
        if found:
            in_group(work, "engineers", "@ana")

    async with workplace(engineers) as work:
        in_group(work, "engineers", "@ana")
        await work.start()
        await knows(work, "engineers", "ana")
        live = await work.goes_live()
        monkeypatch.setattr(leaving.Leaving, "note", and_back)
        for _ in range(2):
            noted.clear()
            in_group(work, "engineers")
            await work.until(lambda: live in noted, "it is noted")
            await knows(work, "engineers", "ana")
        await asyncio.sleep(3)
        assert State.ACTIVE is (await work.request(live)).state
        assert {} == await notes(work)


async def test_nothing_new_until_it_is_certain(workplace):
    """For whom the last answer does not name nothing is approved, and what is approved is not begun."""
    async with workplace(engineers) as work:
        in_group(work, "engineers", "@ana")
        await work.start(working=False)
        await knows(work, "engineers", "ana")
        approved, pending = await work.asks(), await work.asks("@ana", PENDING)
        ben = work.bot.policy().people["ben"]
        await work.bot.workflow.approve(approved, by=ben)
        in_group(work, "engineers")
        await knows(work, "engineers")
        said = await work.answer("@ben", work.forges("@ben", "jit_approve", pending))
        begun = await work.bot.workflow.begin_grant(approved)

    why = "by now: no rule lets ana ask for prod-db-debug on"
    assert f"Policy denies {pending} {why} users-db." in said
    assert (State.CANCELLED, f"Policy denies {approved} {why} orders-db.") == (begun.state, begun.comment)


# -- many at once ----------------------------------------------------------------------------------------


@pytest.fixture
def few_are_many(monkeypatch):
    """Two people are many, and are held for some seconds."""
    monkeypatch.setattr(leaving, "MANY", 1)
    monkeypatch.setattr(leaving, "HELD", timedelta(seconds=6))
    monkeypatch.setattr(leaving, "LOOKED_AT_AGAIN", 0.5)


@pytest.mark.usefixtures("few_are_many")
async def test_many_at_once(workplace):
    """Security is told once, nothing is taken back for a while, and then it is, as the source still says so."""
    async with workplace(engineers) as work:
        in_group(work, "engineers", "@ana", "@dev")
        await work.start()
        await work.start()
        await knows(work, "engineers", "ana", "dev")
        held = [await work.goes_live(), await work.goes_live(user="@dev")]
        in_group(work, "engineers")
        alarm = await work.posted(SECURITY, "groups.engineers", "2 people", "2 requests", "ana, dev")
        assert [State.ACTIVE] * 2 == [(await work.request(each)).state for each in held]
        for each in held:
            await work.reaches(each, State.REVOKED, 15)
        told = [m for m in in_channel(await work.settled(), SECURITY) if "may no longer have" in m["text"]]

        assert [alarm["ts"]] == [each["ts"] for each in told]
        assert [1, 1] == [(await work.events(each)).count("end_begun") for each in held]


@pytest.mark.usefixtures("few_are_many")
async def test_many_at_once_by_mistake(workplace):
    """A source that is mended in time has taken nothing from anybody."""
    async with workplace(engineers) as work:
        in_group(work, "engineers", "@ana", "@dev")
        await work.start()
        await knows(work, "engineers", "ana", "dev")
        held = [await work.goes_live(), await work.goes_live(user="@dev")]
        in_group(work, "engineers")
        await work.posted(SECURITY, "2 people")
        in_group(work, "engineers", "@ana", "@dev")
        await asyncio.sleep(9)

        assert [State.ACTIVE] * 2 == [(await work.request(each)).state for each in held]


# -- those who decide ------------------------------------------------------------------------------------


async def test_other_approvers(workplace):
    """The card names who may decide now, who is new is pinged in the thread, once for however many replicas."""
    async with workplace(owners) as work:
        in_group(work, "owners", "@ben")
        await work.start()
        await work.start()
        await knows(work, "db-owners", "ben")
        request_id = await work.asks()
        before = await work.card(request_id, "<@U0BEN>", offering="jit_approve")
        await work.settled()
        in_group(work, "owners", "@chloe")
        card = await work.card(request_id, "<@U0CHLOE>", offering="jit_approve")
        await asyncio.sleep(2.5)
        lines = thread(await work.settled(), card)

        assert (before["ts"], False) == (card["ts"], "U0BEN" in str(card["blocks"]))
        said = "👥 Who is in groups or on call changed: who may approve has changed. From now on: <@U0CHLOE>."
        assert [said] == [line for line in lines if line.startswith("👥")]
        assert 1 == (await work.events(request_id)).count("approvers_changed")
        await work.clicks("@chloe", card, "jit_approve")
        await work.reaches(request_id, State.ACTIVE)


async def test_a_change_of_others(workplace):
    """Nothing is written about requests that it does not concern; nor by answers that say the same."""
    async with workplace(lambda whole: (owners(whole), engineers(whole))) as work:
        in_group(work, "owners", "@ben")
        in_group(work, "engineers", "@ana")
        await work.start()
        await knows(work, "db-owners", "ben")
        request_id = await work.asks()
        await work.card(request_id, offering="jit_approve")
        in_group(work, "engineers", "@ana", "@dev")
        await knows(work, "engineers", "ana", "dev")
        await asyncio.sleep(2.5)

        assert ["requested"] == await work.events(request_id)


async def test_changed_while_no_bot_ran(workplace):
    """The bot that comes up compares who may decide with what was told before."""
    async with workplace(owners) as work:
        in_group(work, "owners", "@ben")
        first = await work.start()
        await knows(work, "db-owners", "ben")
        request_id = await work.asks()
        await work.card(request_id, "<@U0BEN>")
        await work.settled()
        await first.stop()
        work.replicas.clear()
        in_group(work, "owners", "@chloe")
        await work.start()
        await work.card(request_id, "<@U0CHLOE>", offering="jit_approve")


def rota(whole):
    """Ben is on call, for an hour from now on, and then Chloe is."""
    now = datetime.now(UTC)
    begins, ends = now - timedelta(hours=1), now + timedelta(hours=1)
    whole["rotas"] = {
        "db": {
            "people": ["chloe"],
            "from": "2026-01-05",
            "zone": "UTC",
            "overrides": [
                {"from": f"{begins:%Y-%m-%dT%H:%M}", "to": f"{ends:%Y-%m-%dT%H:%M}", "person": "ben"}
            ],
        }
    }
    whole["rules"]["prod-db-debug"]["stages"] = [{"name": "on-call", "on_call": ["db"]}]


async def test_a_handover(workplace):
    """When the shift ends the card names who is on call then, and pings them."""
    async with at_work(workplace(rota)) as work:
        request_id = await work.asks()
        await work.card(request_id, "<@U0BEN>", offering="jit_approve")
        await work.settled()
        read, at = datetime.now(UTC), asyncio.get_running_loop().time()
        work.bot.directory._clock = read + timedelta(hours=1), at
        card = await work.card(request_id, "<@U0CHLOE>", offering="jit_approve")
        await work.settled()
        assert "From now on: <@U0CHLOE>." in "\n".join(thread(await work.hands.look(), card, PROD))
        await work.refused("@ben", card, "jit_approve")
        await work.clicks("@chloe", card, "jit_approve")
        await work.reaches(request_id, State.ACTIVE)


# -- delegates -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_told", [True, False])
async def test_a_delegate_who_leaves(work, is_told):
    """The card does not name them any more, whether Slack tells of it or is asked."""
    await work.types("@chloe", "/jit delegate @dev for 2h")
    request_id = await work.asks()
    await work.card(request_id, "<@U0DEV>, for Chloe Martin until")
    await work.settled()
    if is_told:
        await work.hands.do("user", user="@dev", deleted=True)
    else:
        work.workspace.user_named("@dev").deleted = True
        await work.bot.leavers.look()
    await gone_from(work, request_id, "for Chloe Martin")

    assert 1 == (await work.events(request_id)).count("approvers_changed")


async def test_a_delegation_that_policy_lets_be_no_more(workplace):
    """The card does not name the delegate any more."""
    async with at_work(workplace(lambda _: None)) as work:
        await work.types("@chloe", "/jit delegate @dev for 2h")
        request_id = await work.asks()
        await work.card(request_id, "<@U0DEV>, for Chloe Martin until")
        await work.settled()
        await work.repolicy(lambda whole: whole.pop("delegation"))
        await gone_from(work, request_id, "for Chloe Martin")

        assert 1 == (await work.events(request_id)).count("approvers_changed")
