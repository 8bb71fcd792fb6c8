"""A conditional binding of Google Cloud for each grant, on the wire: a loopback server speaks the documented API.

Contract: a binding bears our mark and gives roles to one person, who is mapped in the settings and never guessed, and
ends by its own condition. A policy is a whole that others write too: whatever is not ours survives every call as it
was, and of changes that meet none is lost. Calls repeat without harm, and an answer that was lost is found out.
"""

import asyncio
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given as over
from hypothesis import strategies as st
from pydantic import ValidationError

from app.connectors.gcp import Gcp, bindings
from app.connectors.mark import Mark
from app.connectors.protocol import ConnectorFailed, Found, Unfit
from app.connectors.registry import Connectors
from app.connectors.settings import ConnectorsError
from app.domain.people import Principal
from app.domain.request import Request
from app.domain.target import Target
from tests.connectors.asked import granting
from tests.connectors.gcp_on_the_wire import AUDIENCE, ROBOT, SUBJECT, Cloud, google_cloud

MARK = Mark("harbour")
ORDERS = "projects/harbour-orders"
VIEWER = "roles/cloudsql.viewer"
OTHERS = [
    {"role": "roles/owner", "members": ["user:root@harbour.example", "group:admins@harbour.example"]},
    {
        "role": VIEWER,
        "members": ["user:ana@harbour.example", "deleted:user:old@harbour.example?uid=12"],
        "condition": {"title": "office hours", "expression": "request.time.getHours('UTC') < 18"},
        "bindingId": "kept-though-unknown",
    },
    {
        "role": VIEWER,
        "members": ["user:ana@harbour.example"],
        "condition": {"title": "jit-harbor-r07-4kx9tqz", "expression": "true", "location": "x"},
    },
]


def written(url: str | None = None, **changed: Any) -> dict[str, Any]:
    return {
        "api": url,
        "resources": {"orders-db": ORDERS, "everything": "organizations/42", "shop": "folders/77"},
        "people": {"ana": "user:ana@harbour.example"}
        | {f"p{number}": f"user:p{number}@harbour.example" for number in range(50)},
    } | changed


@pytest.fixture
def cloud(monkeypatch):
    """A server with policies that others wrote; tries follow each other quickly."""
    monkeypatch.setattr("app.connectors.gcp.policies.FIRST_PAUSE", 0.001)
    with google_cloud() as served:
        for place in (ORDERS, "organizations/42", "folders/77"):
            served.put(place, OTHERS, auditConfigs=[{"service": "allServices"}])
        yield served


@pytest.fixture
async def connector(cloud: Cloud):
    """The connector, as the settings of these tests have it."""
    made = Gcp("gcp", Gcp.Settings.model_validate(written(cloud.url)), MARK)
    yield made
    await made.close()


def asked(*roles: str, **changed: Any) -> Request:
    target = Target(connector="gcp", parameters={"roles": list(roles or [VIEWER])})
    return granting(**{"target": target} | changed)


def key(request: Request) -> str:
    return MARK.key(request.id)


def ours(cloud: Cloud, place: str = ORDERS) -> list[dict[str, Any]]:
    """Give what stands beside what others wrote, which must stand as it was."""
    stands = cloud.bindings(place)
    assert OTHERS == stands[: len(OTHERS)]
    assert [{"service": "allServices"}] == cloud.policies[place]["auditConfigs"]
    return stands[len(OTHERS) :]


