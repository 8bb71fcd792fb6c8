"""Contract of users.* and usergroups.*: everything that tells whether somebody may be trusted with an answer.

docs: reference/objects/user-object, reference/methods/users.info and siblings
"""

from app.playground import AppRegistration
from app.playground.model import User
from tests.playground.stage import error_of, web_client, workspace_with


async def test_a_person(client):
    """Names, address, zone, and no special standing."""
    user = (await client.users_info(user="U0ANA"))["user"]
    assert ("ana", "Ana Ruiz", "ana@example.com", "T0DEMO", "Europe/London") == (
        user["name"],
        user["real_name"],
        user["profile"]["email"],
        user["team_id"],
        user["tz"],
    )
    special = ("deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_admin", "is_owner")
    assert [False] * 6 == [user[key] for key in special]
    assert "is_stranger" not in user


async def test_somebody_who_left(client, person):
    """`deleted`, without the fields that only members have; not found by address any more."""
    await person("user", user="@dev", deleted=True)
    user = (await client.users_info(user="U0DEV"))["user"]
    assert user["deleted"] is True
    assert "is_restricted" not in user
    assert "users_not_found" == await error_of(client.users_lookupByEmail(email="dev@example.com"))


async def test_guests(client, person):
    """A guest of several channels is restricted, a guest of one is both."""
    await person("user", user="@dev", is_restricted=True, is_ultra_restricted=True)
    user = (await client.users_info(user="U0DEV"))["user"]
    assert (True, True) == (user["is_restricted"], user["is_ultra_restricted"])


async def test_somebody_from_another_workspace(playground, client):
    """Slack Connect: a stranger, of a team that is not this one."""
    stranger = User("U0EVE", "eve", "Eve", team_id="T0OTHER", is_stranger=True)
    playground.workspace.add_user(stranger)
    user = (await client.users_info(user="U0EVE"))["user"]
    assert (True, "T0OTHER") == (user["is_stranger"], user["team_id"])


async def test_a_bot(client):
    """A bot says so, and has no address."""
    user = (await client.users_info(user="U0JIT"))["user"]
    assert user["is_bot"] is True
    assert ("B0JIT", "A0JIT") == (user["profile"]["bot_id"], user["profile"]["api_app_id"])
    assert "email" not in user["profile"]


async def test_nobody(client):
    """`user_not_found`, also when nobody is asked for."""
    for user in ("U0NOBODY", "ana", ""):
        assert "user_not_found" == await error_of(client.users_info(user=user))


async def test_addresses_need_a_scope_of_their_own():
    """Without users:read.email there are none. docs: reference/scopes/users.read.email."""
    manifest = {"oauth_config": {"scopes": {"bot": ["users:read"]}}}
    async with workspace_with(AppRegistration(manifest=manifest)) as playground:
        user = (await web_client(playground).users_info(user="U0ANA"))["user"]
    assert "email" not in user["profile"]


async def test_found_by_address_whatever_the_case(client):
    """docs: methods/users.lookupByEmail."""
    assert "U0ANA" == (await client.users_lookupByEmail(email="Ana@Example.com"))["user"]["id"]
    assert "users_not_found" == await error_of(client.users_lookupByEmail(email="zoe@example.com"))


async def test_everybody_page_by_page(client):
    """docs: methods/users.list."""
    pages = await client.users_list(limit=3)
    names = [user["name"] async for page in pages for user in page["members"]]
    assert ["ana", "ben", "chloe", "sam", "dev", "slackbot", "jit"] == names


async def test_user_groups_and_their_members(client):
    """docs: methods/usergroups.list, usergroups.users.list."""
    groups = (await client.usergroups_list())["usergroups"]
    assert [("approvers", 2), ("security-team", 1)] == [
        (each["handle"], each["user_count"]) for each in groups
    ]
    assert all("users" not in group for group in groups)
    assert ["U0BEN", "U0CHLOE"] == (await client.usergroups_users_list(usergroup="S0APPROVERS"))["users"]
    assert "no_such_subteam" == await error_of(client.usergroups_users_list(usergroup="S0NONE"))
