"""Roles of AWS, with moto's server; what moto does not enforce is evaluated on the wire, as AWS documents it.

Contract: credentials are for one role of the settings, name request and person, and do nothing from the grant's end on
or once it ended early, though AWS itself lets no session end before 15 minutes. An end is confirmed when AWS has taken
it, in the role's own account and no other. What is not ours is left alone, and nothing of ours is left for ever.
"""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pydantic import ValidationError

from app.connectors.aws import AwsRole, api
from app.connectors.mark import Mark
from app.connectors.protocol import ConnectorFailed, Found, Unfit
from app.connectors.registry import Connectors
from app.domain.people import Principal
from app.domain.request import Request
from app.domain.target import Target
from tests.aws_server import HERE, KEY, REGION, THERE, Aws
from tests.connectors.asked import granting

MARK = Mark("harbour")
ROLE = f"arn:aws:iam::{HERE}:role/orders-operator"
ADMIN = f"arn:aws:iam::{THERE}:role/jit-admin"


def written(url: str = "http://127.0.0.1:1", **changed: Any) -> dict[str, Any]:
    place = {"account": HERE, "roles": ["orders-operator", "ops/orders-reader"], "region": "eu-west-1"}
    return {
        "region": REGION,
        "access_key_id": KEY["aws_access_key_id"],
        "secret_access_key": {"env": "JIT_TEST_AWS"},
        "endpoints": {"sts": url, "iam": url},
        "accounts": {"orders-db": place},
        "longest": 7200,
    } | changed


def made(aws: Aws, **changed: Any) -> AwsRole:
    return AwsRole("aws-role", AwsRole.Settings.model_validate(written(aws.url, **changed)), MARK)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch):
    monkeypatch.setenv("JIT_TEST_AWS", KEY["aws_secret_access_key"])
    monkeypatch.setitem(api.BOUNDS, "read_timeout", 20)  # a test waits for a slow machine, not for AWS


@pytest.fixture
async def connector(aws: Aws):
    """The connector, as the settings of these tests have it, and the role that it gives."""
    aws.make_role("orders-operator")
    aws.make_role("orders-reader")
    connector = made(aws)
    yield connector
    await connector.close()


def asked(seconds: float = 600, **changed: Any) -> Request:
    parameters = {"role": "orders-operator"} | changed.pop("parameters", {})
    return granting(seconds, **{"target": Target(connector="aws-role", parameters=parameters)} | changed)


def key(request: Request) -> str:
    return MARK.key(request.id)


def given(granted: Any) -> dict[str, str]:
    return {name: value.get_secret_value() for name, value in granted.secret.environment.items()}


def as_given(aws: Aws, service: str, granted: Any) -> Any:
    told = given(granted)
    return aws.client(
        service,
        aws_access_key_id=told["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=told["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=told["AWS_SESSION_TOKEN"],
    )


def works(aws: Aws, granted: Any) -> bool:
    try:
        as_given(aws, "iam", granted).list_roles()
    except ClientError as error:
        if "explicit deny" in str(error):
            return False
        raise
    return True


async def test_what_sts_is_asked(aws, connector):
    """On the wire: the role, who and for what, at least AWS's 15 minutes, and a policy that ends with the grant."""
    request = asked(seconds=600)
    granted = await connector.grant(request, key(request))
    (sent,) = aws.asked("AssumeRole")
    policy = json.loads(sent["Policy"])
    assert (ROLE, "900") == (sent["RoleArn"], sent["DurationSeconds"])
    assert f"{key(request)}=ana" == sent["SourceIdentity"] == sent["RoleSessionName"]
    ends = f"{request.ends_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    assert {"DateGreaterThanEquals": {"aws:CurrentTime": ends}} == policy["Statement"][-1]["Condition"]
    assert ("eu-west-1", "eu-west-1") == (given(granted)["AWS_REGION"], given(granted)["AWS_DEFAULT_REGION"])

    who = as_given(aws, "sts", granted).get_caller_identity()
    assert f"arn:aws:sts::{HERE}:assumed-role/orders-operator/{key(request)}=ana" == who["Arn"]
    assert given(granted)["AWS_SECRET_ACCESS_KEY"] not in repr((granted, granted.lease))


async def test_what_narrows_a_session(aws, connector):
    """A longer grant gets a longer session; managed policies are named; a role's path is part of its name."""
    managed = ["arn:aws:iam::aws:policy/ReadOnlyAccess", f"arn:aws:iam::{HERE}:policy/orders"]
    allow = [{"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::orders/*"]}]
    parameters = {"role": "ops/orders-reader", "managed": managed, "allow": allow}
    request = asked(seconds=5000, parameters=parameters)
    await connector.grant(request, key(request))
    (sent,) = aws.asked("AssumeRole")
    assert managed == [sent[f"PolicyArns.member.{number}.arn"] for number in (1, 2)]
    assert 4990 < int(sent["DurationSeconds"]) <= 5000
    assert f"arn:aws:iam::{HERE}:role/ops/orders-reader" == sent["RoleArn"]
    lines = connector.plan(request)
    assert "for s3:GetObject on arn:aws:s3:::orders/* alone" in lines
    assert "within ReadOnlyAccess, orders" in lines