async def test_a_grant_is_a_binding_that_ends_by_itself(cloud, connector):
    """It says role, person, mark and end, in whole seconds and never late; an end takes it and nothing else."""
    request = asked(VIEWER, "projects/harbour-orders/roles/debugger")
    granted = await connector.grant(request, key(request))
    last = request.ends_at.replace(microsecond=0)
    condition = {
        "title": key(request),
        "description": bindings.ABOUT,
        "expression": f'request.time < timestamp("{last:%Y-%m-%dT%H:%M:%SZ}")',
    }
    assert [
        {"role": role, "members": ["user:ana@harbour.example"], "condition": condition}
        for role in (VIEWER, "projects/harbour-orders/roles/debugger")
    ] == ours(cloud)
    assert (None, f"{ORDERS}/{key(request)}") == (granted.secret, granted.lease.reference)
    assert [Found(key(request), ORDERS, last)] == await connector.list_active()
    assert "INC-7" not in str(cloud.policies)

    await connector.revoke(request, key(request))
    writes = cloud.asked.count(f"POST /v3/{ORDERS}:setIamPolicy")
    await connector.revoke(request, key(request))
    assert ([], 2, 2) == (ours(cloud), writes, cloud.asked.count(f"POST /v3/{ORDERS}:setIamPolicy"))


@pytest.mark.parametrize(("resource", "place"), [("everything", "organizations/42"), ("shop", "folders/77")])
async def test_folders_and_organizations(cloud, connector, resource, place):
    """They have policies of their own, alike; a project's own role cannot be given on them."""
    request = asked(resource=resource)
    await connector.grant(request, key(request))
    assert [key(request)] == [bindings.title_of(each) for each in ours(cloud, place)]
    await connector.remove(Found(key(request), place))
    assert [] == ours(cloud, place)
    with pytest.raises(Unfit, match=f"cannot be given on {place}"):
        connector.plan(asked("projects/harbour-orders/roles/debugger", resource=resource))


async def test_a_grant_repeats_without_harm(cloud, connector):
    """The same is found and not written again; more time replaces the condition, and what is otherwise is made anew."""
    request = asked()
    await connector.grant(request, key(request))
    etag = cloud.policies[ORDERS]["etag"]
    await connector.grant(request, key(request))
    assert etag == cloud.policies[ORDERS]["etag"]

    later = request.model_copy(update={"ends_at": request.ends_at + timedelta(hours=1)})
    await connector.extend(later, key(request))
    assert [bindings.until(later.ends_at)] == [each["condition"]["expression"] for each in ours(cloud)]
    cloud.bindings(ORDERS)[-1]["members"].append("user:eve@harbour.example")
    await connector.grant(later, key(request))
    assert [["user:ana@harbour.example"]] == [each["members"] for each in ours(cloud)]
    await connector.revoke(later, key(request))
    with pytest.raises(ConnectorFailed, match="is not there"):
        await connector.extend(later, key(request))
    assert [] == ours(cloud)


async def test_what_is_held_without_an_end_is_said(cloud, connector):
    """Taking the grant back will not end that: the lease says so."""
    cloud.bindings(ORDERS).append({"role": VIEWER, "members": ["user:ana@harbour.example"]})
    request = asked()
    summary = (await connector.grant(request, key(request))).lease.summary
    assert f"{VIEWER} on {ORDERS}; they hold {VIEWER} there without an end, too" == summary


async def test_a_name_of_ours_that_is_no_key_is_not_judged(cloud, connector):
    """Somebody used our prefix: what has no key of ours is neither listed nor removed."""
    stranger = {"role": VIEWER, "members": ["user:x@harbour.example"]}
    stranger["condition"] = {"title": "jit-harbour-forever", "expression": "true"}
    cloud.bindings(ORDERS).append(stranger)
    assert [] == await connector.list_active()
    await connector.remove(Found("jit-harbour-forever", ORDERS))
    await connector.remove(Found("jit-harbour-r07-4kx9tqz", "projects/another-one"))
    assert [stranger] == ours(cloud)


async def test_a_condition_that_somebody_changed(cloud, connector):
    """It is listed without an end, and goes with its grant."""
    request = asked()
    await connector.grant(request, key(request))
    cloud.bindings(ORDERS)[-1]["condition"]["expression"] = "true"
    assert [Found(key(request), ORDERS, None)] == await connector.list_active()
    await connector.revoke(request, key(request))
    assert [] == ours(cloud)


