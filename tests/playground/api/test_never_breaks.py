"""Contract: whatever an app sends, it gets Slack's envelope; no argument makes the workspace itself fail."""

import asyncio
import json

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.playground.api.dispatch import METHODS
from tests.playground.stage import workspace_with

NAMES = st.sampled_from(
    [
        "channel",
        "ts",
        "text",
        "blocks",
        "attachments",
        "metadata",
        "thread_ts",
        "user",
        "users",
        "view",
        "view_id",
        "external_id",
        "trigger_id",
        "hash",
        "user_id",
        "limit",
        "cursor",
        "oldest",
        "latest",
        "inclusive",
        "types",
        "files",
        "file",
        "filename",
        "length",
        "name",
        "timestamp",
        "email",
        "usergroup",
        "markdown_text",
        "channel_id",
        "bot",
        "error",
        "include_all_metadata",
        "reply_broadcast",
    ]
)
TYPES = st.sampled_from(
    [
        "section",
        "actions",
        "input",
        "context",
        "header",
        "image",
        "rich_text",
        "button",
        "static_select",
        "modal",
        "home",
        "mrkdwn",
        "plain_text",
        "checkboxes",
        "radio_buttons",
        "overflow",
        "table",
        "card",
        "carousel",
        "plan",
        "multi_static_select",
    ]
)
KEYS = st.sampled_from(
    [
        "type",
        "text",
        "elements",
        "element",
        "accessory",
        "options",
        "option_groups",
        "initial_option",
        "initial_options",
        "label",
        "block_id",
        "action_id",
        "value",
        "title",
        "blocks",
        "fields",
        "rows",
        "actions",
        "confirm",
        "focus_on_load",
        "submit",
        "url",
        "event_type",
        "event_payload",
    ]
)
PLACES = st.sampled_from(["C0GENERAL", "#general", "U0ANA", "U0JIT", "", "1.1"])
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TYPES, PLACES, st.text(max_size=5))
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=14,
)
# Mostly sensible, so that calls get past their first check.
SENSIBLE = {"channel": "C0GENERAL", "user": "U0ANA", "user_id": "U0ANA", "text": "hi"}
ARGUMENTS = st.dictionaries(NAMES, VALUES, max_size=4).map(lambda odd: SENSIBLE | odd)
CALLS = st.lists(st.tuples(st.sampled_from(sorted(METHODS)), ARGUMENTS), min_size=10, max_size=20)


@settings(max_examples=25)
@given(calls=CALLS)
def test_any_arguments_are_answered_in_slacks_envelope(calls):
    """HTTP 200 and an `ok`, for every method and every JSON."""

    async def run() -> list[tuple[int, bool]]:
        async with workspace_with() as playground, aiohttp.ClientSession() as session:
            return [await call(playground, session, method, args) for method, args in calls]

    async def call(playground, session, method, args) -> tuple[int, bool]:
        app = playground.apps[0]
        token = app.app_token if METHODS[method].app_level else app.bot_token
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        address = f"{playground.api_url}{method}"
        async with session.post(address, data=json.dumps(args), headers=headers) as answer:
            return answer.status, "ok" in json.loads(await answer.text())

    assert [(200, True)] * len(calls) == asyncio.run(run())


@pytest.mark.parametrize("ts", ["0", "-1", "nan", "inf", "1e400", "٣"])
async def test_odd_times_bound_nothing(client, ts):
    """Bounds that are numbers of a kind are taken, or refused as invalid; they break nothing."""
    answer = await client.conversations_history(channel="C0GENERAL", oldest=ts)
    assert [] == answer["messages"]
