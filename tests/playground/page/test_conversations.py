"""Contract: people, conversations and messages.

A reader is one of the people, sees only that one's conversations, and every page follows what is said
anywhere within a moment, without losing what the reader is doing. The address says where one is, and leads
back there.
"""

import re

import pytest
from playwright.async_api import expect

from app.playground.model import Message
from tests.playground.page.bot import Every
from tests.playground.page.reader import Readers

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_deep_link_opens_a_place_and_stays_when_loaded_again(readers: Readers) -> None:
    """The address names person and place, and the page opens there again."""
    reader = await readers.open("as/sam/in/security")
    await expect(reader.page.locator("main h1")).to_have_text("#security")
    await reader.page.reload()
    await expect(reader.page.locator("main h1")).to_have_text("#security")
    await expect(reader.page.locator('[data-be="sam"]')).to_have_attribute("aria-checked", "true")


async def test_an_address_that_leads_nowhere_says_so(readers: Readers) -> None:
    """An unknown person and an unknown channel are told in words, and the nearest place is shown."""
    reader = await readers.open("as/nobody/in/nowhere")
    await expect(reader.page.locator(".lost")).to_contain_text("nobody called “nobody”")
    await reader.go("as/ben/in/nowhere")
    await expect(reader.page.locator(".lost")).to_contain_text("no conversation “nowhere”")
    assert reader.page.url.endswith("#/as/ben/in/general")


async def test_a_channel_of_others_is_closed(readers: Readers, every: Every) -> None:
    """Who is not a member sees nothing of what is said, even by its address."""
    await every.client.chat_postMessage(channel="#security", text="for members only")
    reader = await readers.open("as/ana/in/security")
    await expect(reader.page.locator("main")).to_contain_text("Ana Ruiz is not in #security")
    assert "for members only" not in await reader.page.content()
    assert 0 == await reader.page.locator('nav [data-conversation="C0SECURITY"]').count()


async def test_becoming_somebody_else_changes_whose_eyes_one_has(readers: Readers, every: Every) -> None:
    """Direct messages and ephemerals are those of the person one is."""
    await every.client.chat_postMessage(channel="U0BEN", text="only for Ben")
    await every.client.chat_postEphemeral(channel="C0GENERAL", user="U0ANA", text="only Ana sees this")
    reader = await readers.open("as/ana/in/general")
    await expect(reader.message("only Ana sees this")).to_contain_text("Only visible to you")
    await reader.page.locator('[data-be="ben"]').click()
    await expect(reader.page).to_have_url(re.compile("#/as/ben/in/general$"))
    await expect(reader.message("only Ana sees this")).to_have_count(0)
    await reader.page.locator('nav [data-conversation="U0EVERY"]').click()
    await expect(reader.message("only for Ben")).to_be_visible()


async def test_an_ephemeral_can_be_put_away(readers: Readers, every: Every) -> None:
    """Dismiss takes it away."""
    await every.client.chat_postEphemeral(channel="C0GENERAL", user="U0ANA", text="a passing word")
    reader = await readers.open()
    await reader.message("a passing word").get_by_role("button", name="Dismiss").click()
    await expect(reader.message("a passing word")).to_have_count(0)


async def test_what_one_says_another_sees_at_once(readers: Readers) -> None:
    """Two pages, two people: a message, its mention and a reaction arrive without loading again."""
    ana, ben = await readers.open("as/ana/in/general"), await readers.open("as/ben/in/general")
    await ana.say("Hello @ben, are you there?")
    await expect(ben.message("are you there?").locator(".mention.me")).to_have_text("@Ben Okafor")
    await ben.message("are you there?").hover()
    await ben.message("are you there?").get_by_role("button", name="React with eyes").click()
    await expect(ana.message("are you there?").locator(".reaction")).to_have_attribute(
        "aria-label", "eyes, 1 reaction"
    )


