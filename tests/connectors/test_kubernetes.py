"""A binding of Kubernetes for each grant, on the wire: a loopback server speaks the documented API.

Contract: a binding bears our mark and gives one role to one user, who is mapped in the settings and never guessed.
Calls repeat without harm. What a person or another installation made is never changed or deleted, whatever its name.
An end is confirmed only when the binding is seen to be gone. The token goes nowhere but to the server of the settings.
"""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from app.connectors.kubernetes import Kubernetes
from app.connectors.mark import Mark
from app.connectors.protocol import ConnectorFailed, Found, Unfit
from app.connectors.registry import Connectors
from app.connectors.settings import ConnectorsError
from app.domain.people import Principal
from app.domain.request import Request
from app.domain.target import Target
from tests.connectors.asked import granting
from tests.connectors.kubernetes_on_the_wire import TOKEN, Cluster, kubernetes_server

MARK = Mark("harbour")


def written(url: str = "https://k8s.internal", **changed: Any) -> dict[str, Any]:
    return {
        "server": url,
        "token": {"env": "JIT_TEST_KUBERNETES"},
        "namespaces": {"orders-db": "orders", "payments": "payments"},
        "cluster_wide": ["everything"],
        "people": {"ana": "oidc:ana"},
    } | changed


@pytest.fixture
def cluster(monkeypatch):
    """A server with nothing in it."""
    monkeypatch.setenv("JIT_TEST_KUBERNETES", TOKEN)
    with kubernetes_server() as served:
        yield served


@pytest.fixture
async def connector(cluster: Cluster):
    """The connector, as the settings of these tests have it."""
    made = Kubernetes("kubernetes", Kubernetes.Settings.model_validate(written(cluster.url)), MARK)
    yield made
    await made.close()


def asked(role: str = "view", kind: str = "ClusterRole", **changed: Any) -> Request:
    target = Target(connector="kubernetes", parameters={"role": role, "kind": kind})
    return granting(**{"target": target} | changed)


def key(request: Request) -> str:
    return MARK.key(request.id)


async def test_a_grant_is_one_binding_and_an_end_is_none(cluster, connector):
    """It says role, user, installation, grant and end; an end deletes it, and once more changes nothing."""
    request = asked()
    granted = await connector.grant(request, key(request))
    binding = cluster.bindings["orders", key(request)]

    assert {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"} == binding[
        "roleRef"
    ]
    assert [("User", "oidc:ana")] == [(each["kind"], each["name"]) for each in binding["subjects"]]
    assert {
        "app.kubernetes.io/managed-by": "jit-approval",
        "jit-approval/installation": "harbour",
        "jit-approval/grant": key(request),
    } == binding["metadata"]["labels"]
    assert request.ends_at.isoformat() == binding["metadata"]["annotations"]["jit-approval/ends-at"]
    assert (None, f"orders/{key(request)}") == (granted.secret, granted.lease.reference)
    assert [Found(key(request), "orders")] == await connector.list_active()

    await connector.revoke(request, key(request))
    await connector.revoke(request, key(request))
    assert {} == cluster.bindings


async def test_the_whole_cluster(cluster, connector):
    """A resource that is the cluster gets a ClusterRoleBinding, and never a namespace's Role."""
    request = asked(resource="everything")
    await connector.grant(request, key(request))
    assert [(None, key(request))] == list(cluster.bindings)
    assert [Found(key(request), "the cluster")] == await connector.list_active()
    await connector.remove(Found(key(request), "the cluster"))
    assert {} == cluster.bindings
    with pytest.raises(Unfit, match="a Role is of one namespace"):
        connector.plan(asked(resource="everything", kind="Role"))


async def test_a_grant_repeats_without_harm(cluster, connector):
    """The same is found, with its end moved; more time moves it too; what is otherwise is made anew."""
    request = asked()
    await connector.grant(request, key(request))
    first = cluster.bindings["orders", key(request)]["metadata"]["uid"]
    later = request.model_copy(update={"ends_at": request.ends_at + timedelta(hours=1)})
    await connector.grant(later, key(request))
    stands = cluster.bindings["orders", key(request)]["metadata"]
    assert (first, later.ends_at.isoformat()) == (
        stands["uid"],
        stands["annotations"]["jit-approval/ends-at"],
    )

    latest = request.model_copy(update={"ends_at": request.ends_at + timedelta(hours=2)})
    await connector.extend(latest, key(request))
    moved = cluster.bindings["orders", key(request)]["metadata"]["annotations"]
    assert latest.ends_at.isoformat() == moved["jit-approval/ends-at"]

    cluster.bindings["orders", key(request)]["subjects"].append({"kind": "Group", "name": "all"})
    await connector.grant(request, key(request))
    assert 1 == len(cluster.bindings["orders", key(request)]["subjects"])
    await connector.revoke(request, key(request))
    with pytest.raises(ConnectorFailed, match="is not there"):
        await connector.extend(request, key(request))