async def test_an_early_end_ends_all_sessions_of_its_grant_and_no_other(aws, connector):
    """Of two grants and a second try of one, one is ended: its sessions are denied everything, again without harm."""
    one, other = asked(), asked()
    sessions = [await connector.grant(each, key(each)) for each in (one, one, other)]
    assert [True, True, True] == [works(aws, each) for each in sessions]

    await asyncio.gather(*(connector.revoke(one, key(one)) for _ in range(4)))

    assert [False, False, True] == [works(aws, each) for each in sessions]
    stamp = f"{one.ends_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    denial = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringLike": {"aws:SourceIdentity": f"{key(one)}=*"}},
    }
    assert {f"{key(one)}.{stamp}": {"Version": "2012-10-17", "Statement": [denial]}} == aws.policies(
        "orders-operator"
    )


async def test_time_that_is_up_needs_no_policy(aws, connector):
    """A session of 900 s does nothing from its grant's end on, so that nothing is put there."""
    request = asked(seconds=2)
    granted = await connector.grant(request, key(request))
    await asyncio.sleep(max(0, (request.ends_at - datetime.now(UTC)).total_seconds()) + 0.05)
    assert not works(aws, granted)
    await connector.revoke(request, key(request))
    assert {} == aws.policies("orders-operator")


async def test_early_ends_are_removed_when_they_are_no_longer_needed(aws, connector):
    """By AWS's clock; what is still needed stays, and what others put there too, whatever it is called."""
    soon, later = asked(), asked()
    past = soon.model_copy(update={"ends_at": datetime.now(UTC) - timedelta(minutes=2)})
    await connector._ends[ROLE].put(key(past), past.ends_at)
    await connector.revoke(later, key(later))
    iam = aws.client("iam")
    strangers = [
        "people",
        f"{key(soon)}",
        f"jit-harbor-{soon.id.lower()}.20200101T000000Z",
        "jit-harbour-x.2020",
    ]
    deny = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
    )
    for name in strangers:
        iam.put_role_policy(RoleName="orders-operator", PolicyName=name, PolicyDocument=deny)
    assert 6 == len(aws.policies("orders-operator"))
    assert () == await connector.list_active()
    left = aws.policies("orders-operator")
    assert sorted([*strangers, f"{key(later)}.{later.ends_at:%Y%m%dT%H%M%SZ}"]) == sorted(left)


async def test_no_more_room_for_early_ends(aws, connector):
    """AWS bounds a role's policies: what does not fit is told, stays to be done, and is done when time is up."""
    ended = [asked() for _ in range(80)]
    refused = []
    for request in ended:
        try:
            await connector.revoke(request, key(request))
        except ConnectorFailed as failure:
            refused.append((request, str(failure)))
    assert 55 < len(aws.policies("orders-operator")) < 80
    assert 80 == len(aws.policies("orders-operator")) + len(refused)
    assert "has no room for one more early end" in refused[0][1]
    over = refused[0][0].model_copy(update={"ends_at": datetime.now(UTC) - timedelta(seconds=2)})
    await connector.revoke(over, key(over))


