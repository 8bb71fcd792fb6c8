"""Contract of `jit` in a job: it signs in by itself, waits, and what nobody waits for is taken back.

The snippets of docs/ci.md run here as they stand, against a bot and an issuer on loopback ports.
"""

import asyncio
import re
import shlex
import signal
import sys
from pathlib import Path

import pytest
import yaml
from aiohttp import web

from app.domain.request import State
from tests.ci_issuer import AUDIENCE, JOB, claims, forging, signed
from tests.cli.api.terminal import Terminal, ended
from tests.web.callers import at_the_api
from tests.workplace import id_in

DOCS = (Path(__file__).parents[3] / "docs/ci.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", DOCS, re.DOTALL)
WAITS = ("request", "prod-db-migration", "orders-db", "30m", "Migration 0042", "--wait")


def snippet(language: str, part: str) -> str:
    [found] = [text for kind, text in BLOCKS if kind == language and part in text]
    return found


def github():
    """The step of a GitHub job that asks."""
    return yaml.safe_load(snippet("yaml", "runs-on"))["jobs"]["migrate"]["steps"][-1]["run"]


def gitlab():
    return yaml.safe_load(snippet("yaml", "id_tokens"))["migrate"]["script"][-1]


def jenkins():
    return re.search(r"sh '(.*)'", snippet("groovy", "pipeline"))[1]


def argo():
    [container] = yaml.safe_load(snippet("yaml", "PreSync"))["spec"]["template"]["spec"]["containers"]
    return shlex.join(container["command"])


def script():
    return snippet("sh", "--within").strip()


SNIPPETS = {"github": github, "gitlab": gitlab, "jenkins": jenkins, "argo": argo, "script": script}


@pytest.fixture
async def ci():
    async with forging() as issuer:
        yield issuer


@pytest.fixture
async def api(workplace, ci):
    def change(policies):
        policies["machines"]["deploy-ci"]["oidc"] = {"issuer": ci.issuer, **JOB}
        policies["rules"]["ci"] = {
            "effect": "require", "actions": ["prod-db-migration"], "people": ["deploy-ci"],
            "stages": [{"name": "owner", "people": ["ben"]}],
        }  # fmt: skip

    async with at_the_api(workplace(change)) as opened:
        yield opened


class Gives:
    """Where GitHub gives tokens to a job that holds the bearer of the job."""

    def __init__(self, ci) -> None:
        self.ci = ci
        self.asked = []

    async def give(self, request: web.Request) -> web.Response:
        self.asked.append((request.headers["Authorization"], dict(request.query)))
        return web.json_response(
            {"count": 1, "value": signed(claims(self.ci, aud=request.query["audience"]))}
        )


@pytest.fixture
async def gives(ci):
    handler = Gives(ci)
    app = web.Application()
    app.router.add_get("/token", handler.give)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    handler.address = f"http://127.0.0.1:{runner.addresses[0][1]}/token?api-version=2.0"
    yield handler
    await runner.cleanup()


@pytest.fixture
async def job(api, ci, gives, tmp_path):
    """Make the environment of a job, by whose it is."""
    binary = tmp_path / "bin" / "jit"
    binary.parent.mkdir()
    binary.write_text(f'#!/bin/sh\nexec {sys.executable} -m app "$@"\n')
    binary.chmod(0o755)

    async def make(whose: str) -> Terminal:
        environment = {"JIT_SERVER": api.url, "PATH": f"{binary.parent}:/usr/bin:/bin", "GITHUB_RUN_ID": "7"}
        if whose == "github":
            environment |= {
                "JIT_AUDIENCE": AUDIENCE,
                "ACTIONS_ID_TOKEN_REQUEST_URL": gives.address,
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of-the-job",
            }
        elif whose == "gitlab":
            environment |= {"JIT_ID_TOKEN": signed(claims(ci)), "CI_JOB_ID": "7"}
        else:
            token = (await api.machine("deploy-ci", "request", "read")).token
            environment |= {"JIT_TOKEN": token, "BUILD_NUMBER": "7"}
        return Terminal(tmp_path / whose, **environment)

    return make


