"""Contract: an unmodified Bolt app, in Python or JavaScript, works when given the workspace's API address.

Each sample runs as a process of its own, over Socket Mode and over HTTP, with nothing but its environment.
"""

import asyncio
import os
import shutil
import socket
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.node import node_modules_of
from tests.playground.stage import Person, workspace_with

HERE = Path(__file__).parent
WITHIN = 20.0


@pytest.fixture(scope="session")
def node_modules(request) -> Path:
    """Bolt for JavaScript, from its registry, installed once into the test run's cache."""
    return node_modules_of(request.config, "bolt-javascript", HERE / "javascript" / "package.json")


@pytest.fixture(params=["python", "javascript"])
def program(request, tmp_path) -> list[str]:
    """The command that starts a sample."""
    if request.param == "python":
        return [sys.executable, str(HERE / "samples" / "app.py")]
    modules = request.getfixturevalue("node_modules")
    shutil.copy(HERE / "javascript" / "app.js", tmp_path)
    (tmp_path / "node_modules").symlink_to(modules)
    return ["node", str(tmp_path / "app.js")]


@asynccontextmanager
async def running(program, log: Path, **environment: str):
    """A sample with this environment and no other; ended with the block."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *program, env=kept | environment, stdout=output, stderr=output
        )
        try:
            yield process
        except BaseException:
            print(log.read_text())  # noqa: ASYNC240  what the program said, once it failed
            raise
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def until(what: str, find):
    """Wait until `find` gives something."""
    ends = asyncio.get_running_loop().time() + WITHIN
    while not (found := await find()):
        assert asyncio.get_running_loop().time() < ends, f"never: {what}"
        await asyncio.sleep(0.02)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def the_story(person: Person) -> None:
    """A greeting, its button, a click; a command, its modal, errors, a submission; a response_url."""

    async def said(text):
        return next((each for each in await person.messages("general") if each["text"] == text), None)

    await person("message", user="@ana", channel="#general", text="hello")
    card = await until("a greeting", lambda: said("Hey there <@U0ANA>!"))
    how = {"user": "@ben", "channel": "#general", "ts": card["ts"], "action_id": "button_click"}
    assert (await person("action", **how))[1]["acked"] is True
    await until("an answer to the click", lambda: said("<@U0BEN> clicked the button"))

    assert (await person("command", user="@ana", channel="#general", command="/ask", text=""))[1][
        "acked"
    ] is True

    async def modal():
        return (await person.state())["views"].get("U0ANA")

    (view,) = await until("a modal", modal)
    asked = {"user": "@ana", "view_id": view["id"]}
    _, refused = await person("submit", **asked, values={"what": {"words": "why"}})
    assert ("errors", {"what": "Say more"}) == (refused["response_action"], refused["errors"])
    _, taken = await person("submit", **asked, values={"what": {"words": "why not?"}})
    assert (True, None) == (taken["acked"], taken["response_action"])
    await until("the question", lambda: said("<@U0ANA> asks: why not?"))
    assert {} == (await person.state())["views"]

    await echo(person, "one")


async def echo(person: Person, words: str) -> None:
    """A command that is answered through its response_url."""

    async def whispered():
        return [each["text"] for each in (await person.state())["ephemeral"].get("U0ANA", [])]

    how = {"user": "@ana", "channel": "#general", "command": "/echo", "text": words}
    assert (await person("command", **how))[1]["acked"] is True

    async def answered():
        return f"You said: {words}" in await whispered()

    await until("the echo", answered)


async def test_a_sample_over_socket_mode(program, session, tmp_path):
    """The whole story; and it goes on after Slack has asked for a new connection (SDKs take seconds)."""
    async with workspace_with() as playground:
        app, person = playground.apps[0], Person(playground.url, session)
        environment = {
            "SLACK_API_URL": playground.api_url,
            "SLACK_BOT_TOKEN": app.bot_token,
            "SLACK_APP_TOKEN": app.app_token,
        }
        async with running(program, tmp_path / "log", **environment):
            await asyncio.wait_for(playground.sockets.until_connected(app), WITHIN)
            await the_story(person)
            await person("fault", kind="refresh")

            async def settled():
                lines = playground.sockets._all()
                return lines and not any(line.aged.is_set() for line in lines)

            await until("it is on a new connection alone", settled)
            await echo(person, "two")


async def test_a_sample_over_http(program, session, tmp_path):
    """The same story by signed requests, which the app checks."""
    async with workspace_with() as playground:
        app, person, port = playground.apps[0], Person(playground.url, session), free_port()
        environment = {
            "SLACK_API_URL": playground.api_url,
            "SLACK_BOT_TOKEN": app.bot_token,
            "SLACK_SIGNING_SECRET": app.signing_secret,
            "PORT": str(port),
        }
        async with running(program, tmp_path / "log", **environment):
            address = f"http://127.0.0.1:{port}/slack/events"

            async def accepted():
                return 200 == (await person("request-url", url=address))[0]

            await until("the challenge is answered", accepted)
            await the_story(person)
            app.signing_secret = "somebody else's"
            _, forged = await person("command", user="@ana", channel="#general", command="/echo", text="x")
            assert forged["acked"] is False