async def test_fifty_at_once(cloud, connector):
    """All land in a few writes, and all go again, though others write in between."""
    requests = [
        asked(requester=Principal(id=f"p{number}", name="P", slack=f"U{number}")) for number in range(50)
    ]
    cloud.fails["setIamPolicy"] = [409, 503, "dies"]
    await asyncio.gather(*(connector.grant(each, key(each)) for each in requests))
    assert sorted(map(key, requests)) == sorted(map(bindings.title_of, ours(cloud)))
    assert cloud.asked.count(f"POST /v3/{ORDERS}:setIamPolicy") < 10
    await asyncio.gather(*(connector.revoke(each, key(each)) for each in requests))
    assert [] == ours(cloud)


async def test_bots_and_people_who_write_at_once(cloud, connector):
    """Two bots with one project and somebody between each read and write: nothing of anybody is lost."""
    another = Gcp("gcp", Gcp.Settings.model_validate(written(cloud.url)), Mark("quay"))
    added = iter(range(100))

    def somebody_writes() -> None:
        member = f"user:new{next(added)}@harbour.example"
        cloud.put(ORDERS, [*cloud.bindings(ORDERS), {"role": "roles/browser", "members": [member]}])

    cloud.fails["setIamPolicy"] = [somebody_writes] * 3
    requests = [asked(requester=Principal(id=f"p{each}", name="P", slack=f"U{each}")) for each in range(20)]
    await asyncio.gather(
        *(connector.grant(each, key(each)) for each in requests[:10]),
        *(another.grant(each, Mark("quay").key(each.id)) for each in requests[10:]),
    )
    await another.close()
    stands = cloud.bindings(ORDERS)[len(OTHERS) :]
    assert OTHERS == cloud.bindings(ORDERS)[: len(OTHERS)]
    titles = [bindings.title_of(each) for each in stands]
    wanted = [key(each) for each in requests[:10]] + [Mark("quay").key(each.id) for each in requests[10:]]
    assert (sorted(wanted), 3) == (sorted(filter(None, titles)), titles.count(""))


async def test_one_that_google_does_not_take_hinders_no_other(cloud, connector):
    """A person whom Google does not know gets its sentence; who was written with them gets access."""
    cloud.unknown = {"user:p3@harbour.example"}
    requests = [asked(requester=Principal(id=f"p{each}", name="P", slack=f"U{each}")) for each in range(6)]
    done = await asyncio.gather(
        *(connector.grant(each, key(each)) for each in requests), return_exceptions=True
    )
    failed = [each for each in done if isinstance(each, ConnectorFailed)]
    assert ["127.0.0.1", "does not exist"] == [str(failed[0])[:9], str(failed[0])[-15:-1]]
    assert (1, 5) == (len(failed), len(ours(cloud)))


@pytest.mark.parametrize("bad_day", [[409], [429], [503, 500], ["dies"], ["babbles"], ["dies", 409, "dies"]])
async def test_what_passes(cloud, connector, bad_day):
    """Conflicts, refusals for a while and lost answers end in what was asked, once."""
    request = asked()
    cloud.fails["setIamPolicy"] = list(bad_day)
    await connector.grant(request, key(request))
    assert 1 == len(ours(cloud))
    cloud.fails = {"setIamPolicy": list(bad_day), "getIamPolicy": [503]}
    await connector.revoke(request, key(request))
    assert [] == ours(cloud)


@pytest.mark.parametrize(
    ("fails", "said"),
    [(403, "made to fail with 403"), (404, "made to fail with 404"), (503, "503"), ("redirects", "302")],
)
async def test_what_does_not_pass(cloud, connector, fails, said):
    """Each call says what Google said, nothing is taken for done, no redirect is followed, no token is told."""
    request = asked()
    cloud.fails = {"getIamPolicy": [fails] * 99, "testIamPermissions": [fails] * 99}
    for call in (connector.grant, connector.extend, connector.revoke):
        with pytest.raises(ConnectorFailed, match=said) as told:
            await call(request, key(request))
        assert "secret" not in str(told.value)
    for call in (connector.list_active, connector.check):
        with pytest.raises(ConnectorFailed, match=said):
            await call()
    assert [] == [each for each in cloud.asked if "elsewhere" in each]


