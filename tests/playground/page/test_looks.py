"""Contract: how it looks.

In light and dark and from 390 pixels on, every text has the contrast that WCAG 2.2 AA asks for (4.5 : 1,
large text 3 : 1), nothing overflows the page, and controls are large enough to hit (24 pixels). Pictures of
the main screens are left in the test's temporary folder.
"""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from tests.playground.page.bot import FIRST_HALF, SECOND_HALF, Every
from tests.playground.page.reader import DESKTOP, PHONE, Reader, Readers

pytestmark = pytest.mark.asyncio(loop_scope="module")
MEASURE = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
EVERYWHERE = [
    pytest.param(scheme, size, id=f"{scheme}-{size['width']}")
    for scheme in ("light", "dark")
    for size in (DESKTOP, PHONE)
]


async def weak(reader: Reader) -> list[Any]:
    """Texts whose contrast is too low, as `[words, ratio, colour, ground]`."""
    return await reader.evaluate(MEASURE)


async def overflow(reader: Reader) -> int:
    """By how many pixels the page is wider than its window."""
    return await reader.evaluate("() => document.documentElement.scrollWidth - innerWidth")


async def small(reader: Reader) -> list[str]:
    """Controls in sight that are smaller than 24 pixels and stand alone (not words in a sentence)."""
    return await reader.evaluate(
        """() => [...document.querySelectorAll("button, .row, .select-button, .input")].filter((el) => {
          const { width, height } = el.getBoundingClientRect();
          const seen = el.checkVisibility({ visibilityProperty: true }) && !el.matches(".link, .reaction");
          return seen && (width < 24 || height < 22);
        }).map((el) => el.outerHTML.slice(0, 90))"""
    )


async def test_the_measure_finds_what_is_too_faint(readers: Readers) -> None:
    """Grey on white is found, with its ratio; so the measure can fail."""
    reader = await readers.open()
    await reader.evaluate("() => { document.querySelector('.beginning p').style.color = '#999'; }")
    assert ["2.85"] == [ratio for _, ratio, *_ in await weak(reader)]


@pytest.mark.parametrize(("scheme", "size"), EVERYWHERE)
async def test_messages_threads_and_home(
    readers: Readers, every: Every, tmp_path: Path, scheme: str, size: dict[str, int]
) -> None:
    """A card, its thread, every kind of block and a home."""
    ts = await every.post_card()
    for half in (FIRST_HALF, SECOND_HALF):
        await every.client.chat_postMessage(channel="#general", text="Everything", blocks=half)
    await every.client.chat_postEphemeral(channel="#general", user="U0BEN", text="psst <@U0BEN>")
    reader = await readers.open("as/ben/in/prod-approvals", size=size, color_scheme=scheme)
    places = {
        "card": "as/ben/in/prod-approvals",
        "thread": f"as/ben/in/prod-approvals/thread/{ts}",
        "blocks": "as/ben/in/general",
        "home": "as/ben/with/every/home",
        "empty": "as/ben/with/ana",
    }
    for name, where in places.items():
        await reader.go(where)
        if name == "home":
            await expect(reader.page.locator(".home")).to_be_visible()
        await reader.page.screenshot(path=tmp_path / f"{name}.png")
        assert ([], 0, []) == (await weak(reader), await overflow(reader), await small(reader)), name


@pytest.mark.parametrize(("scheme", "size"), EVERYWHERE)
async def test_dialogs_and_menus(
    readers: Readers, every: Every, tmp_path: Path, scheme: str, size: dict[str, int]
) -> None:
    """Completion, a modal with an error and an open select, "jump to", a confirmation and the drawer."""
    await every.client.chat_postMessage(channel="#general", text="Everything", blocks=FIRST_HALF)
    reader = await readers.open(size=size, color_scheme=scheme)

    async def sound(name: str) -> None:
        await reader.page.screenshot(path=tmp_path / f"{name}.png")
        assert ([], 0) == (await weak(reader), await overflow(reader)), name

    await reader.composer.fill("/")
    await expect(reader.page.get_by_role("listbox")).to_be_in_viewport()
    await sound("completion")
    await reader.composer.fill("")
    await reader.act("sure").click()
    await sound("confirmation")
    await reader.page.keyboard.press("Escape")
    await reader.page.keyboard.press("Control+k")
    await sound("jump")
    await reader.page.keyboard.press("Escape")
    if size is PHONE:
        await reader.page.get_by_role("button", name="Show channels").click()
        await reader.page.wait_for_timeout(250)
        await sound("drawer")
        await reader.page.keyboard.press("Escape")
    await reader.say("/every form")
    await reader.input("mail").fill("nonsense")
    await reader.dialog.get_by_role("button", name="Send").click()
    await expect(reader.dialog.locator(".error")).to_be_visible()
    await reader.input("multi_users").click()
    await reader.page.keyboard.press("Enter")
    await expect(reader.dialog.get_by_role("listbox")).to_be_in_viewport()
    await sound("modal")


async def test_the_thread_is_a_full_sheet_on_a_phone(readers: Readers, every: Every) -> None:
    """It covers the conversation, and closing it brings the conversation back."""
    ts = await every.post_card()
    reader = await readers.open(f"as/ben/in/prod-approvals/thread/{ts}", size=PHONE)
    box = await reader.thread.bounding_box()
    assert box is not None
    assert (0, 390) == (box["x"], box["width"])
    await reader.page.get_by_role("button", name="Close thread").click()
    await expect(reader.act("approve")).to_be_in_viewport()


async def test_motion_is_reduced_when_asked(readers: Readers) -> None:
    """No transition moves the drawer for those who asked for less motion."""
    reader = await readers.open(size=PHONE, reduced_motion="reduce")
    moving = await reader.evaluate(
        "() => getComputedStyle(document.querySelector('.sidebar')).transitionDuration"
    )
    assert {"0s"} == set(moving.split(", "))


async def test_roles_and_names(readers: Readers, every: Every) -> None:
    """Those who cannot see find landmarks by name, and hear what is said in the open conversation."""
    reader = await readers.open()
    for role, name in (
        ("navigation", "Conversations"),
        ("main", "#general"),
        ("radiogroup", "You are"),
        ("textbox", "Message #general"),
    ):
        await expect(reader.page.get_by_role(role, name=name)).to_have_count(1)
    unnamed = await reader.evaluate(
        """() => [...document.querySelectorAll("button, a, input, textarea")].filter((el) =>
          !(el.getAttribute("aria-label") || el.textContent.trim() || el.labels?.length),
        ).map((el) => el.outerHTML)"""
    )
    assert [] == unnamed
    await every.client.chat_postMessage(channel="#general", text="Ana asks for *orders-db*")
    await expect(reader.page.locator("#announcer")).to_contain_text("every: Ana asks for")
