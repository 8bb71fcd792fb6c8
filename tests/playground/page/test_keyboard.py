"""Contract: the keyboard alone is enough.

Everything that a mouse can do is reachable, the focus is always to be seen and never lost, Escape closes what
is on top, arrow keys move in lists, and Ctrl or Cmd+K goes anywhere.
"""

import re

import pytest
from playwright.async_api import expect

from tests.playground.page.bot import FIRST_HALF, Every
from tests.playground.page.reader import PHONE, Reader, Readers

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def tab_to(reader: Reader, selector: str, *, key: str = "Tab") -> None:
    """Press Tab until the element has the focus."""
    for _ in range(80):
        if await reader.evaluate("(selector) => document.activeElement?.matches(selector)", selector):
            return
        await reader.page.keyboard.press(key)
    raise AssertionError(f"{selector} cannot be reached with {key}")


async def test_the_main_story_by_keyboard(readers: Readers, every: Every) -> None:
    """Complete a command, post a card, become Ben, jump to the channel, approve: no mouse."""
    reader = await readers.open("as/ana/in/general")
    keyboard = reader.page.keyboard
    await expect(reader.composer).to_be_focused()
    await keyboard.type("/ev")
    await expect(reader.page.get_by_role("option", name="/every")).to_be_visible()
    await keyboard.press("Enter")
    await expect(reader.composer).to_have_value("/every ")
    await expect(reader.page.locator(".usage")).to_contain_text("[card | form | all | silent]")
    await keyboard.type("card")
    await keyboard.press("Enter")
    await expect(reader.page.locator('[data-be="ben"] .badge')).to_have_text("1")
    await tab_to(reader, '[data-be="ana"]', key="Shift+Tab")
    await keyboard.press("ArrowRight")
    await expect(reader.page.locator('[data-be="ben"]')).to_be_focused()
    await keyboard.press("Control+k")
    await keyboard.type("prod")
    await keyboard.press("Enter")
    await expect(reader.page).to_have_url(re.compile("#/as/ben/in/prod-approvals$"))
    await expect(reader.composer).to_be_focused()
    await tab_to(reader, 'main [data-action-id="approve"]', key="Shift+Tab")
    await keyboard.press("Enter")
    await expect(reader.messages().first).to_contain_text("Approved by @Ben Okafor")


async def test_completion_of_people_and_channels(readers: Readers) -> None:
    """`@` and `#` offer names; arrows choose, Tab takes, Escape puts the list away and keeps the text."""
    reader = await readers.open()
    keyboard = reader.page.keyboard
    await keyboard.type("ask @ch")
    await keyboard.press("Tab")
    await expect(reader.composer).to_have_value("ask @chloe ")
    await keyboard.type("in #app")
    await keyboard.press("ArrowDown")
    await keyboard.press("Enter")
    await expect(reader.composer).to_have_value("ask @chloe in #staging-approvals ")
    await keyboard.type("@")
    await expect(reader.page.get_by_role("listbox")).to_be_visible()
    await keyboard.press("Escape")
    await expect(reader.page.get_by_role("listbox")).to_have_count(0)
    await keyboard.press("Shift+Enter")
    await keyboard.type("second line")
    await expect(reader.composer).to_have_value("ask @chloe in #staging-approvals @\nsecond line")


async def test_a_select_by_keyboard(readers: Readers, every: Every) -> None:
    """Open with the arrow, move, search, choose with Enter; Escape leaves everything as it was."""
    await every.client.chat_postMessage(channel="#general", text="x", blocks=FIRST_HALF)
    reader = await readers.open()
    keyboard = reader.page.keyboard
    await reader.act("colour").focus()
    await keyboard.press("ArrowDown")
    await keyboard.press("Escape")
    await expect(reader.act("colour")).to_be_focused()
    assert [] == every.heard_of("colour")
    await keyboard.press("Enter")
    await keyboard.press("ArrowDown")
    await keyboard.press("ArrowDown")
    await keyboard.press("Enter")
    await expect(reader.act("colour")).to_have_text("Blue")
    await expect(reader.act("colour")).to_be_focused()
    await tab_to(reader, '[data-action-id="more"]')
    await keyboard.press("Enter")
    await keyboard.press("ArrowDown")
    await keyboard.press("Enter")
    await expect(reader.act("more")).not_to_have_attribute("aria-busy", "true")
    assert "two" == every.heard_of("more")[0]["selected_option"]["value"]