async def test_an_answer_is_looked_at(cloud, connector):
    """A server that says yes and changes nothing has neither granted nor revoked."""
    request = asked()
    cloud.fails["setIamPolicy"] = ["ignores"]
    with pytest.raises(ConnectorFailed, match="has another one"):
        await connector.grant(request, key(request))
    await connector.grant(request, key(request))
    cloud.fails["setIamPolicy"] = ["ignores"]
    with pytest.raises(ConnectorFailed, match="has another one"):
        await connector.revoke(request, key(request))


async def test_a_server_that_is_slow(cloud, connector, monkeypatch):
    """Who waits is told; and what was under way when they gave up is over before their revoke begins."""
    monkeypatch.setattr("app.connectors.gcp.policies.WITHIN", 0.5)
    request = asked()
    cloud.lock.acquire()
    with pytest.raises(ConnectorFailed, match=r"not written within 0\.5 s"):
        await connector.grant(request, key(request))
    given_up = asyncio.create_task(connector.grant(request, key(request)))
    await asyncio.sleep(0.1)
    given_up.cancel()
    cloud.lock.release()
    monkeypatch.setattr("app.connectors.gcp.policies.WITHIN", 20.0)
    await connector.revoke(request, key(request))
    assert ([], []) == (ours(cloud), await connector.list_active())


async def test_a_server_that_is_away(monkeypatch):
    """Grant, end and check fail with a sentence that says where."""
    monkeypatch.setattr("app.connectors.gcp.policies.FIRST_PAUSE", 0.001)
    connector, request = Gcp("gcp", Gcp.Settings.model_validate(written("http://127.0.0.1:1")), MARK), asked()
    for call in (connector.grant, connector.revoke):
        with pytest.raises(ConnectorFailed, match=r"127\.0\.0\.1:1 cannot be reached"):
            await call(request, key(request))
    await connector.close()


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ({"bindings": OTHERS, "etag": ""}, "without an etag"),
        (
            {"bindings": [{"role": "roles/x_withcond_2b17cc25d2cd9e2c54d8", "members": []}]},
            "without its conditions",
        ),
        ({"bindings": [{"members": []}]}, "a binding that is none"),
        ({"bindings": ["x"]}, "a binding that is none"),
    ],
)
async def test_a_policy_that_could_not_be_written_safely(cloud, connector, policy, said):
    """It is left as it is."""
    request = asked()
    cloud.policies[ORDERS] = {"etag": "e", "version": 1} | policy
    for call in (connector.grant, connector.revoke):
        with pytest.raises(ConnectorFailed, match=said):
            await call(request, key(request))
    assert [] == [each for each in cloud.asked if each.endswith("setIamPolicy")]


async def test_a_policy_that_is_full(cloud, connector):
    """Google takes 1,500 principals; an end is possible all the same."""
    request = asked()
    await connector.grant(request, key(request))
    cloud.bindings(ORDERS).append(
        {"role": "roles/x", "members": [f"user:u{each}@x.example" for each in range(1494)]}
    )
    another = asked(requester=Principal(id="p1", name="P", slack="U1"))
    await connector.revoke(request, key(request))
    await connector.grant(request, key(request))
    with pytest.raises(ConnectorFailed, match="1,500 principals"):
        await connector.grant(another, key(another))


async def test_what_the_bot_may_do_is_checked(cloud, connector):
    """The doctor is told which permission lacks, and where; nothing is changed."""
    await connector.check()
    cloud.denied = {"resourcemanager.folders.setIamPolicy"}
    with pytest.raises(ConnectorFailed, match=r"lacks resourcemanager\.folders\.setIamPolicy on folders/77"):
        await connector.check()
    assert [] == [each for each in cloud.asked if each.endswith("setIamPolicy")]


WAYS = {
    "metadata": ({}, ["metadata"]),
    "key": ({"key": {"env": "JIT_TEST_GCP"}}, [ROBOT]),
    "federation": (
        {"federation": {"audience": AUDIENCE, "token": {"env": "JIT_TEST_SUBJECT"}}},
        ["federated"],
    ),
    "impersonation": (
        {
            "federation": {
                "audience": AUDIENCE,
                "token": {"env": "JIT_TEST_SUBJECT"},
                "service_account": ROBOT,
            }
        },
        ["federated", ROBOT],
    ),
}


