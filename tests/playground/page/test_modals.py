"""Contract: modals.

A modal is a dialog over the page, whoever opened it; each input's value reaches the app as Slack sends it;
errors stand at their fields; a view that the app changes keeps what was typed under the same ids; views
stack.
"""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.playground.page.bot import Every
from tests.playground.page.reader import PHONE, Reader, Readers

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def opened(readers: Readers, **options: Any) -> Reader:
    """Ana, with the form open that has every input."""
    reader = await readers.open(**options)
    await reader.say("/every form")
    await expect(reader.dialog).to_be_visible()
    return reader


async def choose(reader: Reader, block_id: str, *words: str) -> None:
    """Choose in a select: search, and take the first that fits."""
    await reader.input(block_id).click()
    for word in words:
        search = reader.dialog.locator(".popup-search")
        await search.fill(word)
        await reader.dialog.get_by_role("option").filter(has_text=word).first.click()
    if block_id.startswith("multi_"):
        await reader.dialog.locator(".popup-search").press("Escape")
    await expect(reader.dialog.locator(".popup")).to_have_count(0)


@pytest.mark.parametrize("size", [{}, {"size": PHONE}], ids=["desktop", "phone"])
async def test_every_input_reaches_the_app(readers: Readers, every: Every, size: dict[str, Any]) -> None:
    """Fill in everything and submit: the app gets each value in Slack's form, and the modal closes."""
    reader = await opened(readers, **size)
    for block_id, text in {
        "words": "some words",
        "story": "two\nlines",
        "mail": "ana@example.com",
        "address": "https://example.com",
        "count": "7",
        "rich": "plain words",
        "day": "2026-03-02",
        "hour": "09:30",
        "moment": "2026-03-02T09:30",
    }.items():
        await reader.input(block_id).fill(text)
    await reader.input("boxes").get_by_label("Green").check()
    await reader.input("boxes").get_by_label("Blue").check()
    await reader.input("radio").get_by_label("Red").check()
    await choose(reader, "static", "Blue")
    await choose(reader, "external", "x-1")
    await choose(reader, "users", "Ben")
    await choose(reader, "conversations", "general")
    await choose(reader, "channels", "staging")
    await choose(reader, "multi_static", "Red", "Green")
    await choose(reader, "multi_external", "y-2")
    await choose(reader, "multi_users", "Sam", "Dev")
    await choose(reader, "multi_conversations", "Chloe", "prod")
    await choose(reader, "multi_channels", "sandbox")
    await reader.dialog.get_by_role("button", name="Send").click()
    await expect(reader.dialog).to_have_count(0)
    (values,) = every.submitted
    got = {block_id: _plain(by_action["it"]) for block_id, by_action in values.items() if block_id != "told"}
    assert got == {
        "words": "some words",
        "story": "two\nlines",
        "mail": "ana@example.com",
        "address": "https://example.com",
        "count": "7",
        "rich": "plain words",
        "day": "2026-03-02",
        "hour": "09:30",
        "moment": 1772440200,
        "boxes": ["green", "blue"],
        "radio": "red",
        "static": "blue",
        "external": "x-1-0",
        "users": "U0BEN",
        "conversations": "C0GENERAL",
        "channels": "C0STAGING",
        "multi_static": ["red", "green"],
        "multi_external": ["y-2-0"],
        "multi_users": ["U0SAM", "U0DEV"],
        "multi_conversations": ["U0CHLOE", "C0PROD"],
        "multi_channels": ["C0SANDBOX"],
    }


def _plain(held: dict[str, Any]) -> Any:
    """What an element's state says, without its wrapping."""
    (value,) = (each for key, each in held.items() if key != "type")
    if isinstance(value, dict) and value.get("type") == "rich_text":
        return value["elements"][0]["elements"][0]["text"]
    if isinstance(value, list):
        return [each["value"] if isinstance(each, dict) else each for each in value]
    return value["value"] if isinstance(value, dict) else value


async def test_errors_stand_at_their_fields(readers: Readers, every: Every) -> None:
    """Slack's own checks and the app's errors both show below the field, which gets the focus."""
    reader = await opened(readers)
    await reader.input("mail").fill("nonsense")
    await reader.dialog.get_by_role("button", name="Send").click()
    wrong = reader.dialog.locator('.block[data-block-id="mail"]')
    await expect(wrong.locator(".error")).to_have_text("Please enter a valid email address.")
    await expect(reader.input("mail")).to_be_focused()
    await expect(reader.input("mail")).to_have_attribute("aria-invalid", "true")
    await reader.input("mail").fill("ana@example.com")
    await reader.input("words").fill("wrong")
    await reader.dialog.get_by_role("button", name="Send").click()
    await expect(reader.dialog.locator('.block[data-block-id="words"] .error')).to_have_text("That is wrong.")
    await expect(wrong.locator(".error")).to_have_count(0)
    assert [] == every.submitted
    await reader.input("words").fill("right")
    await reader.dialog.get_by_role("button", name="Send").click()
    await expect(reader.dialog).to_have_count(0)
    assert "right" == every.submitted[0]["words"]["it"]["value"]


