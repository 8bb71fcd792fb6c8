"""Assignments of IAM Identity Center, with moto's server; tags and orders that take time on the wire only.

Contract: a grant is one assignment, to the user of the settings and never one who is guessed; an end leaves none.
What a person assigned is never taken for a grant's, and never removed. What two grants share stands until the second
ends, however they overlap. A process may die in each step: what it began is found by its tag, and nothing else is.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from app.connectors.aws import IdentityCenter, api
from app.connectors.mark import Mark
from app.connectors.protocol import ConnectorFailed, Found, Unfit
from app.connectors.registry import Connectors
from app.domain.people import Principal
from app.domain.request import Request
from app.domain.target import Target
from tests.aws_server import HERE, INSTANCE, KEY, READERS, REGION, THERE, Aws
from tests.connectors.asked import granting
from tests.people import BEN

MARK = Mark("harbour")
ANA_THERE, BEN_THERE = (
    "0123456789-11111111-2222-3333-4444-555555555555",
    "66666666-7777-8888-9999-000000000000",
)
ADMINS = READERS.replace("ps-0", "ps-1")


def written(url: str = "http://127.0.0.1:1", **changed: Any) -> dict[str, Any]:
    return {
        "region": REGION,
        "access_key_id": KEY["aws_access_key_id"],
        "secret_access_key": {"env": "JIT_TEST_AWS"},
        "endpoints": {"sso-admin": url},
        "instance": INSTANCE,
        "accounts": {"orders-db": HERE, "payments": THERE},
        "permission_sets": {"readers": READERS, "admins": ADMINS},
        "people": {"ana": ANA_THERE, "ben": BEN_THERE},
    } | changed


def made(aws: Aws, mark: Mark = MARK) -> IdentityCenter:
    settings = IdentityCenter.Settings.model_validate(written(aws.url))
    return IdentityCenter("aws-identity-center", settings, mark)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch):
    monkeypatch.setenv("JIT_TEST_AWS", KEY["aws_secret_access_key"])
    monkeypatch.setitem(api.BOUNDS, "read_timeout", 20)  # a test waits for a slow machine, not for AWS
    monkeypatch.setattr("app.connectors.aws.assignments.LOOKS_EVERY", 0.02)


@pytest.fixture
async def connector(aws: Aws):
    """The connector, as the settings of these tests have it."""
    connector = made(aws)
    yield connector
    await connector.close()


def asked(**changed: Any) -> Request:
    parameters = {"permission_set": changed.pop("permission_set", "readers")}
    target = Target(connector="aws-identity-center", parameters=parameters)
    return granting(**{"target": target} | changed)


def key(request: Request) -> str:
    return MARK.key(request.id)


def assign(aws: Aws, verb: str = "create", user: str = ANA_THERE, permission_set: str = READERS) -> None:
    """What a person does in the console."""
    getattr(aws._moto_by["sso-admin"], f"{verb}_account_assignment")(
        InstanceArn=INSTANCE,
        TargetId=HERE,
        TargetType="AWS_ACCOUNT",
        PermissionSetArn=permission_set,
        PrincipalType="USER",
        PrincipalId=user,
    )


async def seen(happens: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not happens():  # noqa: ASYNC110  it happens in a thread of the server
            await asyncio.sleep(0.01)


def state(aws: Aws) -> tuple[list[str], list[str]]:
    """Who is assigned, and which grants claim it."""
    return aws.users(), sorted(aws.tags.get(READERS, {}))


async def test_a_grant_is_one_assignment_and_an_end_is_none(aws, connector):
    """It is claimed before it is made, carried out when that is said, and gone with its claim; again without harm."""
    aws.looks = 2
    request = asked()
    granted = await connector.grant(request, key(request))
    names = [call.name for call in aws.calls]
    assert names.index("TagResource") < names.index("CreateAccountAssignment")
    assert ([ANA_THERE], [key(request)]) == state(aws)
    stamp = f"{request.ends_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    assert f"{HERE}/{ANA_THERE}/{stamp}/live" == aws.tags[READERS][key(request)]
    assert (None, f"readers in {HERE}") == (granted.secret, granted.lease.summary)
    ends_at = request.ends_at.replace(microsecond=0)
    assert [Found(key(request), "readers", ends_at)] == await connector.list_active()

    await connector.grant(request, key(request))
    await connector.revoke(request, key(request))
    await connector.revoke(request, key(request))
    assert ([], []) == state(aws)
    assert [] == await connector.list_active()


async def test_what_a_person_assigned_is_left_alone(aws, connector):
    """It makes no grant, and neither an end nor the reconciler takes it away."""
    assign(aws)
    request = asked()
    with pytest.raises(ConnectorFailed, match="already, and by no grant"):
        await connector.grant(request, key(request))
    await connector.revoke(request, key(request))
    assert ([ANA_THERE], []) == state(aws)
    assert [] == await connector.list_active()
    await connector.remove(Found(key(request), "readers"))
    assert [ANA_THERE] == aws.users()
    other = asked(requester=BEN)
    await connector.grant(other, key(other))
    await connector.revoke(other, key(other))
    assert [ANA_THERE] == aws.users()


async def test_two_grants_of_one_assignment(aws, connector):
    """The end of the first leaves what the second stands on; so it is with another bot's, whatever dies."""
    first, second = asked(), asked()
    other_mark = Mark("harbor")
    other = made(aws, other_mark)
    for request in (first, second):
        await connector.grant(request, key(request))
    await other.grant(first, other_mark.key(first.id))
    await connector.revoke(first, key(first))
    assert [ANA_THERE] == aws.users()
    await connector.revoke(second, key(second))
    assert [ANA_THERE] == aws.users()
    assert [] == await connector.list_active()
    await other.revoke(first, other_mark.key(first.id))
    assert ([], []) == state(aws)
    await other.close()


