"""A small Bolt app that shows every kind of block and answers every click, for the page's tests."""

import asyncio
import json
import re
from typing import Any

from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp

from app.playground import Playground
from tests.playground.stage import actions, bolt, button, modal, section, web_client

Json = dict[str, Any]
PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw=="
MANIFEST = {
    "display_information": {"name": "Every"},
    "features": {
        "bot_user": {"display_name": "every"},
        "app_home": {"home_tab_enabled": True},
        "slash_commands": [
            {
                "command": "/every",
                "description": "Shows everything",
                "usage_hint": "[card | form | all | silent]",
            },
            {"command": "/else", "description": "Does nothing", "usage_hint": "[anything]"},
        ],
    },
    "oauth_config": {"scopes": {"bot": ["chat:write", "commands", "im:write", "users:read", "files:write"]}},
    "settings": {
        "event_subscriptions": {"bot_events": ["app_home_opened"]},
        "interactivity": {"is_enabled": True},
    },
}


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def option(value: str, text: str = "", **more: Any) -> Json:
    return {"text": plain(text or value.title()), "value": value, **more}


OPTIONS = [option("red"), option("green"), option("blue", description=plain("like the sea"))]
GROUPS = [
    {"label": plain("Warm"), "options": [option("red")]},
    {"label": plain("Cold"), "options": [option("blue")]},
]
SOURCES = ("static", "external", "users", "conversations", "channels")


def select(kind: str, action_id: str, **more: Any) -> Json:
    """A select of any kind, with what its kind needs."""
    element: Json = {
        "type": f"{kind}_select",
        "action_id": action_id,
        "placeholder": plain(f"Pick {kind}"),
        **more,
    }
    if kind.endswith("static"):
        element.setdefault("options", OPTIONS)
    if kind.endswith("external"):
        element.setdefault("min_query_length", 1)
    return element


def entry(block_id: str, element: Json, label: str = "", **more: Any) -> Json:
    """An input block whose label is its id unless told."""
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(label or block_id),
        "element": element,
        **more,
    }


def inputs(**more: Any) -> list[Json]:
    """An input block for every element that may stand in one."""
    elements = {
        "words": {"type": "plain_text_input", "placeholder": plain("A few words")},
        "story": {"type": "plain_text_input", "multiline": True},
        "mail": {"type": "email_text_input"},
        "address": {"type": "url_text_input"},
        "count": {"type": "number_input", "is_decimal_allowed": False, "min_value": "1", "max_value": "9"},
        "rich": {"type": "rich_text_input"},
        "day": {"type": "datepicker"},
        "hour": {"type": "timepicker"},
        "moment": {"type": "datetimepicker"},
        "boxes": {"type": "checkboxes", "options": OPTIONS},
        "radio": {"type": "radio_buttons", "options": OPTIONS},
        **{kind: select(kind, kind) for kind in SOURCES},
        **{f"multi_{kind}": select(f"multi_{kind}", kind) for kind in SOURCES},
    }
    return [
        entry(name, {**element, "action_id": "it"}, optional=True, **more)
        for name, element in elements.items()
    ]


def words(*elements: Json) -> Json:
    return {"type": "rich_text_section", "elements": list(elements)}


RICH = {
    "type": "rich_text",
    "elements": [
        words(
            {"type": "text", "text": "Bold ", "style": {"bold": True}},
            {"type": "text", "text": "struck", "style": {"strike": True}},
            {"type": "text", "text": " code", "style": {"code": True}},
            {"type": "text", "text": " "},
            {"type": "link", "url": "https://example.com/rich", "text": "a link"},
            {"type": "text", "text": " "},
            {"type": "user", "user_id": "U0BEN"},
            {"type": "channel", "channel_id": "C0GENERAL"},
            {"type": "usergroup", "usergroup_id": "S0APPROVERS"},
            {"type": "broadcast", "range": "here"},
            {"type": "emoji", "name": "tada"},
            {"type": "color", "value": "#36c5f0"},
            {"type": "date", "timestamp": 1720710212, "format": "{date_num} at {time}", "fallback": "then"},
        ),
        {
            "type": "rich_text_list",
            "style": "ordered",
            "elements": [words({"type": "text", "text": "first"}), words({"type": "text", "text": "second"})],
        },
        {
            "type": "rich_text_list",
            "style": "bullet",
            "indent": 1,
            "elements": [words({"type": "text", "text": "below"})],
        },
        {"type": "rich_text_quote", "elements": [{"type": "text", "text": "as quoted"}]},
        {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "select 1;"}]},
    ],
}


def card(title: str = "A card", action: str = "in_card") -> Json:
    return {
        "type": "card",
        "title": plain(title),
        "subtitle": plain("Below it"),
        "body": plain("Its body"),
        "actions": [button(action, "Open")],
    }


TASK = {
    "type": "task_card",
    "task_id": "t1",
    "title": "Rotate the key",
    "status": "complete",
    "details": RICH,
}