@pytest.mark.parametrize("way", list(WAYS))
async def test_who_the_bot_is(cloud, monkeypatch, way):
    """Each documented way gives a token, which is kept, and asked for anew where Google does not take it any more."""
    monkeypatch.setenv("JIT_TEST_GCP", cloud.account_key())
    monkeypatch.setenv("JIT_TEST_SUBJECT", SUBJECT)
    more, by = WAYS[way]
    connector = Gcp("gcp", Gcp.Settings.model_validate(written(cloud.url, **more)), MARK)
    await connector.check()
    await connector.check()
    assert by == cloud.by
    cloud.tokens.clear()
    await connector.check()
    assert by * 2 == cloud.by
    await connector.close()


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ("{}", "JIT_TEST_GCP does not hold a service account's key"),
        (
            '{"type": "external_account", "credential_source": {"executable": {"command": "id"}}}',
            "not the key of",
        ),
        (
            '{"type": "service_account", "client_email": "s3cret", "private_key_id": "1", "private_key": "s3cret"}',
            "JSON",
        ),
        ("[1]", "JSON that Google gives"),
    ],
)
async def test_a_key_that_is_none(cloud, monkeypatch, held, said):
    """It is told by its place and never by its content; nobody is asked."""
    monkeypatch.setenv("JIT_TEST_GCP", held)
    settings = Gcp.Settings.model_validate(written(cloud.url, key={"env": "JIT_TEST_GCP"}))
    connector = Gcp("gcp", settings, MARK)
    with pytest.raises(ConnectorFailed, match=said) as told:
        await connector.check()
    assert ("s3cret" not in str(told.value), []) == (True, cloud.asked)
    await connector.close()


async def test_a_server_that_is_not_googles_metadata(cloud, connector):
    """What answers without the header is not taken for it; a refusal is told in Google's words."""
    cloud.is_metadata = False
    with pytest.raises(ConnectorFailed, match="is not Google's metadata server"):
        await connector.check()


def test_who_is_not_mapped_gets_nothing():
    """Neither a person nor a project is guessed; roles that have no end, or could outlast it, are refused."""
    connector = Gcp("gcp", Gcp.Settings.model_validate(written()), MARK)
    eve = Principal(id="eve", name="ana", slack="U9", email="ana@harbour.example")
    with pytest.raises(Unfit, match="has nobody for eve"):
        connector.plan(asked(requester=eve))
    for resource in (
        "harbour-orders",
        "orders-db/../x",
        "projects/harbour-orders",
        "orders-db:setIamPolicy?",
    ):
        with pytest.raises(Unfit, match="has no project, folder or organization for"):
            connector.plan(asked(resource=resource))
    for role in ("roles/owner", "roles/editor", "roles/viewer"):
        with pytest.raises(Unfit, match=f"{role}: Google lets basic roles have no condition"):
            connector.plan(asked(role))
    with pytest.raises(Unfit, match="could outlast the grant"):
        connector.plan(asked("roles/iam.securityAdmin"))
    with pytest.raises(Unfit, match="is a role of projects/another-one"):
        connector.plan(asked("projects/another-one/roles/x"))
    for role in ("viewer", "roles/", "roles/a b", "roles/x\n", 'roles/x"', "roles/x/y", "folders/1/roles/x"):
        with pytest.raises(Unfit, match="roles"):
            connector.plan(asked(role))
    assert f"{VIEWER} on {ORDERS}, for user:ana@harbour.example" in connector.plan(asked())[0]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"people": {"ana": "group:admins@harbour.example"}}, "people"),
        ({"people": {"ana": "allUsers"}}, "people"),
        ({"people": {"ana": "domain:harbour.example"}}, "people"),
        ({"people": {"ana": "user:Ana@harbour.example"}}, "people"),
        ({"people": {"ana": "user:ana@harbour.example,allUsers"}}, "people"),
        (
            {"people": {"ana": "principalSet://iam.googleapis.com/locations/global/workforcePools/p/*"}},
            "people",
        ),
        ({"people": {"ana": "user:x@y.example", "ben": "user:x@y.example"}}, "two people are one principal"),
        ({"resources": {"orders-db": "projects/../organizations/1"}}, "resources"),
        ({"resources": {"orders-db": "projects/harbour-orders:setIamPolicy"}}, "resources"),
        ({"resources": {}}, "resources"),
        ({"api": "https://google.example"}, "api"),
        ({"key": "s3cret"}, "key"),
        (
            {"key": {"env": "A"}, "federation": {"audience": AUDIENCE, "token": {"env": "B"}}},
            "two ways to be somebody",
        ),
        ({"federation": {"audience": "https://elsewhere.example", "token": {"env": "B"}}}, "audience"),
    ],
)
def test_wrong_settings(changed, said):
    """What is wrong is told by key, without a secret."""
    with pytest.raises(ValidationError) as told:
        Gcp.Settings.model_validate(written(**changed))
    assert said in str(told.value)
    assert "s3cret" not in str(told.value)


