"""Contract: blocks and elements in messages.

Every block that a message may hold is drawn, every element works and tells the app what was done, and what
the page cannot draw is shown as an error with its type and JSON. Text of people is text, whatever it holds.
"""

import base64
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.async_api import expect

from app.playground.block_kit.blocks import BLOCKS, ONLY_IN_MODALS
from app.playground.block_kit.elements import ELEMENTS
from app.playground.model import Message
from tests.playground.page.bot import FIRST_HALF, PIXEL, SECOND_HALF, Every, entry, inputs, select
from tests.playground.page.reader import Reader, Readers
from tests.playground.stage import actions, button, section

pytestmark = pytest.mark.asyncio(loop_scope="module")
UNDRAWABLE = {"file_input"}  # people cannot upload to the local workspace: it is shown as an error


async def shown(readers: Readers, every: Every, *blocks: dict[str, Any]) -> Reader:
    """Post a message of these blocks and look at it as Ana."""
    await every.client.chat_postMessage(channel="#general", text="Blocks", blocks=list(blocks))
    reader = await readers.open()
    await reader.messages().first.wait_for()
    return reader


async def test_every_block_is_drawn(readers: Readers, every: Every) -> None:
    """All kinds that the workspace accepts are in the test's messages, and none ends as an error."""
    for half in (FIRST_HALF, SECOND_HALF):
        await every.client.chat_postMessage(channel="#general", text="Everything", blocks=half)
    reader = await readers.open()
    await expect(reader.messages()).to_have_count(2)
    drawn = await reader.evaluate(
        "() => [...document.querySelectorAll('main .block')].map((el) => el.classList[1].slice(6))"
    )
    assert set(BLOCKS) - set(ONLY_IN_MODALS) <= set(drawn)
    assert [] == await reader.page.locator("[data-unknown]").all_inner_texts()


async def test_every_element_is_drawn(readers: Readers) -> None:
    """Each element that the workspace accepts is drawn by something, save those that cannot work here."""
    reader = await readers.open()
    unknown = await reader.evaluate(
        """async (types) => {
          const { drawElement } = await import("/page/elements/draw.js");
          const { render } = await import("/page/core/dom.js");
          const text = { type: "plain_text", text: "Words" };
          const choice = { text, value: "v" };
          const surface = { id: "m:0", place: "t", address: {}, values: {}, errors: {} };
          return types.filter((type) => {
            const element = { type, action_id: "a", text, options: [choice], icon: "trash", alt_text: "alt",
              positive_button: choice, negative_button: choice };
            const box = document.createElement("div");
            render(box, drawElement(element, { type: "actions", block_id: "b" }, surface));
            return box.querySelector("[data-unknown]") || !box.firstElementChild;
          });
        }""",
        sorted(ELEMENTS),
    )
    assert UNDRAWABLE == set(unknown)


async def test_what_is_unknown_shows_as_an_error(readers: Readers, every: Every) -> None:
    """A block, an element or a part that nobody knows is a box with its type and JSON."""
    workspace = every.playground.workspace
    blocks = [
        {"type": "hologram", "block_id": "b1", "depth": 3},
        {"type": "actions", "block_id": "b2", "elements": [{"type": "lever", "action_id": "pull"}, button()]},
        {"type": "rich_text", "block_id": "b3", "elements": [{"type": "rich_text_song", "elements": []}]},
        {"type": "header", "block_id": "b4"},
    ]
    workspace.post(
        Message(ts=workspace.new_ts(), user="U0EVERY", text="odd", channel="C0GENERAL", blocks=blocks)
    )
    reader = await readers.open()
    boxes = reader.page.locator("main [data-unknown]")
    await expect(boxes).to_have_count(4)
    named = [await box.get_attribute("data-unknown") for box in await boxes.all()]
    assert ["hologram", "lever", "rich_text_song", "header"] == named
    await boxes.first.locator("summary").click()
    await expect(boxes.first.locator("pre")).to_contain_text('"depth": 3')
    await expect(reader.act("go")).to_be_visible()