async def test_a_role_of_another_account(aws, moto):
    """Its early ends are put there, by its admin role; never at a role of the same name in the bot's own."""
    there = {"account": THERE, "roles": ["orders-operator"]}
    aws.make_role("orders-operator")
    told = aws.client("sts").assume_role(RoleArn=ADMIN, RoleSessionName="tests")["Credentials"]
    their_key = {
        "aws_access_key_id": told["AccessKeyId"],
        "aws_secret_access_key": told["SecretAccessKey"],
        "aws_session_token": told["SessionToken"],
    }
    aws.make_role("orders-operator", **their_key)
    request = asked()

    without = made(aws, accounts={"orders-db": there})
    for call in (without.grant, without.revoke):
        with pytest.raises(ConnectorFailed, match=f"the bot is of the account {HERE}; name an admin role"):
            await call(request, key(request))
    await without.close()
    assert 1 == len(aws.asked("AssumeRole"))

    connector = made(aws, accounts={"orders-db": there | {"admin": ADMIN}})
    await connector.grant(request, key(request))
    await connector.revoke(request, key(request))
    assert ({}, 1) == (aws.policies("orders-operator"), len(aws.policies("orders-operator", **their_key)))
    await connector.close()


async def test_a_role_that_is_gone(aws, connector):
    """Sessions of a role that was deleted may do nothing: their end is no error, and their list names the role."""
    request = asked()
    await connector.grant(request, key(request))
    aws.client("iam").delete_role(RoleName="orders-operator")
    await connector.revoke(request, key(request))
    with pytest.raises(ConnectorFailed, match=f"there is no role {ROLE}"):
        await connector.list_active()


@pytest.mark.parametrize(
    ("fails", "said"),
    [
        ("AccessDenied", "AWS sts: AccessDenied: made to fail"),
        ("ExpiredToken", "AWS sts: ExpiredToken"),
        ("PackedPolicyTooLarge", "PackedPolicyTooLarge"),
        ("Throttling", "Throttling"),
        ("ServiceUnavailable", "ServiceUnavailable"),
        ("babbles", "what answers for sts at http.* is no AWS"),
        ("redirects", "what answers for sts at http.* is no AWS"),
        ("dies", "does not answer"),
    ],
)
async def test_sts_that_refuses(aws, connector, fails, said):
    """Each says what AWS said, nothing is taken for done, and no redirect is followed."""
    request = asked()
    aws.fails = dict.fromkeys(("AssumeRole", "PutRolePolicy", "ListRolePolicies"), fails)
    with pytest.raises(ConnectorFailed, match=said) as told:
        await connector.grant(request, key(request))
    for call in (lambda: connector.revoke(request, key(request)), connector.list_active, connector.check):
        with pytest.raises(ConnectorFailed):
            await call()
    assert KEY["aws_secret_access_key"] not in str(told.value)
    assert [] == [call for call in aws.calls if call.name.startswith("GET")]


async def test_throttling_that_passes(aws, connector):
    """What AWS throttles is asked again, a bounded number of times."""
    request = asked()
    aws.fails, aws.times = {"AssumeRole": "Throttling", "PutRolePolicy": "ServiceUnavailable"}, {}
    aws.times = {"AssumeRole": 2, "PutRolePolicy": 1}
    granted = await connector.grant(request, key(request))
    await connector.revoke(request, key(request))
    assert (3, 2, False) == (
        len(aws.asked("AssumeRole")),
        len(aws.asked("PutRolePolicy")),
        works(aws, granted),
    )


async def test_aws_that_does_it_and_dies(aws, connector):
    """An answer that is lost: botocore asks again; the session that nobody got is denied with all of its grant."""
    request = asked()
    aws.fails, aws.times = (
        {"AssumeRole": "dies", "PutRolePolicy": "dies"},
        {"AssumeRole": 1, "PutRolePolicy": 1},
    )
    granted = await connector.grant(request, key(request))
    assert 2 == len(aws.sessions)
    await connector.revoke(request, key(request))
    assert (1, False) == (len(aws.policies("orders-operator")), works(aws, granted))


