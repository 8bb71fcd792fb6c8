"""What a connector takes for the place of a grant: all by which a revocation could miss it, and nothing else.

Contract: what leads elsewhere makes another text; what was given can be ended whatever else settings say by now. The
text is for people: it is on one line, of bounded length, and holds no secret.
"""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app.cli.demo_settings import Database, demo_settings
from app.connectors.mark import Mark
from app.connectors.places import LONGEST, _short, must_be_there, place_of
from app.connectors.protocol import ConnectorFailed
from app.connectors.registry import Connectors, Opened
from app.connectors.settings import ConnectorsError
from app.domain.target import Target
from tests.aws_server import HERE, INSTANCE, READERS, REGION, THERE
from tests.connectors.asked import granting

ADMINS = READERS.replace("ps-0", "ps-1")
USER, OTHER_USER = "11111111-2222-3333-4444-555555555555", "66666666-7777-8888-9999-000000000000"
ENV, OTHER_ENV = {"env": "JIT_TEST_SECRET"}, {"env": "JIT_TEST_OTHER"}
DOOR = "/usr/local/bin/doors"
WORDS = {
    "grant": [DOOR, "open"], "extend": [DOOR, "open"], "revoke": [DOOR, "shut", "{key}"], "check": [DOOR],
    "list": [DOOR, "list"],
}  # fmt: skip
CENTER = {
    "region": REGION,
    "instance": INSTANCE,
    "accounts": {"orders-db": HERE},
    "permission_sets": {"readers": READERS},
    "people": {"ana": USER},
}
KINDS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "kubernetes": (
        {
            "server": "https://k8s.internal:6443", "token": ENV, "namespaces": {"orders-db": "orders"},
            "people": {"ana": "oidc:ana"},
        },
        {"role": "view"},
        "the namespace orders at https://k8s.internal:6443",
    ),
    "postgres": (
        {"host": "db.internal", "admin": "jit", "password": ENV, "databases": {"orders-db": {"database": "orders"}}},
        {"roles": ["readonly"]},
        "PostgreSQL at db.internal:5432",
    ),
    "aws-identity-center": (CENTER, {"permission_set": "readers"}, f"the permission set {READERS}"),
    "aws-role": (
        {"region": REGION, "accounts": {"orders-db": {"account": HERE, "roles": ["operator"]}}},
        {"role": "operator"},
        f"the role arn:aws:iam::{HERE}:role/operator",
    ),
    "gcp": (
        {"resources": {"orders-db": "projects/harbour-orders"}, "people": {"ana": "user:ana@harbour.example"}},
        {"roles": ["roles/storage.objectViewer"]},
        "projects/harbour-orders",
    ),
    "sudo": (
        {"hosts": {"orders-db": {"folder": "/etc/sudoers.d"}}, "users": {"ana": "ana"}},
        {"commands": ["/usr/bin/id"]},
        "sudo's folder /etc/sudoers.d",
    ),
    "webhook": (
        {"url": "https://access.internal/jit?tenant=s3cret", "secrets": [ENV]},
        {},
        "the service at https://access.internal/jit (",
    ),
    "command": (WORDS, {}, f"what is revoked by {DOOR} shut '{{key}}'"),
    "docker-restart": (
        {"engine": "https://docker.internal:2376", "containers": {"orders-db": "web-1"}},
        {},
        "the Docker engine at https://docker.internal:2376",
    ),
}  # fmt: skip
ELSEWHERE: dict[str, list[dict[str, Any]]] = {
    "kubernetes": [
        {"namespaces": {"orders-db": "orders-v2"}},
        {"namespaces": {}, "cluster_wide": ["orders-db"]},
        {"server": "https://k8s-v2.internal:6443"},
        {"server": None, "token": None},
    ],
    "postgres": [
        {"host": "db-v2.internal"},
        {"port": 5433},
        {"databases": {"orders-db": {"database": "orders", "host": "db-v2.internal"}}},
    ],
    "aws-identity-center": [{"permission_sets": {"readers": ADMINS}}],
    "aws-role": [
        {"accounts": {"orders-db": {"account": THERE, "roles": ["operator"]}}},
        {"partition": "aws-cn"},
    ],
    "gcp": [{"resources": {"orders-db": "projects/harbour-orders-v2"}}],
    "sudo": [
        {"hosts": {"orders-db": {"folder": "/mnt/web-2"}}},
        {"hosts": {"orders-db": {"folder": "/etc/sudoers.d", "name": "web-2"}}},
    ],
    "webhook": [
        {"url": "https://access.internal/jit?tenant=other"},
        {"url": "https://access-v2.internal/jit"},
    ],
    "command": [{"revoke": [DOOR, "shut", "--site=v2", "{key}"]}],
    "docker-restart": [{"engine": "https://docker-v2.internal:2376"}],
}
HARMLESS: dict[str, dict[str, Any]] = {
    "kubernetes": {
        "server": "https://k8s.internal:6443/", "token": OTHER_ENV, "ca": "/etc/jit/ca.pem",
        "namespaces": {"orders-db": "orders", "new": "new"}, "cluster_wide": ["all"], "people": {"ben": "ben"},
    },
    "postgres": {
        "admin": "jit2", "password": OTHER_ENV, "sslmode": "require", "objects": "drop", "for_people": ["proxy", 6432],
        "databases": {"orders-db": {"database": "orders2"}, "new": {"database": "new", "host": "new.internal"}},
    },
    "aws-identity-center": {
        "accounts": {"new": THERE}, "people": {"ben": OTHER_USER},
        "permission_sets": {"readers": READERS, "admins": ADMINS},
    },
    "aws-role": {
        "longest": 900,
        "accounts": {"orders-db": {"account": HERE, "roles": ["reader", "operator"], "region": "eu-west-1"}},
    },
    "gcp": {"resources": {"orders-db": "projects/harbour-orders", "new": "folders/12"}, "key": OTHER_ENV},
    "sudo": {"users": {"ben": "ben"}, "visudo": "/opt/visudo", "owner": 7},
    "webhook": {"secrets": [OTHER_ENV], "networks": ["10.0.0.0/8"], "ca": "/etc/jit/ca.pem", "timeout": 5},
    "command": {"grant": [DOOR, "open", "{key}"], "environment": {"LEVEL": OTHER_ENV}, "timeout": 5},
    "docker-restart": {"containers": {"new": "web-2"}, "ca": "/etc/jit/ca.pem"},
}  # fmt: skip