async def test_unread_is_counted_for_each_person(readers: Readers, every: Every) -> None:
    """A badge stands at the channel and at the person until that person looks."""
    reader = await readers.open("as/ana/in/general")
    await every.client.chat_postMessage(channel="#prod-approvals", text="<@U0BEN> please look")
    badge = reader.page.locator('[data-be="ben"] .badge')
    await expect(badge).to_have_text("1")
    await reader.page.locator('[data-be="ben"]').click()
    row = reader.page.locator('nav [data-conversation="C0PROD"]')
    await expect(row.locator(".badge.mentions")).to_have_text("1")
    await row.click()
    await expect(row.locator(".badge")).to_have_count(0)
    await expect(reader.page.locator(".new-line")).to_be_visible()
    await reader.page.locator('[data-be="ana"]').click()
    await expect(reader.page.locator('[data-be="ben"] .badge')).to_have_count(0)
    await expect(reader.page.locator('[data-be="sam"] .badge')).to_have_text("1")


async def test_messages_of_one_author_are_grouped(readers: Readers, every: Every) -> None:
    """The second of two messages stands under the first, without its author again."""
    for words in ("first", "second"):
        await every.client.chat_postMessage(channel="#general", text=words)
    reader = await readers.open()
    await expect(reader.message("first").locator(".author")).to_have_text("everyAPP")
    await expect(reader.message("second").locator(".author")).to_have_count(0)
    await expect(reader.page.locator(".day")).to_have_text("Today")


async def test_a_draft_and_the_focus_survive_what_arrives(readers: Readers, every: Every) -> None:
    """Messages come in while one types: text, caret and focus stay; so they do in another place and back."""
    reader = await readers.open()
    await reader.composer.fill("half a thought")
    await reader.composer.evaluate("el => el.setSelectionRange(4, 4)")
    for n in range(5):
        await every.client.chat_postMessage(channel="#general", text=f"noise {n}")
    await expect(reader.message("noise 4")).to_be_visible()
    assert ["composer-channel", 4, "half a thought"] == await reader.evaluate(
        "() => [document.activeElement].flatMap((el) => [el.id, el.selectionStart, el.value])"
    )
    await reader.go("as/ana/in/prod-approvals")
    await expect(reader.composer).to_have_value("")
    await reader.go("as/ana/in/general")
    await expect(reader.composer).to_have_value("half a thought")
    await reader.page.reload()
    await expect(reader.composer).to_have_value("half a thought")


async def test_a_thread_opens_beside_and_takes_replies(readers: Readers, every: Every) -> None:
    """«1 reply» opens the thread; a reply appears there and not in the channel; Escape closes it."""
    ts = await every.post_card()
    reader = await readers.open("as/ben/in/prod-approvals")
    await reader.page.get_by_role("button", name="1 reply").click()
    await expect(reader.page).to_have_url(re.compile(f"thread/{ts}$"))
    await reader.thread_composer.fill("on it")
    await reader.thread_composer.press("Enter")
    await expect(reader.thread.locator(".message").filter(has_text="on it")).to_be_visible()
    await expect(reader.message("on it")).to_have_count(0)
    await expect(reader.page.locator("main .thread-link")).to_contain_text("2 replies")
    await expect(reader.thread).to_contain_text("2 replies")
    await reader.thread_composer.press("Escape")
    await expect(reader.thread).to_have_count(0)


async def test_slash_commands_do_not_work_in_threads(readers: Readers, every: Every) -> None:
    """The page says so, and keeps what was typed."""
    ts = await every.post_card()
    reader = await readers.open(f"as/ben/in/prod-approvals/thread/{ts}")
    await reader.thread_composer.fill("/every hello")
    await reader.thread_composer.press("Enter")
    await expect(reader.thread.locator(".trouble")).to_contain_text("do not work in threads")
    await expect(reader.thread_composer).to_have_value("/every hello")


async def test_a_home_is_published_when_it_is_opened(readers: Readers, every: Every) -> None:
    """The Home tab tells the app, shows what it publishes, and its buttons work."""
    reader = await readers.open("as/ana/with/every")
    await reader.page.get_by_role("tab", name="Home").click()
    await expect(reader.page.locator(".home")).to_contain_text("Nothing is live.")
    await expect(reader.page).to_have_url(re.compile("#/as/ana/with/every/home$"))
    await reader.act("from_home").click()
    await expect(reader.act("from_home")).not_to_have_attribute("aria-busy", "true")
    assert 1 == len(every.heard_of("from_home"))


