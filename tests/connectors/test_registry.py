"""Connectors are made as settings name them, from what ships and from other packages, or it is said why not.

Contract: nothing that settings do not name is imported; a kind that ships cannot be taken by another package; what
is wrong in the file is told with file and key and without values. The example of docs/connectors.md is such a package.
"""

import re
import sys
from pathlib import Path

import pytest
import yaml

from app.connectors.protocol import Capabilities
from app.connectors.registry import Connectors, find_kind
from app.connectors.settings import ConnectorsError
from app.domain.refusals import NotSetUp
from app.domain.target import Target
from tests.connectors.asked import granting

DOCS = (Path(__file__).parents[2] / "docs/connectors.md").read_text(encoding="utf-8")


def example(kind: str) -> str:
    """An example of the docs."""
    found = re.search(rf"```{kind}\n(.*?)```", DOCS, re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def doors(tmp_path, monkeypatch):
    """The outside package of the docs, as if it were installed."""
    site = tmp_path / "site"
    about = site / "doors-1.dist-info"
    about.mkdir(parents=True)
    (site / "doors.py").write_text(example("python"))
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: doors\nVersion: 1\n")
    points = example("toml").replace('[project.entry-points."jit.connectors"]', "[jit.connectors]")
    (about / "entry_points.txt").write_text(points.replace('"', ""))
    monkeypatch.syspath_prepend(str(site))
    yield site
    sys.modules.pop("doors", None)


def written(tmp_path: Path, content: object) -> Path:
    file = tmp_path / "connectors.yaml"
    file.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return file


async def test_an_outside_package(doors, tmp_path):
    """The documented one is found by its entry point, plans, gives, is found there and takes back."""
    folder = tmp_path / "house"
    folder.mkdir()
    content = {"installation": "harbour", "connectors": {"front": {"kind": "doors", "folder": str(folder)}}}
    connectors = Connectors.open(written(tmp_path, content))
    request = granting(target=Target(connector="front", parameters={"greeting": "hi"}))
    opened = connectors.of(request)
    key = connectors.mark.key(request.id)

    assert ("opens the door orders-db, and says hi",) == connectors.plan(request)
    await opened.connector.grant(request, key)
    (folder / "somebody-elses").touch()
    assert [key] == [found.key for found in await opened.connector.list_active()]
    await opened.connector.revoke(request, key)
    await opened.connector.revoke(request, key)
    assert [] == await opened.connector.list_active()
    assert Capabilities(native_expiry=False, ends_sessions=True) == opened.connector.capabilities


def test_only_what_is_named_is_imported(doors, tmp_path):
    """A package that is installed and not named is not run."""
    Connectors.open(None)
    assert "doors" not in sys.modules


def test_the_settings_of_the_docs(tmp_path):
    """The example of the docs is whole, and gives the action of the other example what it asks for."""
    connectors = Connectors.open(written(tmp_path, example("yaml connectors")))
    action = yaml.safe_load(example("yaml policy"))["actions"]["prod-db-debug"]
    target = Target(connector=action["connector"], parameters=action["with"])
    assert "a role of your own in orders, in readonly" in connectors.plan(granting(target=target))[0]


def test_a_kind_that_ships_stays_ours(doors):
    """Another package that claims its name changes nothing."""
    (doors / "doors-1.dist-info" / "entry_points.txt").write_text(
        "[jit.connectors]\npostgres = doors:Doors\n"
    )
    assert "app.connectors.postgres" in find_kind("postgres").__module__


def test_what_does_not_fit_is_told_to_who_asks(doors, tmp_path):
    """An unknown connector, and parameters that it does not know, are refused before anyone is bothered."""
    content = {"installation": "harbour", "connectors": {"front": {"kind": "doors", "folder": "x"}}}
    connectors = Connectors.open(written(tmp_path, content))
    with pytest.raises(NotSetUp, match="no connector back is set up"):
        connectors.plan(granting(target=Target(connector="back")))
    with pytest.raises(NotSetUp, match="greting: extra inputs are not permitted"):
        connectors.plan(granting(target=Target(connector="front", parameters={"greting": "hi"})))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("installation: [", "is no YAML"),
        ("", "input should be"),
        ({"connectors": {"postgres": {}}}, "installation: field required"),
        ({"installation": "Harbour 1", "connectors": {"a": {}}}, "installation: string should match"),
        ({"installation": "harbour", "connectors": {}}, "connectors: dictionary should have at least 1"),
        ({"installation": "harbour", "connectors": {"a": {}}, "more": 1}, "more: extra inputs"),
        ({"installation": "harbour", "connectors": {"a": {"kind": "nope"}}}, "there is no kind nope; known here:"),
        ({"installation": "harbour", "connectors": {"A": {"kind": "nope"}}}, "string should match"),
        ({"installation": "harbour", "connectors": {"a": {"kind": "postgres", "at_once": 0}}}, "at_once: input should"),
        (
            {"installation": "harbour", "connectors": {"a": {"kind": "postgres", "passwort": "s3cret"}}},
            "connectors.a.passwort: extra inputs",
        ),
        (
            {
                "installation": "harbour",
                "connectors": {"a": {"kind": "postgres", "admin": "jit", "password": "s3cret", "databases": {}}},
            },
            "connectors.a.password: input should be",
        ),
        ({"installation": "harbour", "connectors": {"ssh": {"ca": "s3cret"}}}, "connectors.ssh.ca: input should be"),
        ({"installation": "harbour", "connectors": {"ssh": {}}}, "connectors.ssh.krl: field required"),
        (
            {"installation": "harbour", "connectors": {"sudo": {"users": {"ana": "ALL"}}}},
            "connectors.sudo.users.ana: string should match",
        ),
    ],
)  # fmt: skip
def test_a_wrong_file(tmp_path, content, said):
    """What is wrong is told by file and key, and never with what may be a secret."""
    file = written(tmp_path, content)
    with pytest.raises(ConnectorsError) as told:
        Connectors.open(file)
    assert str(file) in str(told.value)
    assert said in str(told.value)
    assert "s3cret" not in str(told.value)
