"""Contract of the doctor: it finds what would keep the bot from working, says so, and says how to mend it.

It looks at real parts: a workspace that speaks Slack's protocol, real servers, policies on disk.
"""

import shutil
from collections.abc import AsyncIterator

import pytest
import yaml

from app.cli.bot import environment as settings_of
from app.directory.found import Found, source_id
from app.doctor import Grade, examine
from app.playground import AppRegistration, Playground, demo_workspace
from app.policy import PolicySource
from app.shipped import shipped
from app.store.embedded import Server
from app.store.post import Failure, Fate, Post
from app.store.requests import RequestStore
from app.store.rolls import Rolls
from tests.mail.servers import Authority, smtp_server
from tests.mfa.holders import KEY
from tests.workplace import policy_folder


@pytest.fixture
async def workspace() -> AsyncIterator[Playground]:
    """A workspace in which the app is installed as its manifest says."""
    async with Playground(
        demo_workspace(), [AppRegistration(manifest=shipped("manifest.yml"))]
    ) as playground:
        yield playground


@pytest.fixture
def install(monkeypatch, tmp_path, workspace):
    """Set the environment of a bot of the workspace; gives what differs its place."""

    def set_up(**more: str) -> None:
        for name, value in settings_of(workspace, tmp_path, more).items():
            monkeypatch.setenv(name, value)

    return set_up


async def findings(part: str, grade: Grade) -> list[str]:
    return [
        f"{found.said} | {found.mend}"
        for found in await examine()
        if (found.part, found.grade) == (part, grade)
    ]


@pytest.fixture
async def durable(redis, redis_server: Server) -> AsyncIterator[Server]:
    """The tests' server as an installation should have it, which tests have not."""
    await redis.calls.config_set("appendonly", "yes")
    yield redis_server
    await redis.calls.config_set("appendonly", "no")


async def test_a_good_installation_is_found_good(install, durable):
    """With everything in place nothing is bad; what is warned of is the demo's policies, and that nobody has a key."""
    install(
        JIT_REDIS_URL=f"unix://{durable.socket}",
        JIT_PUBLIC_URL="https://jit.example.com",
        JIT_SECRET_KEYS=KEY,
        JIT_METRICS_TOKEN="a-token-of-this-test",
    )
    found = await examine()
    assert [] == [each for each in found if each.grade is Grade.BAD]
    assert ["policy", "factors"] == [each.part for each in found if each.grade is Grade.WARNING]


async def test_settings_come_first(install, monkeypatch):
    """Without settings nothing else can be looked at; each that is wrong is named."""
    install()
    monkeypatch.delenv("SLACK_BOT_TOKEN")
    assert [("bad", "settings")] == [(each.grade, each.part) for each in await examine()]


async def test_a_broken_policy_is_told_by_file_and_line(install, tmp_path):
    """What is wrong is said as `jit policy check` says it."""
    folder = tmp_path / "policies"
    shutil.copytree(shipped("policies"), folder)
    (folder / "settings.yaml").write_text("chanels: {}\n")
    install(JIT_POLICIES=str(folder))
    assert any(line.startswith("settings.yaml:1: chanels") for line in await findings("policy", Grade.BAD))


async def test_redis_that_is_away_is_told(install):
    """A server that does not answer keeps the bot from working."""
    install(JIT_REDIS_URL="redis://127.0.0.1:1/0")
    (told,) = await findings("redis", Grade.BAD)
    assert ("cannot be reached" in told, "JIT_REDIS_URL" in told) == (True, True)


async def test_redis_that_forgets_is_told(install, debian_redis: Server, monkeypatch):
    """A server without an append-only file, or one that may evict, would lose grants."""
    from app.store.connection import connect

    connection = connect(f"unix://{debian_redis.socket}")
    await connection.calls.config_set("maxmemory-policy", "allkeys-lru")
    try:
        install(JIT_REDIS_URL=f"unix://{debian_redis.socket}")
        told = "\n".join(await findings("redis", Grade.BAD))
    finally:
        await connection.calls.config_set("maxmemory-policy", "noeviction")
        await connection.aclose()
    assert ("append-only" in told, "evict" in told) == (True, True)


async def test_a_wrong_token_is_told_with_the_page_to_find_it_on(install):
    """Slack's refusal is passed on with where the right token is."""
    install(SLACK_BOT_TOKEN="xoxb-wrong")
    (told,) = await findings("slack", Grade.BAD)
    assert ("invalid_auth" in told, "OAuth & Permissions" in told) == (True, True)