async def shell(terminal: Terminal, command: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        "sh", "-c", f"exec {command}", env=terminal.environment, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


async def begun(process) -> str:
    """Wait until it waits; gives the request's id."""
    return id_in((await asyncio.wait_for(process.stderr.readline(), 30)).decode())


async def decide(api, request_id: str) -> None:
    card = await api.work.card(request_id, "deploy-ci", offering="jit_approve")
    await api.work.clicks("@ben", card, "jit_approve")


@pytest.mark.parametrize("whose", SNIPPETS)
async def test_snippets(api, job, gives, whose):
    """As it stands in the docs it asks as the machine, waits, and ends with 0 when somebody approved."""
    running = await shell(await job(whose), SNIPPETS[whose]())
    request_id = await begun(running)
    await decide(api, request_id)
    found = await ended(running)
    assert (0, True) == (found.code, "active" in found.out), found
    source = "ci" if whose in {"github", "gitlab"} else "cli"
    assert ("deploy-ci", source) == ((asked := await api.work.request(request_id)).requester.id, asked.source)
    if whose == "github":
        assert [("Bearer of-the-job", {"api-version": "2.0", "audience": AUDIENCE})] == gives.asked


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_stopped(api, job, number):
    """A stopped job takes its request back, and ends as by the signal."""
    running = await (await job("jenkins")).starts(*WAITS)
    request_id = await begun(running)
    running.send_signal(number)
    assert 128 + number == (await ended(running)).code
    await api.work.reaches(request_id, State.CANCELLED)


async def test_time_is_up(api, job):
    """Not decided within the time: 1, one reason, and the request is taken back."""
    found = await (await job("jenkins")).runs(*WAITS, "--within", "1s")
    assert (1, True) == (found.code, "no decision came within 1s" in found.err), found
    await api.work.reaches(id_in(found.err), State.CANCELLED)
    wrong = await (await job("jenkins")).runs(*WAITS, "--within", "soon")
    assert (2, True) == (wrong.code, "--within" in wrong.err)


async def test_denied(api, job):
    """A denial ends the job with 1 and why."""
    running = await (await job("gitlab")).starts(*WAITS)
    request_id = await begun(running)
    await api.work.bot.workflow.deny(request_id, api.work.bot.policy().people["ben"], "not today")
    found = await ended(running)
    assert (1, f"{request_id} is denied: not today\n") == (found.code, found.err)


async def test_its_time_is_up_while_it_waits(api, job, gives):
    """A GitHub job whose token ends while it waits gets itself another, and goes on."""
    running = await (await job("github")).starts(*WAITS)
    request_id = await begun(running)
    for token in await api.work.bot.tokens.of("deploy-ci"):
        await api.work.bot.tokens.end(token, "test")
    await decide(api, request_id)
    found = await ended(running)
    assert (0, 2) == (found.code, len(gives.asked)), found


async def test_no_token(api, job, gives, ci):
    """Where the job is none that policy names, or GitHub gives no token: 1, one line, and why."""
    strange = await job("gitlab")
    strange.environment["JIT_ID_TOKEN"] = signed(claims(ci, environment="staging"))
    found = await strange.runs(*WAITS)
    assert (1, 1, True) == (
        found.code, len(found.err.splitlines()), "policy names no machine" in found.err,
    ), found  # fmt: skip
    refused = await job("github")
    refused.environment["ACTIONS_ID_TOKEN_REQUEST_URL"] = f"{api.url}/nowhere"
    found = await refused.runs(*WAITS)
    assert (1, 1, True) == (
        found.code, len(found.err.splitlines()), "gives the job no token" in found.err,
    ), found  # fmt: skip
