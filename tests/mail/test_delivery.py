"""Contract of email as people live it: the real bot, its workspace, a real Redis and a real SMTP server.

Ben decides and reads mail alone, Ana asks and reads both, and production tells a list.
"""

import asyncio
from contextlib import asynccontextmanager

import pytest

from app.domain.request import State
from app.mail.composer import Composer, is_page
from app.mail.letter import Letter, Topic
from app.mail.message import Mailbox
from app.mail.said import Said
from app.store.post import Fate
from tests.mail.servers import Post, smtp_server, text_of
from tests.mfa.holders import Holder
from tests.workplace import SECURITY, Workplace, readable

ANA, BEN, CHLOE = "ana@example.com", "ben@example.com", "chloe@example.com"
LIST, SAM = "prod-access@example.com", "sam@example.com"
LINK = "https://jit.example.com/confirm/token-of-"


def by_mail(policies) -> None:
    """Who reads mail."""
    policies["people"]["ben"]["notify"] = ["email"]
    policies["people"]["ana"]["notify"] = ["slack", "email"]
    policies["environments"]["production"]["email"] = [LIST]
    policies["mail"] = {"digest": [SAM]}


@asynccontextmanager
async def office(work: Workplace, post: Post, **more):
    """Run a bot that sends to a server."""
    settings = {"smtp_url": f"smtp://127.0.0.1:{post.port}", "mail_from": "Access bot <jit@example.com>"}
    async with work:
        await work.start(**settings, **more)
        yield work


async def test_the_main_story(workplace):
    """Asked, approved, live, revoked: everyone concerned reads it, in one thread, and Ben is not pinged besides."""
    async with smtp_server() as post, office(workplace(by_mail), post) as work:
        request_id = await work.asks()
        asked = await post.one(BEN, "Ana Ruiz asks for your approval")
        card = await work.card(request_id, offering="jit_approve")
        assert ("<@U0BEN>" in str(card["blocks"]), "<@U0CHLOE>" in str(card["blocks"])) == (False, True)
        assert "Ben Okafor" in readable(card)
        await work.clicks("@chloe", card, "jit_approve")
        await work.reaches(request_id, State.ACTIVE)
        await post.one(BEN, "This request needs you no more")
        await post.one(ANA, "Chloe Martin approved")
        live = await post.one(ANA, "Access is live\nApproved by Chloe Martin")
        await post.one(LIST, "Ana Ruiz asked for access")
        await post.one(LIST, "Chloe Martin approved")
        await work.types("@sam", f"/jit revoke {request_id} INC-7 is closed")
        gone = await post.one(ANA, "Access was revoked")
        await post.one(LIST, "Access was revoked")
        everything = [each.message for each in post.got]
    assert {f"<{request_id}.thread@example.com>"} == {each["References"] for each in everything}
    assert 1 == len({each["Subject"] for each in everything})
    assert len(everything) == len({each["Message-ID"] for each in everything})
    assert "Decide in Slack, on its card in #prod-approvals." in text_of(asked)
    assert ("INC-7 is closed" in text_of(gone), str(live["To"])) == (True, f"Ana Ruiz <{ANA}>")
    assert [] == post.to(CHLOE)


async def test_nobody_is_told_what_they_did(workplace):
    """Ana cancels and gives back herself: no mail says so to her."""
    async with smtp_server() as post, office(workplace(by_mail), post) as work:
        cancelled = await work.asks()
        await post.one(BEN, "asks for your approval")
        await work.types("@ana", f"/jit cancel {cancelled}")
        await post.one(BEN, "This request needs you no more")
        live = await work.goes_live("/jit request prod-db-debug payments-db 30m INC-8", by="@chloe")
        await work.types("@ana", f"/jit done {live}")
        await post.one(LIST, "Access was given back")
        await work.settled()
        assert [] == [each for each in post.to(ANA) if "given back" in text_of(each).splitlines()[0]]
        assert [] == [each for each in post.to(ANA) if "stopped" in text_of(each).splitlines()[0]]


async def test_a_settled_request_asks_nobody(workplace):
    """The server was away while Ana asked and took it back: when it is there, nobody reads «asks for your approval»."""
    async with smtp_server() as gone:
        port = gone.port
    async with office(workplace(by_mail), gone) as work:
        settled = await work.asks()
        await until(work.bot.mail.post.relay_trouble)
        await work.types("@ana", f"/jit cancel {settled}")
        waits = await work.asks("@ana", "/jit request prod-db-debug payments-db 30m INC-8")
        async with smtp_server(port=port) as post:
            await post.one(BEN, waits)

            async def is_dropped() -> bool:
                return await work.bot.mail.post.fate(f"{settled}:ask:db-owner:ben") is Fate.DROPPED

            await until(is_dropped)
            assert [waits] == [
                request for each in post.to(BEN) for request in (settled, waits) if request in text_of(each)
            ]