async def test_an_end_beside_a_beginning(aws, connector):
    """A second grant that comes while the first is deleted gets its assignment; it is never lost, nor left over."""
    for looks in (0, 1, 3):
        aws.looks = looks
        first, second = asked(), asked()
        await connector.grant(first, key(first))
        await asyncio.gather(connector.revoke(first, key(first)), connector.grant(second, key(second)))
        assert ([ANA_THERE], [key(second)]) == state(aws)
        await connector.revoke(second, key(second))
        assert ([], []) == state(aws)


async def test_a_beginning_just_before_the_deletion(aws, connector):
    """The claim comes after the look and before the deletion: what was deleted is made again."""
    first, second = asked(), asked()
    await connector.grant(first, key(first))
    stamp = f"{second.ends_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    value = f"{HERE}/{ANA_THERE}/{stamp}/live"
    aws.before["DeleteAccountAssignment"] = lambda: aws.tags[READERS].update({key(second): value})
    await connector.revoke(first, key(first))
    assert ([ANA_THERE], [key(second)]) == state(aws)


async def test_a_beginning_between_two_looks(aws, connector):
    """Another grant claims and makes it after we saw no claim: that is not a person's."""
    other, request = asked(), asked()
    stamp = f"{other.ends_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"

    def other_grant() -> None:
        aws.tags[READERS] = {key(other): f"{HERE}/{ANA_THERE}/{stamp}/live"}
        assign(aws)

    aws.before["ListAccountAssignments"] = other_grant
    await connector.grant(request, key(request))
    assert ([ANA_THERE], sorted([key(other), key(request)])) == state(aws)


async def test_many_at_once(aws, connector):
    """Grants and ends of one assignment and others, all at a time: nothing is left, and nothing is lost."""
    kept, ended = asked(), [asked() for _ in range(4)]
    await asyncio.gather(*(connector.grant(each, key(each)) for each in (kept, *ended)))
    await asyncio.gather(*(connector.revoke(each, key(each)) for each in ended))
    assert ([ANA_THERE], [key(kept)]) == state(aws)
    last = [kept, asked(requester=BEN)]
    await connector.grant(last[1], key(last[1]))
    await asyncio.gather(*(connector.revoke(each, key(each)) for each in last))
    assert ([], []) == state(aws)