async def test_a_modal_by_keyboard(readers: Readers, every: Every) -> None:
    """The focus begins in the modal, stays in it, and goes back to the composer when it closes."""
    reader = await readers.open()
    keyboard = reader.page.keyboard
    await keyboard.type("/every form")
    await keyboard.press("Enter")
    await expect(reader.dialog).to_be_visible()
    for _ in range(45):
        await keyboard.press("Tab")
        assert await reader.evaluate(
            "() => document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
    await reader.input("words").focus()
    await keyboard.type("typed")
    await tab_to(reader, '[data-block-id="radio"] input')
    await keyboard.press("Space")
    await keyboard.press("ArrowDown")
    await tab_to(reader, '[data-block-id="multi_users"]')
    await keyboard.press("Enter")
    await keyboard.type("ben")
    await keyboard.press("Enter")
    await keyboard.press("Escape")
    await expect(reader.input("multi_users")).to_be_focused()
    await keyboard.press("Control+Enter")
    await expect(reader.dialog).to_have_count(0)
    await expect(reader.composer).to_be_focused()
    (values,) = every.submitted
    assert "typed" == values["words"]["it"]["value"]
    assert "green" == values["radio"]["it"]["selected_option"]["value"]
    assert ["U0BEN"] == values["multi_users"]["it"]["selected_users"]


async def test_walking_through_messages(readers: Readers, every: Every) -> None:
    """From the list's one tab stop the arrows move from message to message; its actions are next to it."""
    for n in range(3):
        await every.client.chat_postMessage(channel="#general", text=f"line {n}")
    reader = await readers.open()
    keyboard = reader.page.keyboard
    await tab_to(reader, ".message", key="Shift+Tab")
    await expect(reader.message("line 2")).to_be_focused()
    await keyboard.press("ArrowUp")
    await expect(reader.message("line 1")).to_be_focused()
    await tab_to(reader, '[aria-label="Reply in thread"]')
    await keyboard.press("Enter")
    await expect(reader.thread.locator(".message")).to_contain_text("line 1")
    await expect(reader.thread_composer).to_be_focused()
    await keyboard.press("Escape")
    await expect(reader.thread).to_have_count(0)


async def test_jumping_to_people(readers: Readers) -> None:
    """Ctrl+K finds people and whom one can be; Escape closes it; nothing found is said."""
    reader = await readers.open()
    keyboard = reader.page.keyboard
    await keyboard.press("Control+k")
    await keyboard.type("become sam")
    await keyboard.press("Enter")
    await expect(reader.page).to_have_url(re.compile("#/as/sam/in/general$"))
    await keyboard.press("Control+k")
    await keyboard.type("zzz")
    await expect(reader.page.locator("dialog.jump")).to_contain_text("nobody is called that")
    await keyboard.press("Escape")
    await expect(reader.page.locator("dialog.jump")).to_have_count(0)


async def test_the_drawer_by_keyboard(readers: Readers) -> None:
    """At phone width the side bar opens with the focus in it, and Escape gives it back."""
    reader = await readers.open(size=PHONE)
    keyboard = reader.page.keyboard
    opener = reader.page.get_by_role("button", name="Show channels")
    await expect(reader.page.locator("nav a").first).to_be_hidden()
    await opener.focus()
    await keyboard.press("Enter")
    await expect(reader.page.locator("nav .here")).to_be_focused()
    await keyboard.press("Escape")
    await expect(opener).to_be_focused()
    await keyboard.press("Enter")
    await expect(reader.page.locator("nav .here")).to_be_focused()
    await keyboard.press("ArrowDown")
    await keyboard.press("Enter")
    await expect(reader.page.locator("main h1")).to_have_text("#prod-approvals")
    await expect(reader.page.locator("nav a").first).to_be_hidden()


async def test_what_has_focus_is_seen(readers: Readers, every: Every) -> None:
    """Each stop of the Tab key has an outline, a border of its own, or a ring around its box."""
    await every.post_card()
    reader = await readers.open("as/ben/in/prod-approvals")
    for _ in range(40):
        await reader.page.keyboard.press("Tab")
        seen = await reader.evaluate(
            """() => {
              const el = document.activeElement;
              if (el === document.body) return true;
              const { outlineStyle, outlineWidth } = getComputedStyle(el);
              const ring = el.closest(".composer-box");
              return (outlineStyle !== "none" && parseFloat(outlineWidth) >= 1)
                || (!!ring && getComputedStyle(ring).boxShadow !== "none") || el.outerHTML.slice(0, 120);
            }"""
        )
        assert True is seen