@pytest.mark.parametrize("labels", [{}, {"jit-approval/installation": "harbor"}])
async def test_what_is_not_ours_is_left_alone(cluster, connector, labels):
    """A binding of the grant's own name without our label is in no list, and survives every call."""
    request = asked()
    foreign = {
        "metadata": {"name": key(request), "labels": labels},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
        "subjects": [],
    }
    kept = cluster.put("orders", foreign)
    for call in (connector.grant, connector.extend, connector.revoke):
        with pytest.raises(ConnectorFailed, match="has not our label"):
            await call(request, key(request))
    with pytest.raises(ConnectorFailed, match="has not our label"):
        await connector.remove(Found(key(request), "orders"))
    assert [] == await connector.list_active()
    assert {("orders", key(request)): kept} == cluster.bindings


async def test_what_took_its_name_meanwhile_is_left_alone(cluster, connector):
    """Between our look and our delete a person put their own there: the delete is for what was seen alone."""
    request = asked()
    await connector.grant(request, key(request))
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"}
    cluster.put_before_delete = {"metadata": {"name": key(request), "labels": {}}, "roleRef": role}
    with pytest.raises(ConnectorFailed, match="has not our label"):
        await connector.revoke(request, key(request))
    assert "edit" == cluster.bindings["orders", key(request)]["roleRef"]["name"]


async def test_a_label_of_ours_on_another_name_is_not_judged(cluster, connector):
    """Somebody copied our label: what has no key of ours is neither listed nor removed."""
    named = {"metadata": {"name": "admins", "labels": {"jit-approval/installation": "harbour"}}}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"}
    cluster.put("orders", named | {"roleRef": role})
    assert [] == await connector.list_active()
    await connector.remove(Found("admins", "orders"))
    assert 1 == len(cluster.bindings)


async def test_a_server_that_does_it_and_dies(cluster, connector):
    """Created without an answer: told as failed, found by the list, found by the next try, and taken back."""
    request = asked()
    cluster.fails = {"POST": "dies"}
    with pytest.raises(ConnectorFailed, match="does not answer"):
        await connector.grant(request, key(request))
    cluster.fails = {"DELETE": "dies"}
    assert [Found(key(request), "orders")] == await connector.list_active()
    await connector.grant(request, key(request))
    with pytest.raises(ConnectorFailed, match="does not answer"):
        await connector.revoke(request, key(request))
    await connector.revoke(request, key(request))
    assert {} == cluster.bindings


@pytest.mark.parametrize(
    ("fails", "said"),
    [
        (403, "made to fail with 403"),
        (500, "made to fail with 500"),
        ("redirects", "Kubernetes at http"),
        ("babbles", "is no Kubernetes"),
    ],
)
async def test_a_server_that_refuses(cluster, connector, fails, said):
    """Each call says what the server said, nothing is taken for done, and no redirect is followed."""
    request = asked()
    cluster.fails = dict.fromkeys(("GET", "POST", "DELETE", "PATCH"), fails)
    for call in (connector.grant, connector.extend, connector.revoke):
        with pytest.raises(ConnectorFailed, match=said) as told:
            await call(request, key(request))
        assert TOKEN not in str(told.value)
    with pytest.raises(ConnectorFailed, match=said):
        await connector.list_active()
    assert [] == [each for each in cluster.asked if "elsewhere" in each]


async def test_a_server_that_is_away(monkeypatch):
    """Grant, end and check fail with a sentence that says where."""
    monkeypatch.setenv("JIT_TEST_KUBERNETES", TOKEN)
    settings = Kubernetes.Settings.model_validate(written("http://127.0.0.1:1"))
    connector, request = Kubernetes("kubernetes", settings, MARK), asked()
    for call in (connector.grant, connector.revoke):
        with pytest.raises(ConnectorFailed, match=r"Kubernetes at http://127\.0\.0\.1:1 does not answer"):
            await call(request, key(request))
    with pytest.raises(ConnectorFailed, match="does not answer"):
        await connector.check()
    await connector.close()