async def test_missing_scopes_are_named(monkeypatch, tmp_path):
    """An app that was installed from an older manifest lacks scopes; each is named."""
    manifest = yaml.safe_load(shipped("manifest.yml").read_text())
    manifest["oauth_config"]["scopes"]["bot"].remove("groups:history")
    async with Playground(demo_workspace(), [AppRegistration(manifest=manifest)]) as playground:
        for name, value in settings_of(playground, tmp_path).items():
            monkeypatch.setenv(name, value)
        (told,) = await findings("slack", Grade.BAD)
    assert "groups:history" in told


async def test_channels_without_the_bot_are_named(install, workspace):
    """A card could not be posted there; the command that mends it is given."""
    channel = workspace.workspace.channel_named("#prod-approvals")
    channel.members.remove(workspace.apps[0].bot_user_id)
    install()
    assert ["the bot is not in #prod-approvals | Type /invite @jit in #prod-approvals."] == await findings(
        "channels", Grade.BAD
    )


async def test_slack_that_is_away_is_told(install):
    """No answer is an answer too."""
    install(JIT_SLACK_API_URL="http://127.0.0.1:1/api/")
    (told,) = await findings("slack", Grade.BAD)
    assert "cannot be reached" in told


async def test_members_that_cannot_be_asked_for_are_told(install, redis, redis_server, tmp_path):
    """A source without its setting is bad; one that never answered is a warning; one that did is good."""
    shutil.copytree(shipped("policies"), tmp_path / "mine")
    people = tmp_path / "mine" / "people.yaml"
    people.write_text(
        people.read_text().replace("  security: [sam]", "  security: {people: [sam], scim: security.json}")
        + "rotas:\n  pager: {pagerduty: [PI7DH85]}\n"
    )
    url = f"unix://{redis_server.socket}"
    install(JIT_REDIS_URL=url, JIT_POLICIES=str(tmp_path / "mine"))
    lacking = "rotas.pager needs JIT_PAGERDUTY_TOKEN, a REST API key that may only read"

    assert [
        f"{lacking} | Set it in the environment of the bot, or name the members in files."
    ] == await findings("groups", Grade.BAD)
    assert [
        "who is in groups.security was never told",
        "who is in rotas.pager was never told",
    ] == [said.partition(" |")[0] for said in await findings("groups", Grade.WARNING)]
    policy = PolicySource(tmp_path / "mine").current
    now = await RequestStore(redis.calls).now()
    for source in policy.sources.values():
        await Rolls(redis.calls).keep(source_id(source), Found().model_dump_json(), now)
    install(JIT_REDIS_URL=url, JIT_POLICIES=str(tmp_path / "mine"), JIT_PAGERDUTY_TOKEN="u+x")

    assert ["all 2 sources of members are up to date | "] == await findings("groups", Grade.GOOD)


async def test_mail_that_is_wanted_and_not_set_up(install, tmp_path):
    """The policies name people who want email, and no setting names a server: a warning."""
    folder = policy_folder(tmp_path / "mail", lambda all_: all_["people"]["ben"].update(notify=["email"]))
    install(JIT_POLICIES=str(folder))
    (told,) = await findings("email", Grade.WARNING)
    assert ("there is no mail server" in told, "JIT_SMTP_URL" in told) == (True, True)


async def test_a_mail_server_is_signed_in_to(install, tmp_path):
    """Connected, secured, signed in, and nothing sent; a wrong password is told, and not repeated."""
    authority = Authority(tmp_path)
    async with smtp_server(tls=authority.context(), auth=True) as post:
        mail = {"JIT_SMTP_CA": str(authority.file), "JIT_MAIL_FROM": "jit@example.com"}
        install(JIT_SMTP_URL=f"smtp://jit:s3cret%2Fwith%3Asigns%40@127.0.0.1:{post.port}", **mail)
        good = await findings("email", Grade.GOOD)
        install(JIT_SMTP_URL=f"smtp://jit:hunter2@127.0.0.1:{post.port}", **mail)
        (bad,) = await findings("email", Grade.BAD)
    assert [f"127.0.0.1:{post.port} answers by STARTTLS, signed in as jit | "] == good
    assert (True, False, []) == ("535" in bad, "hunter2" in bad, post.got)


async def test_what_mail_was_not_taken_is_told_in_full(install, redis, redis_server):
    """The doctor lists each with its address and the server's words."""
    post = Post(redis.calls)
    await post.put("a", "{}")
    failure = Failure(
        letter="a", to="gone@example.com", at=await post.now(), code=550, said="no such mailbox", final=True
    )
    await post.end("a", Fate.FAILED, failure=failure)
    async with smtp_server() as server:
        install(
            JIT_REDIS_URL=f"unix://{redis_server.socket}",
            JIT_SMTP_URL=f"smtp://127.0.0.1:{server.port}",
            JIT_MAIL_FROM="jit@example.com",
        )
        (told,) = await findings("email", Grade.WARNING)
    assert "not delivered, to gone@example.com: 550 no such mailbox" in told
