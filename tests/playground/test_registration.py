"""Contract of registering an app: what of its manifest counts, and the workspace as a program of its own."""

import asyncio
import json
import sys
from pathlib import Path

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from app.playground import App, AppRegistration, Manifest
from tests.playground.stage import refusal_of

WHOLE = {
    "display_information": {"name": "Approvals"},
    "features": {
        "bot_user": {"display_name": "jit"},
        "app_home": {"home_tab_enabled": True},
        "slash_commands": [{"command": "/jit", "description": "Ask", "usage_hint": "help"}],
    },
    "oauth_config": {"scopes": {"bot": ["commands", "chat:write"]}},
    "settings": {
        "event_subscriptions": {"bot_events": ["app_home_opened"]},
        "interactivity": {"is_enabled": True},
    },
}


@pytest.mark.parametrize("form", ["mapping", "text", "file"])
def test_a_manifest_is_read_from_a_mapping_a_text_or_a_file(form, tmp_path):
    """JSON is YAML too. docs: reference/app-manifest."""
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(WHOLE))
    manifest = Manifest.read({"mapping": WHOLE, "text": json.dumps(WHOLE), "file": path}[form])
    assert ("jit", True, True) == (manifest.display_name, manifest.interactivity, manifest.home_tab)
    assert {"commands", "chat:write"} == manifest.scopes
    assert ["/jit"] == [command.command for command in manifest.commands]


def test_the_products_own_manifest_can_be_read():
    """The one that is shipped."""
    manifest = Manifest.read(Path(__file__).parents[2] / "manifest.yml")
    assert "commands" in manifest.scopes
    assert "/jit" in {command.command for command in manifest.commands}


def test_what_is_no_manifest_is_refused():
    """With what one has."""
    with pytest.raises(ValueError, match="features"):
        Manifest.read("just words")


def test_an_app_is_held_to_its_manifest_and_without_one_may_do_all():
    """Scopes, commands and events."""
    bound, free = App.install(AppRegistration(manifest=WHOLE)), App.install(AppRegistration())
    assert (False, True) == (bound.granted("users:read"), free.granted("users:read"))
    assert (False, True) == (bound.subscribed("message.im"), free.subscribed("message.im"))
    assert (None, "/x") == (bound.declared("/x"), getattr(free.declared("/x"), "command", None))


async def test_the_workspace_alone(tmp_path):
    """`python -m app.playground` prints where it is and the secrets an app needs, and serves."""
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(WHOLE))
    command = [sys.executable, "-m", "app.playground", "--port", "0", "--manifest", str(path)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        said = [(await asyncio.wait_for(process.stdout.readline(), 15)).decode() for _ in range(5)]
        told = {line[:16].strip(): line[16:].strip() for line in said}
        client = AsyncWebClient(token=told["Bot token"], base_url=told["Web API"])
        assert "jit" == (await client.auth_test())["user"]
        assert "missing_scope" == (await refusal_of(client.users_list()))["error"]
    finally:
        process.terminate()
        await process.wait()
    assert told["App-level token"].startswith("xapp-")
    assert told["Signing secret"]