@pytest.mark.parametrize("dies_at", ["TagResource", "CreateAccountAssignment", "ListTagsForResource"])
async def test_a_bot_that_dies_while_it_gives(aws, connector, dies_at):
    """The next one finds what was begun, and takes it back or gives it, as the request's state wants it."""
    request = asked()
    aws.fails = {dies_at: "dies"}
    with pytest.raises(ConnectorFailed, match="does not answer"):
        await connector.grant(request, key(request))
    aws.fails = {}
    after = made(aws)
    expected = [] if dies_at == "ListTagsForResource" else [key(request)]
    assert expected == sorted(aws.tags.get(READERS, {}))
    await after.revoke(request, key(request))
    assert ([], []) == state(aws)
    again = asked()
    await after.grant(again, key(again))
    assert ([ANA_THERE], [key(again)]) == state(aws)
    await after.close()


@pytest.mark.parametrize("dies_at", ["TagResource", "DeleteAccountAssignment", "UntagResource"])
async def test_a_bot_that_dies_while_it_takes_back(aws, connector, dies_at):
    """Its claim stays until the assignment is gone, so that the reconciler finds and removes it."""
    request = asked()
    await connector.grant(request, key(request))
    aws.fails = {dies_at: "ServiceUnavailable"}
    with pytest.raises(ConnectorFailed, match="ServiceUnavailable"):
        await connector.revoke(request, key(request))
    aws.fails = {}
    after = made(aws)
    (found,) = await after.list_active()
    await after.remove(found)
    assert ([], []) == state(aws)
    await after.close()


async def test_an_order_that_was_left_is_waited_for(aws, connector):
    """A bot died when AWS had taken its order: the end waits until that is carried out, and deletes it then."""
    aws.looks = 10_000
    request = asked()
    giving = asyncio.create_task(connector.grant(request, key(request)))
    await seen(lambda: aws.asked("CreateAccountAssignment"))
    giving.cancel()
    after = made(aws)
    ending = asyncio.create_task(after.revoke(request, key(request)))
    await seen(lambda: aws.asked("ListAccountAssignmentCreationStatus"))
    await asyncio.sleep(0.1)
    assert not ending.done()
    aws.looks = 0
    aws.orders = {id_: (said, 0) for id_, (said, _) in aws.orders.items()}
    await asyncio.wait_for(ending, 20)
    assert ([], []) == state(aws)
    await after.close()


async def test_an_order_on_its_way_when_it_is_cancelled(aws, connector):
    """What was sent and is not answered yet may still arrive: the end of the same grant comes after it."""
    request = asked()
    gate, loop = asyncio.Event(), asyncio.get_running_loop()

    def hold() -> None:
        asyncio.run_coroutine_threadsafe(gate.wait(), loop).result(20)

    aws.before["CreateAccountAssignment"] = hold
    giving = asyncio.create_task(connector.grant(request, key(request)))
    await seen(lambda: "CreateAccountAssignment" not in aws.before)
    giving.cancel()
    ending = asyncio.create_task(connector.revoke(request, key(request)))
    await asyncio.sleep(0.1)
    assert not ending.done()
    gate.set()
    await asyncio.wait_for(ending, 20)
    assert ([], []) == state(aws)


async def test_a_grant_that_was_ended_meanwhile_gives_nothing(aws, connector):
    """Another process took it back while this one was giving: the assignment is deleted again."""
    request = asked()
    aws.before["CreateAccountAssignment"] = lambda: aws.tags[READERS].pop(key(request))
    with pytest.raises(ConnectorFailed, match="it was ended meanwhile"):
        await connector.grant(request, key(request))
    assert ([], []) == state(aws)


async def test_what_aws_cannot_carry_out(aws, connector):
    """AWS's reason is told, and nothing is taken for done; a failed grant is undone."""
    aws.order_fails = "Received a 403 status error:\n Not supported Web Service"
    request = asked()
    with pytest.raises(ConnectorFailed, match="could not create the assignment: Received a 403"):
        await connector.grant(request, key(request))
    aws.order_fails = ""
    await connector.revoke(request, key(request))
    assert ([], []) == state(aws)

    await connector.grant(request, key(request))
    aws.order_fails = "SSO is busy"
    with pytest.raises(ConnectorFailed, match="could not delete the assignment: SSO is busy"):
        await connector.revoke(request, key(request))
    assert ([ANA_THERE], [key(request)]) == state(aws)
    assert [key(request)] == [found.key for found in await connector.list_active()]