async def test_aws_that_is_away(monkeypatch):
    """Grant, end, list and check fail with a sentence that says where."""
    connector, request = AwsRole("aws-role", AwsRole.Settings.model_validate(written()), MARK), asked()
    for call in (
        lambda: connector.grant(request, key(request)),
        lambda: connector.revoke(request, key(request)),
        connector.list_active,
        connector.check,
    ):
        with pytest.raises(ConnectorFailed, match=r"AWS sts at http://127\.0\.0\.1:1 does not answer"):
            await call()
    monkeypatch.setenv("JIT_TEST_AWS", "")
    with pytest.raises(ConnectorFailed, match="JIT_TEST_AWS is empty"):
        await connector.check()
    await connector.close()


async def test_a_new_key_is_taken(aws, connector, monkeypatch):
    """The secret is read at each call, and files of profiles never are."""
    await connector.list_active()
    monkeypatch.setenv("JIT_TEST_AWS", "another")
    first = connector._aws._clients["sts"]
    await connector.list_active()
    assert first is not connector._aws._clients["sts"]


async def test_profiles_are_not_read(aws, tmp_path, monkeypatch):
    """A profile may name a program that gives credentials: it is not run, and the bot has none."""
    ran = tmp_path / "ran"
    config = tmp_path / "config"
    config.write_text(f"[default]\ncredential_process = /bin/sh -c 'touch {ran}'\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "prod")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    connector = made(aws, access_key_id=None, secret_access_key=None)
    with pytest.raises(ConnectorFailed, match="the bot has no credentials for AWS"):
        await connector.list_active()
    assert not ran.exists()
    await connector.close()


async def test_what_the_bot_may_do_is_checked(aws, connector):
    """The doctor takes each role, in a session that may do nothing, and puts and removes a policy."""
    await connector.check()
    assert ({}, {}) == (aws.policies("orders-operator"), aws.policies("orders-reader"))
    first = aws.asked("AssumeRole")[0]
    assert ("7200", "jit-harbour-check=doctor") == (first["DurationSeconds"], first["SourceIdentity"])
    denied = [{"Effect": "Deny", "Action": "*", "Resource": "*"}]
    assert denied == json.loads(first["Policy"])["Statement"]
    aws.fails = {"PutRolePolicy": "AccessDenied"}
    with pytest.raises(ConnectorFailed, match="AccessDenied"):
        await connector.check()


async def test_more_time_and_what_is_forgotten(aws, connector):
    """A session cannot be made longer; one whose request is lost can be ended all the same."""
    request = asked()
    granted = await connector.grant(request, key(request))
    with pytest.raises(ConnectorFailed, match="ask anew for more time"):
        await connector.extend(request, key(request))
    await connector.remove(Found("somebody", ROLE))
    assert works(aws, granted)
    await connector.remove(Found(key(request), ROLE))
    assert not works(aws, granted)


async def test_a_grant_that_is_over_is_not_given(aws, connector):
    """Nothing is asked of AWS for it."""
    for request in (asked(seconds=-1), asked(ends_at=None)):
        with pytest.raises(ConnectorFailed, match=r"the grant (is over|has no end)"):
            await connector.grant(request, key(request))
    assert [] == aws.asked("AssumeRole")


async def test_names_get_into_nothing(aws, connector):
    """A person, a reason and a resource that try to be something else are named, cut, or refused."""
    evil = Principal(id='ana"*,=?\n' + "x" * 80, name='"}]}', slack="U1")
    request = asked(requester=evil, reason='"}],"Statement":[{"Effect":"Allow"')
    await connector.grant(request, key(request))
    (sent,) = aws.asked("AssumeRole")
    assert f"{key(request)}=ana______{'x' * 80}"[:64] == sent["SourceIdentity"]
    assert "Effect" not in sent["SourceIdentity"]
    assert 3 == len(json.loads(sent["Policy"])["Statement"])
    for resource in ("orders", 'orders-db"', "orders-db/../x"):
        with pytest.raises(Unfit, match="has no account for"):
            connector.plan(asked(resource=resource))


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"role": "admin"}, "has no role admin for orders-db"),
        ({"role": "../orders-operator"}, "has no role"),
        ({"role": "a b"}, "role"),
        ({"allow": [{"actions": ["s3:Get Object"], "resources": ["*"]}]}, "allow.0.actions.0"),
        ({"allow": [{"actions": ["s3:*"], "resources": ['arn:aws:s3:::"']}]}, "allow.0.resources.0"),
        ({"allow": [{"actions": ["s3:*"], "resources": ["orders"]}]}, "allow.0.resources.0"),
        ({"allow": [{"actions": [], "resources": ["*"]}]}, "allow.0.actions"),
        ({"managed": ["ReadOnlyAccess"]}, "managed.0"),
        ({"managed": ["arn:aws:iam::aws:policy/a"] * 11}, "managed"),
        ({"policy": "{}"}, "policy"),
    ],
)
def test_what_an_action_may_not_say(parameters, said):
    """It is told by key, to whoever asks."""
    connector = AwsRole("aws-role", AwsRole.Settings.model_validate(written()), MARK)
    with pytest.raises(Unfit, match=said):
        connector.plan(asked(parameters=parameters))