async def test_buttons_tell_the_app_which_was_clicked(readers: Readers, every: Every) -> None:
    """Of two buttons with one action id the clicked one's value arrives; meanwhile it shows that it works."""
    reader = await shown(readers, every, actions(button(value="one"), button("other", value="two")))
    every.gate.clear()
    await reader.act("other", "two").click()
    await expect(reader.act("other", "two")).to_have_attribute("aria-busy", "true")
    await reader.act("other", "two").dispatch_event("click")
    every.gate.set()
    await expect(reader.act("other", "two")).not_to_have_attribute("aria-busy", "true")
    assert ["two"] == [each["value"] for each in every.heard_of("other")]


async def test_a_confirmation_is_asked_first(readers: Readers, every: Every) -> None:
    """The dialog says what the app wrote; only its yes reaches the app."""
    reader = await shown(readers, every, *FIRST_HALF)
    dialog = reader.page.get_by_role("alertdialog", name="Really?")
    await reader.act("sure").click()
    await expect(dialog).to_contain_text("It cannot be undone.")
    await dialog.get_by_role("button", name="Keep it").click()
    await expect(dialog).to_have_count(0)
    await reader.act("sure").click()
    await reader.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    assert [] == every.heard_of("sure")
    await reader.act("sure").click()
    await dialog.get_by_role("button", name="Delete it").click()
    await expect(reader.act("sure")).not_to_have_attribute("aria-busy", "true")
    assert 1 == len(every.heard_of("sure"))


async def test_choices_in_a_message_reach_the_app_and_stay(readers: Readers, every: Every) -> None:
    """Selects, boxes, radio buttons, dates and the overflow menu, by mouse; what was chosen stays chosen."""
    reader = await shown(readers, every, *FIRST_HALF)
    await reader.act("colour").click()
    await reader.page.get_by_role("option", name="Green").click()
    await reader.act("who").click()
    await reader.page.get_by_role("combobox", name="Search Pick users").fill("chlo")
    await reader.page.get_by_role("option", name="Chloe Martin").click()
    await reader.act("more").click()
    await reader.page.get_by_role("menuitem", name="Two").click()
    await reader.act("day").fill("2026-03-02")
    await reader.act("hour").fill("09:30")
    await reader.act("boxes").get_by_label("Red").check()
    await reader.act("radio").get_by_label("Blue").check()

    async def arrived() -> dict[str, Any]:
        return {each["actions"][0]["action_id"]: each["actions"][0] for each in every.heard}

    while len(await arrived()) < 7:
        await reader.page.wait_for_timeout(50)
    heard = await arrived()
    assert "green" == heard["colour"]["selected_option"]["value"]
    assert "U0CHLOE" == heard["who"]["selected_user"]
    assert "two" == heard["more"]["selected_option"]["value"]
    assert ("2026-03-02", "09:30") == (heard["day"]["selected_date"], heard["hour"]["selected_time"])
    assert ["red"] == [each["value"] for each in heard["boxes"]["selected_options"]]
    assert "blue" == heard["radio"]["selected_option"]["value"]
    await reader.page.reload()
    await expect(reader.act("colour")).to_have_text("Green")
    await expect(reader.act("who")).to_contain_text("Chloe Martin")
    await expect(reader.act("boxes").get_by_label("Red")).to_be_checked()


async def test_an_input_in_a_message_is_sent_with_enter(readers: Readers, every: Every) -> None:
    """An input block with dispatch_action tells the app when Enter is pressed."""
    reader = await shown(readers, every, *SECOND_HALF)
    await reader.act("it").fill("from the channel")
    assert [] == every.heard_of("it")
    await reader.act("it").press("Enter")
    while not every.heard_of("it"):
        await reader.page.wait_for_timeout(20)
    assert "from the channel" == every.heard_of("it")[0]["value"]


async def test_a_card_follows_what_the_app_makes_of_it(readers: Readers, every: Every) -> None:
    """Ben approves: both pages lose the buttons, the thread tells of it, Ana gets a direct message."""
    await every.post_card()
    ana, ben = await readers.open("as/ana/in/prod-approvals"), await readers.open("as/ben/in/prod-approvals")
    await ben.act("approve").click()
    for reader in (ana, ben):
        await expect(reader.messages().first).to_contain_text("Approved by @Ben Okafor")
        await expect(reader.act("approve")).to_have_count(0)
    await expect(ana.page.locator('nav [data-conversation="U0EVERY"] .badge')).to_have_text("1")