def test_people_of_a_workforce_pool():
    """A subject of one's own identity provider is a principal like any other."""
    member = (
        "principal://iam.googleapis.com/locations/global/workforcePools/harbour/subject/ana@harbour.example"
    )
    connector = Gcp("gcp", Gcp.Settings.model_validate(written(people={"ana": member})), MARK)
    assert f"for {member}" in connector.plan(asked())[0]


KEYS = st.sampled_from(
    [MARK.key(granting().id) for _ in range(3)] + ["jit-harbor-r07-4kx9tqz", "office hours", ""]
)
BINDINGS = st.lists(
    st.fixed_dictionaries(
        {
            "role": st.sampled_from([VIEWER, "roles/x"]),
            "members": st.lists(st.sampled_from("abc"), max_size=2),
        },
        optional={"condition": st.fixed_dictionaries({"title": KEYS, "expression": st.text(max_size=5)})},
    ),
    max_size=8,
)


@over(
    stands=BINDINGS,
    of=KEYS.filter(lambda each: each.startswith("jit-harbour")),
    at=st.datetimes(timezones=st.just(UTC)),
)
def test_changes_touch_what_is_ours_alone(stands, of, at):
    """Whatever stands there: others' bindings stay as they were and in their order, and a change done twice is done."""
    before = deepcopy(stands)
    others = [each for each in stands if bindings.title_of(each) != of]
    asked_for = bindings.wanted([VIEWER], "user:a@x.example", of, at)
    put = bindings.given(stands, of, asked_for)
    assert others == [each for each in put if bindings.title_of(each) != of]
    assert asked_for == [each for each in put if bindings.title_of(each) == of]
    assert put is bindings.given(put, of, asked_for)
    later = bindings.moved(put, of, at)
    assert (put, others, before) == (later, bindings.taken(put, of), stands)


@over(at=st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  a bound without zone
def test_an_end_is_read_back_and_never_late(at):
    """By less than a second it is early."""
    end = bindings.end_of({"condition": {"expression": bindings.until(at)}})
    assert timedelta(0) <= at - end < timedelta(seconds=1)


async def test_it_is_found_by_its_name_in_settings(tmp_path):
    """The registry makes it, and tells a wrong key by file and place."""
    file = tmp_path / "connectors.yaml"
    file.write_text(
        "installation: harbour\nconnectors:\n  gcp: {resources: {orders-db: projects/harbour-orders}, "
        "people: {ana: 'user:ana@harbour.example'}}\n"
    )
    connectors = Connectors.open(file)
    assert "for user:ana@harbour.example" in connectors.plan(asked())[0]
    await connectors.close()
    file.write_text(file.read_text().replace("people", "persons"))
    with pytest.raises(ConnectorsError, match=r"connectors\.gcp\.persons"):
        Connectors.open(file)