def test_a_grant_that_is_longer_than_a_session():
    """It is refused before anybody is asked."""
    connector = AwsRole("aws-role", AwsRole.Settings.model_validate(written(longest=3600)), MARK)
    with pytest.raises(Unfit, match="lasts 1 h at most"):
        connector.plan(asked(seconds=3601))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"endpoints": {"sts": "http://sts.internal"}}, "write https://HOST"),
        ({"endpoints": {"sts": "https://u:p@sts.internal"}}, "write https://HOST"),
        ({"endpoints": {"sts": "https://sts.internal/x"}}, "write https://HOST"),
        ({"endpoints": {"sts": "http://localhost:1"}}, "write https://HOST"),
        ({"endpoints": {"ec2": "https://ec2.internal"}}, "endpoints"),
        ({"secret_access_key": None}, "go together"),
        ({"secret_access_key": "s3cret"}, "secret_access_key"),
        ({"access_key_id": "not a key"}, "access_key_id"),
        ({"region": "Frankfurt"}, "region"),
        ({"accounts": {}}, "accounts"),
        ({"accounts": {"orders-db": {"account": "1", "roles": ["a"]}}}, "accounts.orders-db.account"),
        ({"accounts": {"orders-db": {"account": HERE, "roles": []}}}, "accounts.orders-db.roles"),
        ({"accounts": {"orders-db": {"account": HERE, "roles": ["a"], "admin": ADMIN}}}, "another account"),
        (
            {
                "accounts": {
                    "a": {"account": THERE, "roles": ["a"], "admin": ADMIN},
                    "b": {"account": THERE, "roles": ["b"]},
                }
            },
            "has another admin above",
        ),
        ({"longest": 60}, "longest"),
        ({"longest": 50000}, "longest"),
        ({"profile": "prod"}, "profile"),
    ],
)
def test_wrong_settings(changed, said):
    """What is wrong is told by key, without a secret."""
    with pytest.raises(ValidationError) as told:
        AwsRole.Settings.model_validate(written(**changed))
    assert said in str(told.value)
    assert "s3cret" not in str(told.value)


def test_the_documented_settings(tmp_path):
    """Each example of the docs that names AWS opens."""
    docs = (Path(__file__).parents[2] / "docs" / "connectors.md").read_text()
    examples = [
        text for text in re.findall(r"```yaml connectors\n(.*?)```", docs, re.DOTALL) if "aws-" in text
    ]
    file = tmp_path / "connectors.yaml"
    for example in examples:
        file.write_text(example)
        assert 1 == len(Connectors.open(file).all)
    assert 2 == len(examples)


async def test_it_is_found_by_its_name_in_settings(tmp_path):
    """The registry makes it, and calls nobody."""
    file = tmp_path / "connectors.yaml"
    accounts = f'{{orders-db: {{account: "{HERE}", roles: [orders-operator]}}}}'
    file.write_text(
        f"installation: harbour\nconnectors: {{aws-role: {{region: eu-central-1, accounts: {accounts}}}}}\n"
    )
    connectors = Connectors.open(file)
    assert "credentials of the role orders-operator" in connectors.plan(asked())[0]
    await connectors.close()