async def test_several_choices_go_together_when_the_list_closes(readers: Readers, every: Every) -> None:
    """A multi-select in a message tells the app once, after the last choice, and keeps to its limit."""
    several = select("multi_static", "several", max_selected_items=2)
    reader = await shown(readers, every, section("Which?", accessory=several))
    await reader.act("several").click()
    for name in ("Red", "Green", "Blue"):
        await reader.page.get_by_role("option", name=name).click()
    assert [] == every.heard_of("several")
    await reader.page.keyboard.press("Escape")
    await expect(reader.act("several")).not_to_have_attribute("aria-busy", "true")
    await expect(reader.act("several").locator(".chip")).to_have_text(["Red", "Green"])
    heard = every.heard_of("several")
    assert [["red", "green"]] == [[one["value"] for one in each["selected_options"]] for each in heard]


async def test_typing_can_tell_the_app_as_one_types(readers: Readers, every: Every) -> None:
    """With on_character_entered the app hears of the text shortly after the last key, and the text stays."""
    element = {
        "type": "plain_text_input",
        "action_id": "live",
        "dispatch_action_config": {"trigger_actions_on": ["on_character_entered"]},
    }
    reader = await shown(readers, every, entry("live", element, dispatch_action=True))
    await reader.act("live").press_sequentially("orders", delay=10)
    while not (heard := every.heard_of("live")) or heard[-1]["value"] != "orders":
        await reader.page.wait_for_timeout(20)  # a slow machine pauses between two keys, too
    await expect(reader.act("live")).to_have_value("orders")
    await expect(reader.act("live")).to_be_focused()


async def test_attachments_and_files_in_simple_form(readers: Readers, every: Every) -> None:
    """An attachment shows title, text, fields and blocks; an image file is shown, any other is offered."""
    attachment = {
        "color": "danger",
        "title": "Deploy 42",
        "title_link": "https://example.com/42",
        "text": "All *green*",
        "fields": [{"title": "By", "value": "<@U0DEV>"}],
        "blocks": [actions(button("attached"))],
    }
    await every.client.chat_postMessage(channel="#general", text="Deployed", attachments=[attachment])
    dot = base64.b64decode(PIXEL.partition(",")[2])
    for name, content in (("report.csv", b"a,b"), ("dot.gif", dot)):
        await every.client.files_upload_v2(channel="C0GENERAL", content=content, filename=name, title=name)
    reader = await readers.open()
    shown_attachment = reader.page.locator("main .attachment")
    await expect(shown_attachment.get_by_role("link", name="Deploy 42")).to_be_visible()
    await expect(shown_attachment.locator("b", has_text="green")).to_be_visible()
    await expect(shown_attachment).to_contain_text("@Dev Patel")
    await reader.act("attached").click()
    await expect(reader.act("attached")).not_to_have_attribute("aria-busy", "true")
    assert 1 == len(every.heard_of("attached"))
    await expect(reader.page.locator("main .file").get_by_role("link", name="report.csv")).to_be_visible()
    picture = reader.page.get_by_role("img", name="dot.gif")
    await picture.scroll_into_view_if_needed()
    await expect(picture).to_have_js_property("naturalWidth", 1)


async def test_every_input_stands_in_a_message_too(readers: Readers, every: Every) -> None:
    """Input blocks are drawn in messages as in modals."""
    reader = await shown(readers, every, *inputs())
    await expect(reader.page.locator("main .block-input")).to_have_count(len(inputs()))
    await expect(reader.page.locator("main [data-unknown]")).to_have_count(0)


ATTACKS = [
    "<img src=x onerror=alert(1)>",
    "<https://example.com|<script>alert(1)</script>>",
    "<javascript:alert(1)|click me>",
    "<data:text/html,hello|click me>",
    "<JaVaScRiPt:alert(1)>",
    "*<svg onload=alert(1)>*",
    "`</code><b>bold?</b>`",
    "&lt;img src=x onerror=alert(1)&gt;",
    '<@U0BEN"><script>|x>',
    "<!date^0^{date}^javascript:alert(1)|then>",
]