async def test_a_changed_view_keeps_what_was_typed(readers: Readers, every: Every) -> None:
    """The app updates the view while one types: values, focus and caret stay, and the app had the values."""
    reader = await opened(readers)
    await reader.input("story").fill("typed before")
    await reader.input("radio").get_by_label("Green").check()
    await reader.input("words").fill("halfway")
    await reader.input("words").evaluate("el => el.setSelectionRange(2, 2)")
    await reader.evaluate("() => document.querySelector('dialog [data-action-id=again]').click()")
    await expect(reader.dialog).to_contain_text("This came later.")
    await expect(reader.input("words")).to_have_value("halfway")
    await expect(reader.input("words")).to_be_focused()
    assert 2 == await reader.input("words").evaluate("el => el.selectionStart")
    await expect(reader.input("story")).to_have_value("typed before")
    await expect(reader.input("radio").get_by_label("Green")).to_be_checked()
    sent = every.heard[0]["view"]["state"]["values"]
    assert ("halfway", "typed before") == (sent["words"]["it"]["value"], sent["story"]["it"]["value"])


async def test_typing_survives_what_happens_elsewhere(readers: Readers, every: Every) -> None:
    """Messages arrive and the page is loaded again: the modal is still open, with what was typed."""
    reader = await opened(readers)
    await reader.input("story").fill("a long story")
    await every.client.chat_postMessage(channel="#general", text="meanwhile")
    await expect(reader.message("meanwhile")).to_be_attached()
    await expect(reader.input("story")).to_be_focused()
    await reader.input("words").focus()
    await expect(reader.input("story")).to_have_value("a long story")
    await reader.page.wait_for_timeout(200)
    await reader.page.reload()
    await expect(reader.input("story")).to_have_value("a long story")


async def test_a_dispatching_select_tells_at_once(readers: Readers, every: Every) -> None:
    """A select in an input block with dispatch_action reaches the app before the modal is submitted."""
    reader = await opened(readers)
    await choose(reader, "told", "Green")
    await expect(reader.input("told")).not_to_have_attribute("aria-busy", "true")
    assert "green" == every.heard_of("told")[0]["selected_option"]["value"]


async def test_views_stack_and_come_back(readers: Readers, every: Every) -> None:
    """A pushed view lies on top; closing it brings back the one below with what was typed."""
    reader = await opened(readers)
    await reader.input("words").fill("below")
    await reader.act_in_dialog("stack").click()
    await expect(reader.dialog.get_by_text("On top")).to_be_visible()
    await expect(reader.dialog.locator(".depth")).to_have_text("2 of 3")
    await reader.page.keyboard.press("Escape")
    await expect(reader.input("words")).to_have_value("below")
    await reader.dialog.get_by_role("button", name="Not now").click()
    await expect(reader.dialog).to_have_count(0)


async def test_submitting_shows_that_it_works(readers: Readers, every: Every) -> None:
    """While the app thinks, the button is busy and a second click sends nothing."""
    reader = await opened(readers)
    every.gate.clear()
    submit = reader.dialog.locator("[data-submit]")
    await submit.click()
    await expect(submit).to_have_attribute("aria-busy", "true")
    await submit.dispatch_event("click")
    every.gate.set()
    await expect(reader.dialog).to_have_count(0)
    assert 1 == len(every.submitted)


async def test_a_modal_is_its_persons_own(readers: Readers) -> None:
    """Another person sees no modal; the same person on another page does."""
    await opened(readers)
    ben, ana = await readers.open("as/ben/in/general"), await readers.open("as/ana/in/general")
    await expect(ana.dialog).to_be_visible()
    await expect(ben.dialog).to_have_count(0)


async def test_deny_asks_why(readers: Readers, every: Every) -> None:
    """A button opens a modal; its error and then its submission change the card."""
    await every.post_card()
    reader = await readers.open("as/ben/in/prod-approvals")
    await reader.act("deny").click()
    await expect(reader.input("why")).to_be_focused()
    await reader.page.keyboard.type("no")
    await reader.page.keyboard.press("Control+Enter")
    await expect(reader.dialog.locator(".error")).to_have_text("Say a little more than that.")
    await reader.page.keyboard.type(" reason is given")
    await reader.page.keyboard.press("Control+Enter")
    await expect(reader.messages().first).to_contain_text("Denied by @Ben Okafor")
