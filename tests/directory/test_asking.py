"""Contract: each kind of source is asked where it is, and what keeps it from answering is told.

Slack is the workspace, spoken to by the real client; SCIM is a server on loopback, and files.
"""

from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web

from app.directory.asking import Means, Round
from app.directory.found import Found, Mention, SourceFailed
from app.playground import AppRegistration, Playground, demo_workspace
from app.playground.hands import Hands
from app.playground.model import UserGroup
from app.policy.outside import Kind, Source
from app.shipped import shipped
from app.slack.delivery import make_client
from tests.directory.servers import Server, running

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
GROUP = {"members": [{"value": "ana"}]}
ANA = Found(members=(Mention(ids=("ana",)),))


def source(kind, *where):
    return Source(kind, where, MINUTE, HOUR)


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def workspace():
    async with Playground(
        demo_workspace(), [AppRegistration(manifest=shipped("manifest.yml"))]
    ) as playground:
        playground.workspace.usergroups = {
            "S0ONE": UserGroup("S0ONE", "approvers", "Approvers", ["U0ANA", "U0BEN"]),
            "S0TWO": UserGroup("S0TWO", "nobody", "Nobody", []),
        }
        yield playground


@pytest.fixture
def means(workspace, http, tmp_path):
    client = make_client(workspace.apps[0].bot_token, workspace.api_url, http)

    def make(**more):
        return Means(slack=client, http=http, folder=tmp_path, **more)

    return make


async def test_slack_groups(means, workspace):
    """Groups by id, by handle, with @ or without, all by one call in a round; an empty one has nobody."""
    asking = Round(means())
    both = Found(members=(Mention(slack=("U0ANA",)), Mention(slack=("U0BEN",))))

    assert [both] * 3 == [
        await asking.ask(source(Kind.SLACK, group)) for group in ("S0ONE", "@approvers", "approvers")
    ]
    assert Found() == await asking.ask(source(Kind.SLACK, "S0TWO"))
    assert ["usergroups.list"] == [call["method"] for call in workspace.board.calls]


async def test_slack_groups_that_are_not_there(means, workspace):
    """One that is not there, and a handle that two have, are failures and not nobody."""
    workspace.workspace.usergroups["S0THREE"] = UserGroup("S0THREE", "approvers", "Others", [])
    asking = Round(means())
    with pytest.raises(SourceFailed, match="is no user group of this workspace"):
        await asking.ask(source(Kind.SLACK, "S0FOUR"))
    with pytest.raises(SourceFailed, match="is the handle of several user groups"):
        await asking.ask(source(Kind.SLACK, "@approvers"))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"kind": "down"}, "Slack (refuses|cannot be reached)"),
        ({"kind": "error:missing_scope"}, "Slack refuses: missing_scope"),
        ({"kind": "error:plan_upgrade_required"}, "Slack refuses: plan_upgrade_required"),
    ],
)
async def test_slack_on_a_bad_day(means, workspace, http, fault, said):
    """What Slack refuses is told by its word for it."""
    await Hands(workspace.url, http).do("fault", method="usergroups.list", count=100, **fault)
    with pytest.raises(SourceFailed, match=said):
        await Round(means()).ask(source(Kind.SLACK, "S0ONE"))


class ScimServer(Server):
    async def group(self, request):
        if (other := await self.suffer(request)) is not None:
            return other
        return web.json_response(GROUP, content_type="application/scim+json")


@pytest.fixture
async def scim():
    server = ScimServer()
    async with running(server, web.get("/Groups/1", server.group)):
        yield server


async def test_scim_by_address(means, scim):
    """A document is fetched with the token where there is one."""
    group = source(Kind.SCIM, f"{scim.url}/Groups/1")

    assert [ANA, ANA] == [await Round(means()).ask(group), await Round(means(scim_token="t")).ask(group)]
    assert [None, "Bearer t"] == [request.headers.get("Authorization") for request in scim.asked]


async def test_scim_that_sends_elsewhere(means, scim):
    """The token goes nowhere but to the address that the policy names."""
    scim.weather = web.Response(status=307, headers={"Location": f"{scim.url}/elsewhere"})
    with pytest.raises(SourceFailed, match="sends elsewhere"):
        await Round(means(scim_token="t")).ask(source(Kind.SCIM, f"{scim.url}/Groups/1"))

    assert 1 == len(scim.asked)


async def test_scim_in_a_file(means, tmp_path):
    """A file is found from the policy folder on, and must not be larger than 5 MB."""
    (tmp_path / "groups").mkdir()
    (tmp_path / "groups/one.json").write_text('{"members": [{"value": "ana"}]}')
    (tmp_path / "large.json").write_text(" " * 6_000_000)

    assert ANA == await Round(means()).ask(source(Kind.SCIM, "groups/one.json"))
    assert ANA == await Round(means()).ask(source(Kind.SCIM, str(tmp_path / "groups/one.json")))
    for file, said in (("large.json", "has more than 5 MB"), ("groups", "cannot be read")):
        with pytest.raises(SourceFailed, match=said):
            await Round(means()).ask(source(Kind.SCIM, file))


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Kind.COMMAND, "set JIT_GROUP_COMMANDS=1"),
        (Kind.PAGERDUTY, "needs JIT_PAGERDUTY_TOKEN"),
        (Kind.OPSGENIE, "needs JIT_OPSGENIE_KEY"),
    ],
)
async def test_what_settings_do_not_allow(means, kind, said):
    """A source that lacks its setting is not asked, and says which one it is."""
    with pytest.raises(SourceFailed, match=said):
        await Round(means()).ask(source(kind, "x"))