FIRST_HALF: list[Json] = [
    {"type": "header", "text": plain("Everything :tada:")},
    section(
        "A *section* with `code`, <https://example.com|a link>, <@U0BEN> and <#C0GENERAL>",
        accessory=button("beside", "Beside"),
    ),
    {"type": "section", "fields": [{"type": "mrkdwn", "text": f"*Field {n}*\nvalue {n}"} for n in range(4)]},
    {"type": "divider"},
    {
        "type": "context",
        "elements": [
            {"type": "image", "image_url": PIXEL, "alt_text": "dot"},
            {"type": "mrkdwn", "text": "In *context*"},
        ],
    },
    actions(
        button("plain", "Plain"),
        button("good", "Good", style="primary"),
        button("bad", "Bad", style="danger"),
        button("web", "Web", url="https://example.com/web"),
    ),
    actions(
        select("static", "colour"),
        select("users", "who"),
        {"type": "overflow", "action_id": "more", "options": [option("one"), option("two")]},
        {"type": "datepicker", "action_id": "day"},
        {"type": "timepicker", "action_id": "hour"},
    ),
    section(
        "Sure?",
        accessory=button(
            "sure",
            "Delete",
            style="danger",
            confirm={
                "title": plain("Really?"),
                "text": plain("It cannot be undone."),
                "confirm": plain("Delete it"),
                "deny": plain("Keep it"),
                "style": "danger",
            },
        ),
    ),
    section("Boxes", accessory={"type": "checkboxes", "action_id": "boxes", "options": OPTIONS}),
    section("Radio", accessory={"type": "radio_buttons", "action_id": "radio", "options": OPTIONS}),
    {"type": "image", "image_url": PIXEL, "alt_text": "a dot", "title": plain("A picture")},
    {"type": "image", "image_url": "https://images.example.com/cat.png", "alt_text": "a cat far away"},
    RICH,
]
SECOND_HALF: list[Json] = [
    {
        "type": "markdown",
        "text": (
            "## Heading\n\n**bold** and [link](https://example.com/md)\n\n- one\n- two\n\n"
            "```\ncode\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |"
        ),
    },
    {
        "type": "table",
        "rows": [
            [{"type": "raw_text", "text": "Who"}, {"type": "raw_text", "text": "How many"}],
            [{"type": "raw_text", "text": "Ana"}, {"type": "raw_number", "value": 3, "text": "3"}],
        ],
        "column_settings": [{"align": "left"}, {"align": "right"}],
    },
    card(),
    {"type": "carousel", "elements": [card("One", "first"), card("Two", "second")]},
    TASK,
    {"type": "plan", "title": "The plan", "tasks": [TASK, {**TASK, "task_id": "t2", "status": "pending"}]},
    {
        "type": "video",
        "title": plain("A film"),
        "alt_text": "film",
        "thumbnail_url": "https://example.com/t.png",
        "video_url": "https://example.com/v",
    },
    {"type": "file", "external_id": "remote-1", "source": "remote"},
    {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": "thumbs",
                "positive_button": {"text": plain("Good"), "value": "up"},
                "negative_button": {"text": plain("Bad"), "value": "down"},
            }
        ],
    },
    entry(
        "message_input", {"type": "plain_text_input", "action_id": "it"}, "In a message", dispatch_action=True
    ),
]


def request_card(state: str = "Waiting for an approver") -> list[Json]:
    """A card as approval bots post them."""
    waiting = state.startswith("Waiting")
    blocks: list[Json] = [
        {"type": "header", "text": plain("Debug a production database")},
        {
            "type": "section",
            "fields": [
                {"type": "mrkdwn", "text": "*Requester*\n<@U0ANA>"},
                {"type": "mrkdwn", "text": "*Resource*\n`orders-db`"},
                {"type": "mrkdwn", "text": "*For*\n30 minutes"},
                {"type": "mrkdwn", "text": "*Risk*\n:large_orange_circle: high"},
            ],
        },
        section("*Why*\n>INC-7: checkout is slow since 09:12, I need to look at the locks"),
        {
            "type": "context",
            "elements": [
                {
                    "type": "mrkdwn",
                    "text": f":hourglass_flowing_sand: {state} · <!subteam^S0APPROVERS> may decide",
                }
            ],
        },
    ]
    if waiting:
        blocks.append(
            actions(
                button("approve", "Approve", style="primary", value="r1"),
                button("deny", "Deny", style="danger", value="r1"),
            )
        )
    return blocks