async def test_an_end_that_a_finalizer_holds_up_is_not_confirmed(cluster, connector):
    """Such a binding is marked as deleted and still gives access."""
    request = asked()
    await connector.grant(request, key(request))
    cluster.bindings["orders", key(request)]["metadata"]["finalizers"] = ["somebody/else"]
    with pytest.raises(ConnectorFailed, match="is still there; has it a finalizer"):
        await connector.revoke(request, key(request))
    with pytest.raises(ConnectorFailed, match="is being deleted"):
        await connector.grant(request, key(request))


async def test_a_list_of_many_pages_that_expires(cluster, connector, monkeypatch):
    """All pages are read, and from the beginning where the server forgot the list."""
    monkeypatch.setattr("app.connectors.kubernetes.bindings.PAGE", 2)
    wanted = [asked() for _ in range(5)]
    for request in wanted:
        await connector.grant(request, key(request))
    cluster.expires_once = True
    assert sorted(map(key, wanted)) == sorted(found.key for found in await connector.list_active())
    assert cluster.expires_once is False


async def test_what_the_bot_may_do_is_checked(cluster, connector):
    """The doctor is told which verbs lack, and where; nothing is changed."""
    await connector.check()
    cluster.denied = {"delete"}
    with pytest.raises(ConnectorFailed, match="may not delete rolebindings in orders"):
        await connector.check()
    assert {} == cluster.bindings


def test_who_is_not_mapped_gets_nothing():
    """Neither a person nor a resource is guessed from names or addresses."""
    connector = Kubernetes("kubernetes", Kubernetes.Settings.model_validate(written()), MARK)
    other = Principal(id="eve", name="ana", slack="U9", email="ana@example.com")
    with pytest.raises(Unfit, match="has no user for eve"):
        connector.plan(asked(requester=other))
    for resource in ("orders", "orders-db/../kube-system", "kube-system"):
        with pytest.raises(Unfit, match="has no namespace for"):
            connector.plan(asked(resource=resource))
    for role in ("../../namespaces", "view?x=1", "view/", "a b", "", "view\n", "%2e%2e"):
        with pytest.raises(Unfit, match="role"):
            connector.plan(asked(role))
    assert "ClusterRole view in orders, for the user oidc:ana" in connector.plan(asked())[0]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"server": "http://k8s.internal"}, "server"),
        ({"server": "https://u:p@k8s.internal"}, "server"),
        ({"token": None}, "server and token go together"),
        ({"token": "s3cret"}, "token"),
        ({"people": {}}, "people"),
        ({"people": {"ana": "system:admin"}}, "names that begin with system: are the cluster's own"),
        ({"people": {"ana": "x", "ben": "x"}}, "two people are one user"),
        ({"namespaces": {"orders-db": "Orders"}}, "namespaces"),
        ({"namespaces": {"orders-db": "../kube-system"}}, "namespaces"),
        ({"namespaces": {}, "cluster_wide": []}, "name the namespace of each resource"),
        ({"cluster_wide": ["orders-db"]}, "it can be one"),
        ({"kubeconfig": "~/.kube/config"}, "kubeconfig"),
    ],
)
def test_wrong_settings(changed, said):
    """What is wrong is told by key, without a secret."""
    with pytest.raises(ValidationError) as told:
        Kubernetes.Settings.model_validate(written(**changed))
    assert said in str(told.value)
    assert "s3cret" not in str(told.value)


async def test_it_is_found_by_its_name_in_settings(tmp_path):
    """The registry makes it, and tells a wrong key by file and place."""
    file = tmp_path / "connectors.yaml"
    file.write_text(
        "installation: harbour\nconnectors: {kubernetes: {namespaces: {orders-db: orders}, people: {ana: ana}}}\n"
    )
    connectors = Connectors.open(file)
    assert "for the user ana" in connectors.plan(asked())[0]
    await connectors.close()
    file.write_text(file.read_text().replace("people", "persons"))
    with pytest.raises(ConnectorsError, match=r"connectors\.kubernetes\.persons"):
        Connectors.open(file)