async def test_bad_addresses_hold_back_nobody(workplace):
    """A mailbox that is gone is told on /readyz, masked, and in full to the doctor; the card and others go on."""

    def change(policies) -> None:
        by_mail(policies)
        policies["people"]["chloe"] |= {"email": "gone@example.com", "notify": ["slack", "email"]}
        policies["environments"]["production"]["email"] = ["stall@example.com", "busy@example.com", LIST]

    async with smtp_server() as post, office(workplace(change), post) as work:
        request_id = await work.asks()
        await post.one(BEN, "asks for your approval")
        await post.one(LIST, "asked for access")
        await work.card(request_id, offering="jit_approve")
        await work.settled()
        bot = work.bot

        async def is_told() -> bool:
            return "were not delivered" in (await bot.readiness()).warnings.get("email", "")

        await until(is_told)
        health = await bot.readiness()
        told = health.warnings["email"]
        full = [each.to for each in await bot.mail.post.failures() if each.final]
    assert ({}, ["gone@example.com"]) == (health.reasons, full)
    assert (
        "letters were not delivered in 7 days (1), the newest to g…@example.com" in told,
        "gone@" in told,
    ) == (
        True,
        False,
    )


async def test_the_digest(workplace):
    """Its readers get it once, however often it is tried, and the channel has it too."""
    async with smtp_server() as post, office(workplace(by_mail), post) as work:
        await work.goes_live(by="@chloe")
        await work.settled()
        bot = work.bot
        made = await bot.daily.make_now(await bot.store.now())
        await bot.auditing.send_digest(made, "digest:2026-03-02")
        await bot.auditing.send_digest(made, "digest:2026-03-02")
        await work.posted(SECURITY, "Access digest")
        mail = await post.one(SAM, "Access digest")
        assert 1 == len(post.to(SAM))
    assert ("<notices.jit.example.com>", True) == (
        mail["List-Id"],
        "prod-db-debug on orders-db" in text_of(mail),
    )


async def test_told_whatever_was_chosen(workplace):
    """What is told on every channel, such as a new second factor, reaches who chose Slack alone, once for its key."""
    async with smtp_server() as post, office(workplace(by_mail), post) as work:
        said = Said(subject="A new key", headline="A security key was added to your account")
        mailer = work.bot.mail.mailer
        told = [await mailer.tell_person(who, "factor:1", said) for who in ("chloe", "chloe", "nobody")]
        mail = await post.one(CHLOE, "A security key was added")
        await work.settled()
    assert ([True, True, False], 1, None) == (told, len(post.to(CHLOE)), mail["References"])


async def test_changes_of_factors_reach_everybody(workplace):
    """A key that is added to Chloe, who chose Slack alone, is told by mail too, with no link and no pretty word."""
    async with smtp_server() as post, office(workplace(by_mail), post) as work:
        await Holder(work.bot.connection, work.bot.policy().people["chloe"]).has_key()
        mail = await post.one(CHLOE, "was added")
        await work.settled()
        assert 1 == len(post.to(CHLOE))
    text = text_of(mail)
    assert all(
        part in text for part in ("Security key “mine” was added", "tell security now", "every channel")
    )


async def test_who_left_slack_is_asked_nothing(workplace):
    """Deactivated and still in the policies: no mail asks Ben, and the list's goes out all the same."""
    async with smtp_server() as post, office(workplace(by_mail), post) as work:
        work.workspace.user_named("@ben").deleted = True
        request_id = await work.asks()
        await post.one(LIST, request_id)

        async def is_dropped() -> bool:
            return await work.bot.mail.post.fate(f"{request_id}:ask:db-owner:ben") is Fate.DROPPED

        await until(is_dropped)
    assert [] == post.to(BEN)


async def test_without_a_mail_server(workplace):
    """Who chose email is told by Slack, health says why, and no event waits for a server that there is not."""
    async with workplace(by_mail) as work:
        await work.start()
        card = await work.card(await work.asks(), offering="jit_approve")
        assert "<@U0BEN>" in str(card["blocks"])
        await work.settled()
        health = await work.bot.readiness()
    assert "JIT_SMTP_URL is not set" in health.warnings["email"]


async def test_the_link_is_for_whoever_may_decide(workplace):
    """Each approver has their own; a list, a requester, and whoever decided have none."""

    async def link(person: str, request_id: str) -> str | None:
        return f"{LINK}{person}"

    async with workplace(by_mail) as work:
        await work.start()
        request_id = await work.asks()
        await work.settled()
        bot = work.bot
        sender = Mailbox(address="jit@example.com")
        composer = Composer(bot.store, bot.mail.post, bot.policy, nobody, sender, link)
        event = bot.audit_log.story(request_id)[0].event
        to_ben = Letter(topic=Topic.ASK, person="ben", request_id=request_id, event=event)
        to_list = Letter(topic=Topic.TELL, address=LIST, request_id=request_id, event=event)
        to_ana = to_ben.model_copy(update={"person": "ana"})
        letters = [await composer.compose("x", each) for each in (to_ben, to_list, to_ana)]
        await work.clicks("@ben", await work.card(request_id, offering="jit_approve"), "jit_approve")
        await work.reaches(request_id, State.ACTIVE)
        late = await composer.compose("x", to_ben)
    assert [True, False, None] == [each and LINK.encode() in each.message for each in letters]
    assert None is late


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "https://x\r\nBcc: y", "data:text/html,x", "/confirm/x", "https://x y", ""],
)
def test_a_link_that_is_none(link):
    """Whatever is given for a page's address, only one of the web gets into a mail."""
    assert (False, True) == (is_page(link), is_page(f"{LINK}ben"))


async def nobody():
    return ()


async def until(is_so, within: float = 15.0) -> None:
    """Wait until what a server is asked for is true."""
    async with asyncio.timeout(within):
        while not await is_so():  # noqa: ASYNC110  another server is asked
            await asyncio.sleep(0.02)