async def test_a_deleted_parent_leaves_a_tombstone(readers: Readers, every: Every) -> None:
    """What is deleted is gone; a parent with replies says that it was there."""
    ts = await every.post_card()
    reader = await readers.open("as/ben/in/prod-approvals")
    await every.client.chat_delete(channel="C0PROD", ts=ts)
    await expect(reader.page.locator(f'main [data-ts="{ts}"]')).to_contain_text("This message was deleted.")
    await expect(reader.act("approve")).to_have_count(0)


async def test_who_reads_above_is_not_dragged_down(readers: Readers, every: Every) -> None:
    """At the end the list follows what arrives; scrolled up it stays, and a button leads to the end."""
    for n in range(40):
        await every.client.chat_postMessage(channel="#general", text=f"line {n}")
    reader = await readers.open()
    await expect(reader.message("line 39")).to_be_in_viewport()
    await every.client.chat_postMessage(channel="#general", text="at the end")
    await expect(reader.message("at the end")).to_be_in_viewport()
    await reader.message("line 3").first.scroll_into_view_if_needed()
    before = await reader.evaluate("() => document.querySelector('.scroll').scrollTop")
    await every.client.chat_postMessage(channel="#general", text="out of sight")
    await expect(reader.message("out of sight")).to_be_attached()
    assert before == await reader.evaluate("() => document.querySelector('.scroll').scrollTop")
    await reader.page.get_by_role("button", name="Newest messages").click()
    await expect(reader.message("out of sight")).to_be_in_viewport()
    await expect(reader.page.get_by_role("button", name="Newest messages")).to_have_count(0)


async def test_who_scrolls_as_something_arrives_finds_the_way_back(readers: Readers, every: Every) -> None:
    """What is drawn between the scrolling and the event that tells of it does not keep the button away."""
    for n in range(40):
        await every.client.chat_postMessage(channel="#general", text=f"line {n}")
    reader = await readers.open()
    await expect(reader.message("line 39")).to_be_in_viewport()
    await reader.evaluate(
        """async () => {
          const { changed } = await import("/page/core/store.js");
          document.querySelector(".scroll").scrollTop = 0;
          changed();
        }"""
    )
    await reader.page.get_by_role("button", name="Newest messages").click()
    await expect(reader.message("line 39")).to_be_in_viewport()


async def test_two_thousand_messages_stay_smooth(readers: Readers, every: Every) -> None:
    """The newest hundred are drawn, earlier ones on demand in place; typing takes no noticeable time."""
    workspace = every.playground.workspace
    channel = workspace.channels["C0GENERAL"]
    for n in range(2000):
        channel.messages.append(
            Message(ts=workspace.new_ts(), user="U0BEN", text=f"line *{n}*", channel=channel.id)
        )
    workspace.touch()
    reader = await readers.open()
    await expect(reader.messages()).to_have_count(100)
    await expect(reader.message("line 1999")).to_be_in_viewport()
    usual = await reader.evaluate(
        """async () => {
          const box = document.getElementById("composer-channel");
          const times = [];
          for (const letter of "a thought of some length") {
            const begun = performance.now();
            box.value += letter;
            box.dispatchEvent(new Event("input", { bubbles: true }));
            await new Promise((drawn) => setTimeout(drawn));
            times.push(performance.now() - begun);
          }
          return times.sort((one, other) => one - other)[Math.floor(times.length / 2)];
        }"""
    )
    assert usual < 50
    await reader.page.get_by_role("button", name="Show earlier messages (1,900 more)").click()
    await expect(reader.messages()).to_have_count(300)
    await expect(reader.message("line 1900")).to_be_in_viewport()
    await expect(reader.message("line 1700")).not_to_be_in_viewport()
    await every.client.chat_postMessage(channel="#general", text="and one more")
    await expect(reader.message("and one more")).to_have_count(1)
    await expect(reader.message("line 1900")).to_be_in_viewport()
    await reader.page.get_by_role("button", name="Newest messages").click()
    await expect(reader.message("and one more")).to_be_in_viewport()