def opened(folder: Path, kind: str, settings: dict[str, Any], installation: str = "harbour") -> Connectors:
    file = folder / "connectors.yaml"
    file.write_text(yaml.safe_dump({"installation": installation, "connectors": {kind: settings}}))
    return Connectors.open(file, commands=True)


def asked(kind: str, parameters: dict[str, Any], **changed: Any) -> Any:
    return granting(target=Target(connector=kind, parameters=parameters), **changed)


@pytest.mark.parametrize("kind", KINDS)
async def test_what_leads_elsewhere_and_what_does_not(kind, tmp_path):
    """It is in the words of the target, is another where revoking could miss, and the same whatever else changes."""
    settings, parameters, said = KINDS[kind]
    request = asked(kind, parameters)
    before = await place_of(opened(tmp_path, kind, settings), request)
    assert before.startswith(said)
    assert before.endswith(", marked jit-harbour")
    assert "s3cret" not in before
    given = request.model_copy(update={"place": before})
    for changed in ELSEWHERE[kind]:
        with pytest.raises(ConnectorFailed, match="is another place by now"):
            await must_be_there(opened(tmp_path, kind, settings | changed), given)
    with pytest.raises(ConnectorFailed, match="is another place by now"):
        await must_be_there(opened(tmp_path, kind, settings, installation="haven"), given)
    at_once = {"at_once": 2}
    await must_be_there(opened(tmp_path, kind, settings | HARMLESS[kind] | at_once), given)