async def test_text_cannot_become_markup(readers: Readers, every: Every) -> None:
    """Markup in texts, labels, rich text and Markdown is shown as letters; no link leads to a script."""
    attack = ATTACKS[0]
    rich = {
        "type": "rich_text_section",
        "elements": [
            {"type": "text", "text": attack},
            {"type": "link", "url": "javascript:alert(1)", "text": "click me"},
        ],
    }
    await shown(
        readers,
        every,
        *[section(each) for each in ATTACKS],
        {"type": "rich_text", "elements": [rich]},
        {
            "type": "markdown",
            "text": f"{attack} [click](javascript:alert(1)) <b>no</b> ![x](https://example.com/x.png)",
        },
        actions(button("evil", attack[:75], url="javascript:alert(1)")),
    )
    for each in ATTACKS:
        await every.client.chat_postMessage(channel="#general", text=each)
    reader = await readers.open()
    await reader.say(attack)
    await expect(reader.messages()).to_have_count(2 + len(ATTACKS))
    found = await reader.evaluate(
        """() => ({
          bad: [...document.querySelectorAll("main .message :is(img, script, svg, iframe, object)")]
            .filter((el) => !el.matches(".icon")).length,
          links: [...document.querySelectorAll("main .message a")].map((el) => new URL(el.href).protocol),
          handlers: [...document.querySelectorAll("main .message *")]
            .filter((el) => [...el.attributes].some(({ name }) => name.startsWith("on"))).length,
          rels: [...document.querySelectorAll("main .message a[target]")].map((el) => el.rel),
        })"""
    )
    assert (0, 0) == (found["bad"], found["handlers"])
    assert {"https:"} == set(found["links"])
    assert {"noopener noreferrer"} == set(found["rels"])
    await expect(reader.messages().last).to_contain_text(attack)


DRAW = """async ([texts, module, name]) => {
  const draw = (await import(module))[name];
  const { render } = await import("/page/core/dom.js");
  return texts.map((text) => {
    const box = document.createElement("div");
    render(box, draw(text));
    return [box.innerHTML, box.textContent];
  });
}"""


async def drawn(
    reader: Reader, *texts: str, module: str = "/page/text/mrkdwn.js", name: str = "mrkdwn"
) -> list[Any]:
    return await reader.evaluate(DRAW, [texts, module, name])


async def test_mrkdwn_as_documented(readers: Readers) -> None:
    """Each form of mrkdwn draws as Slack's page on formatting says."""
    reader = await readers.open()
    expected = {
        "*bold* _italic_ ~strike~": "<b>bold</b> <i>italic</i> <s>strike</s>",
        "*_both_*": "<b><i>both</i></b>",
        "2*3*4 snake_case_name a~b~c": "2*3*4 snake_case_name a~b~c",
        "* not bold * _ no _": "* not bold * _ no _",
        "(*in brackets*), *end*.": "(<b>in brackets</b>), <b>end</b>.",
        "`*code*`": '<code class="code">*code*</code>',
        "```a\n*b*```": '<pre class="pre">a\n*b*</pre>',
        "one\ntwo": "one<br>two",
        "&gt; said\n> twice\nafter": '<blockquote class="quote">said<br>twice</blockquote>after',
        "&gt;&gt;&gt; all\nof it": '<blockquote class="quote">all<br>of it</blockquote>',
        "a &lt;b&gt; &amp;amp;": "a &lt;b&gt; &amp;amp;",
        "<!here> <!subteam^S0APPROVERS>": '<span class="mention me">@here</span> '
        '<span class="mention" title="Approvers: Ben Okafor, Chloe Martin">@approvers</span>',
        "<@U0ANA>": '<span class="mention me" data-user="U0ANA">@Ana Ruiz</span>',
        "<#C0GENERAL|old>": '<a class="mention" href="#/as/ana/in/general">#general</a>',
        "<#C0SECRET|hidden>": '<span class="mention">#hidden</span>',
        ":tada: :no_such_thing:": '<span class="emoji" title=":tada:">🎉</span> :no_such_thing:',
        "<mailto:a@example.com|mail>": '<a href="mailto:a@example.com" target="_blank" '
        'rel="noopener noreferrer">mail</a>',
        "see https://example.com/a_b_c.": 'see <a href="https://example.com/a_b_c" target="_blank" '
        'rel="noopener noreferrer">https://example.com/a_b_c</a>.',
        "*<https://example.com/x*y|a*b>*": '<b><a href="https://example.com/x*y" target="_blank" '
        'rel="noopener noreferrer">a*b</a></b>',
    }
    shown = await drawn(reader, *expected)
    assert expected == dict(zip(expected, [html for html, _ in shown], strict=True))