class Every:
    """The app, and what reached it: `heard` holds each action, `submitted` each modal's values.

    While `gate` is clear it acknowledges nothing.
    """

    def __init__(self, playground: Playground) -> None:
        self.heard: list[Json] = []
        self.submitted: list[Json] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.playground = playground
        self.handler: AsyncSocketModeHandler | None = None
        self.app = bolt(playground)
        self.client = web_client(playground)
        self._listen(self.app)

    def heard_of(self, action_id: str) -> list[Json]:
        return [each["actions"][0] for each in self.heard if each["actions"][0]["action_id"] == action_id]

    def _listen(self, app: AsyncApp) -> None:
        app.command("/every")(self.command)
        app.action("approve")(self.approve)
        app.action("deny")(self.deny)
        app.action("again")(self.change_view)
        app.action("stack")(self.stack)
        app.action(re.compile(".*"))(self.note)
        app.options("it")(self.suggest)
        app.view("form")(self.submit)
        app.view("reason")(self.denied)
        app.view("stacked")(self.submit)
        app.event("app_home_opened")(self.home)

    async def command(self, ack, command, client, respond) -> None:
        if command["text"] == "silent":
            return
        await self.gate.wait()
        await ack()
        match command["text"].split():
            case ["form"]:
                await client.views_open(trigger_id=command["trigger_id"], view=self.form())
            case ["all"]:
                for blocks in (FIRST_HALF, SECOND_HALF):
                    await client.chat_postMessage(
                        channel=command["channel_id"], text="Everything", blocks=blocks
                    )
            case ["card"]:
                await self.post_card(client)
            case _:
                await respond(f"You said `{command['text']}`, <@{command['user_id']}>")

    async def post_card(self, client=None) -> str:
        """Post an approver's card with one reply, and give its ts."""
        client = client or self.client
        posted = await client.chat_postMessage(
            channel="#prod-approvals", text="Ana asks", blocks=request_card()
        )
        await client.chat_postMessage(
            channel="#prod-approvals", text="Asked by <@U0ANA>", thread_ts=posted["ts"]
        )
        return posted["ts"]

    def form(self, *more: Json) -> Json:
        again = actions(button("again", "Change this"), button("stack", "Stack"), block_id="buttons")
        told = entry("told", select("static", "told"), "Told at once", dispatch_action=True, optional=True)
        return modal(
            section("Fill in *everything*."),
            {"type": "alert", "text": plain("Take care"), "level": "warning"},
            again,
            told,
            *inputs(),
            *more,
            callback_id="form",
            close=plain("Not now"),
        )

    async def approve(self, ack, body, client) -> None:
        await self.gate.wait()
        await ack()
        self.heard.append(body)
        channel, ts = body["channel"]["id"], body["message"]["ts"]
        done = f"Approved by <@{body['user']['id']}>"
        await client.chat_update(channel=channel, ts=ts, text=done, blocks=request_card(done))
        await client.chat_postMessage(channel=channel, thread_ts=ts, text=f":white_check_mark: {done}")
        await client.chat_postMessage(channel="U0ANA", text=f"Your request is approved. {done}")

    async def deny(self, ack, body, client) -> None:
        await ack()
        self.heard.append(body)
        where = json.dumps([body["channel"]["id"], body["message"]["ts"]])
        view = modal(
            entry(
                "why",
                {"type": "plain_text_input", "action_id": "it", "multiline": True, "focus_on_load": True},
                "Why not?",
            ),
            callback_id="reason",
            private_metadata=where,
        )
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    async def denied(self, ack, view, client, body) -> None:
        why = view["state"]["values"]["why"]["it"]["value"]
        if len(why) < 5:
            return await ack(response_action="errors", errors={"why": "Say a little more than that."})
        await ack()
        channel, ts = json.loads(view["private_metadata"])
        done = f"Denied by <@{body['user']['id']}>"
        return await client.chat_update(channel=channel, ts=ts, text=done, blocks=request_card(done))

    async def change_view(self, ack, body, client) -> None:
        await ack()
        self.heard.append(body)
        changed = self.form(section("This came *later*.", block_id="later"))
        await client.views_update(view_id=body["view"]["id"], view=changed)

    async def stack(self, ack, body, client) -> None:
        await ack()
        on_top = modal(
            entry("top", {"type": "plain_text_input", "action_id": "it"}, "On top"), callback_id="stacked"
        )
        await client.views_push(trigger_id=body["trigger_id"], view=on_top)

    async def note(self, ack, body) -> None:
        await self.gate.wait()
        await ack()
        self.heard.append(body)

    async def suggest(self, ack, body) -> None:
        await ack(options=[option(f"{body['value']}-{n}") for n in range(3)])

    async def submit(self, ack, view) -> None:
        values = view["state"]["values"]
        if values.get("words", {}).get("it", {}).get("value") == "wrong":
            return await ack(response_action="errors", errors={"words": "That is wrong."})
        await self.gate.wait()
        await ack()
        self.submitted.append(values)
        return None

    async def home(self, event, client) -> None:
        view = {
            "type": "home",
            "blocks": [
                {"type": "header", "text": plain("Your requests")},
                section("Nothing is live."),
                actions(button("from_home", "Ask", style="primary")),
                {"type": "divider"},
                section("*Last week*\n3 requests, all given back"),
            ],
        }
        await client.views_publish(user_id=event["user"], view=view)