async def test_an_authority_and_its_list(tmp_path):
    """SSH: a new key in the same file is another authority; hosts, their users and the folder say nothing of it."""
    ca = tmp_path / "ca"

    def new_ca() -> str:
        for file in (ca, ca.with_suffix(".pub")):
            file.unlink(missing_ok=True)
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(ca)]
        subprocess.run(words, check=True, capture_output=True)
        shown = subprocess.run(
            ["ssh-keygen", "-l", "-f", str(ca)], check=True, capture_output=True, text=True
        )
        return shown.stdout.split()[1]

    settings = {
        "ca": {"file": str(ca)},
        "folder": str(tmp_path / "ssh"),
        "krl": str(tmp_path / "krl"),
        "hosts": {"orders-db": {"address": "web-1"}},
    }
    fingerprint = new_ca()
    request = asked("ssh", {"users": ["deploy"]})
    before = await place_of(opened(tmp_path, "ssh", settings), request)
    assert f"the authority {fingerprint} with the list {tmp_path}/krl, marked jit-harbour" == before
    given = request.model_copy(update={"place": before})
    changed = {"hosts": {"web-2": {"address": "web-2"}}, "serve": True}
    await must_be_there(opened(tmp_path, "ssh", settings | changed), given)
    with pytest.raises(ConnectorFailed, match="another place"):
        await must_be_there(opened(tmp_path, "ssh", settings | {"krl": str(tmp_path / "krl-v2")}), given)
    new_ca()
    with pytest.raises(ConnectorFailed, match="another place"):
        await must_be_there(opened(tmp_path, "ssh", settings), given)
    ca.unlink()
    with pytest.raises(ConnectorFailed, match="cannot be read"):
        await must_be_there(opened(tmp_path, "ssh", settings), given)
    assert "" == await place_of(opened(tmp_path, "ssh", settings), request)


async def test_what_settings_name_no_more(tmp_path):
    """A resource or a connector that is gone from the settings is to be named again, and is no place at a beginning."""
    settings, parameters, _ = KINDS["kubernetes"]
    request = asked("kubernetes", parameters)
    given = request.model_copy(
        update={"place": await place_of(opened(tmp_path, "kubernetes", settings), request)}
    )
    without = opened(tmp_path, "kubernetes", settings | {"namespaces": {"payments": "payments"}})
    said = "no namespace for orders-db any more; name it again in JIT_CONNECTORS"
    with pytest.raises(ConnectorFailed, match=said):
        await must_be_there(without, given)
    none = Connectors.open(None)
    with pytest.raises(ConnectorFailed, match="no connector kubernetes is set up any more"):
        await must_be_there(none, given)
    assert ["", ""] == [await place_of(each, request) for each in (without, none)]


async def test_the_grant_key_has_no_place():
    """Nothing is created for it elsewhere."""
    request = granting()
    assert await place_of(Connectors.open(None), request) is None
    await must_be_there(Connectors.open(None), request)


class Silent:
    """A connector of another package that tells no place."""


class Broken:
    """One whose place is a bug."""

    def place(self, _: Any) -> str:
        raise LookupError("s3cret")


async def test_connectors_of_other_packages():
    """One that tells no place goes on, for its installation; what fails in one is a failure of it alone."""
    request = asked("theirs", {})
    one, other = (Connectors({"theirs": Opened(Silent(), 1)}, Mark(name)) for name in ("harbour", "haven"))
    assert "marked jit-harbour" == await place_of(one, request)
    given = request.model_copy(update={"place": "marked jit-harbour"})
    await must_be_there(one, given)
    with pytest.raises(ConnectorFailed, match="another place"):
        await must_be_there(other, given)
    broken = Connectors({"theirs": Opened(Broken(), 1)}, Mark("harbour"))
    with pytest.raises(ConnectorFailed, match="failed in a way that its log tells"):
        await must_be_there(broken, given)


def test_a_former_place_is_no_empty_text(tmp_path):
    """It would stand for what never had one."""
    with pytest.raises(ConnectorsError, match=r"formerly\.0: is empty"):
        opened(tmp_path, "command", WORDS | {"formerly": [" \u200b"]})


@given(st.text(max_size=2 * LONGEST), st.text(max_size=2 * LONGEST))
def test_a_place_is_one_bounded_line(one, other):
    """However long it is, it can be copied, and two that differ in more than spaces are two."""
    short = _short(one)
    assert len(short) <= LONGEST + 20
    assert short == _short(short) or len(short) > LONGEST
    assert (one.split() == other.split()) == (short == _short(other))


async def test_each_run_of_a_demo_has_a_server_of_its_own(tmp_path):
    """Run again on the same data: what an earlier run gave was gone with its server, and is looked for nowhere else."""
    request = asked("postgres", {"roles": ["readers"]})
    places = []
    for port in (5501, 5502, 5503):
        database = Database(port, "jit", "s3cret", "readers", {"orders-db": "orders"})
        told = demo_settings(tmp_path, database=database)
        connectors = Connectors.open(Path(told["JIT_CONNECTORS"]))
        places.append(await place_of(connectors, request))
        for place in places:
            await must_be_there(connectors, request.model_copy(update={"place": place}))
    assert 3 == len(set(places))