@pytest.mark.parametrize("code", ["ConflictException", "ThrottlingException"])
async def test_what_passes_is_asked_again(aws, connector, code):
    """AWS says so of conflicts with a write before, and of throttling; that does not last for ever."""
    request = asked()
    aws.fails = dict.fromkeys(("CreateAccountAssignment", "DeleteAccountAssignment"), code)
    aws.times = {"CreateAccountAssignment": 1, "DeleteAccountAssignment": 1}
    await connector.grant(request, key(request))
    await connector.revoke(request, key(request))
    assert ([], []) == state(aws)
    aws.times = {}
    with pytest.raises(ConnectorFailed, match=code):
        await connector.grant(request, key(request))


@pytest.mark.parametrize(
    ("fails", "said"),
    [
        ("AccessDeniedException", "AWS sso-admin: AccessDeniedException: made to fail"),
        ("ExpiredTokenException", "ExpiredToken"),
        ("ServiceQuotaExceededException", "ServiceQuotaExceeded"),
        ("babbles", "is no AWS"),
        ("redirects", "sso-admin: 302"),
    ],
)
async def test_aws_that_refuses(aws, connector, fails, said):
    """Each call says what AWS said."""
    request, standing = asked(), asked(requester=BEN)
    await connector.grant(standing, key(standing))
    names = ("TagResource", "ListTagsForResource", "CreateAccountAssignment", "ListAccountAssignments")
    aws.fails = dict.fromkeys(names, fails)
    calls = (
        lambda: connector.grant(request, key(request)),
        lambda: connector.extend(standing, key(standing)),
        lambda: connector.revoke(standing, key(standing)),
        connector.list_active,
        connector.check,
    )
    for call in calls:
        with pytest.raises(ConnectorFailed, match=said):
            await call()
    assert [] == [call for call in aws.calls if call.name.startswith("GET")]


async def test_aws_that_is_away():
    """Grant, end and list fail with a sentence that says where."""
    settings = IdentityCenter.Settings.model_validate(written())
    connector, request = IdentityCenter("aws-identity-center", settings, MARK), asked()
    for call in (lambda: connector.grant(request, key(request)), connector.list_active, connector.check):
        with pytest.raises(ConnectorFailed, match=r"AWS sso-admin at http://127\.0\.0\.1:1 does not answer"):
            await call()
    await connector.close()


async def test_more_time(aws, connector):
    """The claim says the later end; one whose assignment somebody took away is told."""
    request = asked()
    await connector.grant(request, key(request))
    later = request.model_copy(update={"ends_at": request.ends_at + timedelta(hours=1)})
    await connector.extend(later, key(request))
    assert f"{later.ends_at.astimezone(UTC):%Y%m%dT%H%M%SZ}" in aws.tags[READERS][key(request)]
    assign(aws, "delete")
    with pytest.raises(ConnectorFailed, match="its assignment is not there"):
        await connector.extend(later, key(request))
    assert [] == await connector.list_active()  # so that it is told as missing


async def test_a_claim_whose_time_is_up_holds_nothing(aws, connector):
    """What another bot, long dead, claims until yesterday keeps no access alive, and is found here if it is ours."""
    request = asked()
    await connector.grant(request, key(request))
    dead = asked()
    past = f"{datetime.now(UTC) - timedelta(days=1):%Y%m%dT%H%M%SZ}"
    aws.tags[READERS][key(dead)] = f"{HERE}/{ANA_THERE}/{past}/live"
    assert sorted([key(request), key(dead)]) == sorted(found.key for found in await connector.list_active())
    await connector.revoke(request, key(request))
    assert ([], [key(dead)]) == state(aws)
    await connector.remove(Found(key(dead), "readers"))
    assert ([], []) == state(aws)


async def test_tags_that_are_no_claims(aws, connector):
    """What people tag, and what looks like ours and is not, is neither listed nor removed, and misleads nobody."""
    aws.tags[READERS] = {
        "team": "payments",
        "jit-harbour-r07-4kx9tqz": "whatever",
        "jit-harbour-x": f"{HERE}/{ANA_THERE}/20990101T000000Z/ending",
        "aws:owner": f"{HERE}/{ANA_THERE}/20990101T000000Z/live",
        "jit-harbour-r07-4kx9tqy": f"{HERE}/{ANA_THERE}/tomorrow/live",
    }
    before = dict(aws.tags[READERS])
    assert [] == await connector.list_active()
    request = asked()
    await connector.grant(request, key(request))
    await connector.revoke(request, key(request))
    assert ([], before) == (aws.users(), aws.tags[READERS])