async def test_dates_are_in_the_readers_zone(readers: Readers) -> None:
    """Every documented token, for 2014-02-18 14:39:42 UTC, in Berlin; an unknown one shows the fallback."""
    reader = await readers.open(timezone_id="Europe/Berlin")
    tokens = {
        "{date_num} {time_secs}": "2014-02-18 3:39:42 PM",
        "{date}": "February 18th, 2014",
        "{date_short}": "Feb 18, 2014",
        "{date_long}": "Tuesday, February 18th, 2014",
        "on {date_pretty} at {time}": "on February 18th, 2014 at 3:39 PM",
        "{date_short_pretty} {date_long_pretty}": "Feb 18, 2014 Tuesday, February 18th, 2014",
        "{date_slash} {date_long_full}": "18/02/2014 February 18, 2014",
        "{day_divider_pretty}": "Tuesday, February 18th, 2014",
        "{date_tomorrow}": "fallback",
    }
    shown = await drawn(reader, *[f"<!date^1392734382^{each}|fallback>" for each in tokens])
    assert list(tokens.values()) == [text.replace("\u202f", " ") for _, text in shown]
    near = await drawn(
        reader,
        *[
            f"<!date^{await reader.evaluate('() => Math.floor(Date.now() / 1000)') + after}^{token}|no>"
            for after, token in ((0, "{date_pretty}"), (86_400, "due {date_short_pretty}"), (-7300, "{ago}"))
        ],
    )
    assert ["Today", "due tomorrow", "2 hours ago"] == [text for _, text in near]


marks = st.text(alphabet=st.sampled_from("*_~`<>@#!|^&; \nab:/.>x"), max_size=40)
pieces = st.lists(
    st.sampled_from(["```", "<https://example.com|x>", "*a*", "<@U0BEN>", "&lt;", "> q", ":tada:", "<b>"]),
    max_size=6,
).map(" ".join)


@settings(max_examples=25)
@given(texts=st.lists(marks | pieces | st.text(max_size=40), min_size=1, max_size=20))
async def test_any_text_is_drawn_from_known_parts(readers: Readers, texts: list[str]) -> None:
    """Whatever is written in mrkdwn or Markdown, drawing neither fails nor makes other elements."""
    reader = await _one_reader(readers)
    styles = {"B", "I", "S", "CODE", "A", "SPAN", "TIME", "BR"}
    parts = {"PRE", "BLOCKQUOTE", "P", "UL", "OL", "LI", "HR", "DIV"}
    allowed = styles | parts | {"TABLE", "THEAD", "TBODY", "TR", "TH", "TD"}
    for module, name in (("/page/text/mrkdwn.js", "mrkdwn"), ("/page/text/markdown.js", "markdown")):
        tags = await reader.evaluate(
            """async ([texts, module, name]) => {
              const draw = (await import(module))[name];
              const { render } = await import("/page/core/dom.js");
              const box = document.createElement("div");
              for (const text of texts) render(box.appendChild(document.createElement("div")), draw(text));
              return [...new Set([...box.querySelectorAll("*")].map((el) => el.tagName))];
            }""",
            [texts, module, name],
        )
        assert set() == set(tags) - allowed


async def _one_reader(readers: Readers) -> Reader:
    """One page for all examples of a test."""
    if not hasattr(readers, "only"):
        readers.only = await readers.open()
    return readers.only