async def test_what_the_bot_may_do_is_checked(aws, connector):
    """The doctor reads all that is needed, and leaves nothing."""
    await connector.check()
    assert {READERS: {}, ADMINS: {}} == aws.tags
    aws.fails = {"ListAccountAssignmentCreationStatus": "AccessDeniedException"}
    with pytest.raises(ConnectorFailed, match="AccessDenied"):
        await connector.check()


def test_who_is_not_mapped_gets_nothing():
    """No person, account or permission set is guessed from names or addresses."""
    settings = IdentityCenter.Settings.model_validate(written())
    connector = IdentityCenter("aws-identity-center", settings, MARK)
    other = Principal(id="eve", name="ana", slack="U9", email="ana@example.com")
    with pytest.raises(Unfit, match="has no user for eve"):
        connector.plan(asked(requester=other))
    with pytest.raises(Unfit, match="has no account for users-db"):
        connector.plan(asked(resource="users-db"))
    for name in ("owners", READERS, "a b"):
        with pytest.raises(Unfit, match=r"permission.set"):
            connector.plan(asked(permission_set=name))
    assert f"the permission set readers in the account {HERE}" in connector.plan(asked())[0]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"endpoints": {"sso-admin": "http://sso.internal"}}, "write https://HOST"),
        ({"instance": "ssoins-1"}, "instance"),
        ({"accounts": {}}, "accounts"),
        ({"accounts": {"orders-db": "12"}}, "accounts.orders-db"),
        ({"people": {}}, "people"),
        ({"people": {"ana": "ana@example.com"}}, "people.ana"),
        ({"people": {"ana": ANA_THERE, "ben": ANA_THERE.upper()}}, "people"),
        ({"people": {"ana": BEN_THERE, "ben": BEN_THERE}}, "two people are one user"),
        ({"permission_sets": {"readers": "arn:aws:sso:::permissionSet/x"}}, "permission_sets.readers"),
        ({"permission_sets": {"a": READERS, "b": READERS}}, "two names are one permission set"),
        ({"instance": INSTANCE.replace("0123", "9999")}, "is of another instance"),
        ({"owned": "true"}, "owned"),
    ],
)
def test_wrong_settings(changed, said):
    """What is wrong is told by key."""
    with pytest.raises(ValidationError) as told:
        IdentityCenter.Settings.model_validate(written(**changed))
    assert said in str(told.value)


async def test_what_was_given_is_ended_though_settings_changed(aws, connector):
    """Who has it where stands in the claim: a person or account that settings name no more is no hindrance."""
    request = asked()
    await connector.grant(request, key(request))
    changed = written(aws.url, people={"ben": BEN_THERE}, accounts={"payments": THERE})
    after = IdentityCenter("aws-identity-center", IdentityCenter.Settings.model_validate(changed), MARK)
    await after.revoke(request, key(request))
    assert ([], []) == state(aws)
    fewer = written(aws.url, permission_sets={"admins": ADMINS})
    without = IdentityCenter("aws-identity-center", IdentityCenter.Settings.model_validate(fewer), MARK)
    with pytest.raises(ConnectorFailed, match="no permission set readers any more; name it again"):
        await without.revoke(request, key(request))
    await after.close()
    await without.close()


async def test_it_is_found_by_its_name_in_settings(tmp_path):
    """The registry makes it, and calls nobody."""
    file = tmp_path / "connectors.yaml"
    file.write_text(
        f"""installation: harbour
connectors:
  aws-identity-center:
    region: {REGION}
    instance: {INSTANCE}
    accounts: {{orders-db: "{HERE}"}}
    permission_sets: {{readers: {READERS}}}
    people: {{ana: {ANA_THERE}}}
"""
    )
    connectors = Connectors.open(file)
    assert f"for the user {ANA_THERE}" in connectors.plan(asked())[0]
    await connectors.close()
