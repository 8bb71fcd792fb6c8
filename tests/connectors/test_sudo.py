"""Rules of sudo for each grant, read by the real visudo and the real sudo.

Contract: the person may run exactly the commands of the action, as whom it says, until the grant's end, and nothing
after it; a file is there whole and checked, or not at all. No name, reason, resource or command becomes another rule.
What is not ours is never touched.
"""

import asyncio
import os
import stat
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from pydantic import ValidationError

from app.connectors.mark import Mark
from app.connectors.protocol import ConnectorFailed, Found, Unfit
from app.connectors.sudo import Sudo
from app.connectors.sudo.rules import Rule, end_in, must_parse, text_of
from app.domain.request import Request
from app.domain.target import Target
from tests.conftest import required
from tests.connectors.asked import granting
from tests.people import ANA
from tests.sudo_host import VISUDO, sudo, sudo_runs

MARK = Mark("harbour")


@pytest.fixture(autouse=True)
def _has_visudo() -> None:
    if not VISUDO.exists():
        required("sudo")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a host includes, with a rule of somebody else's."""
    made = tmp_path / "sudoers.d"
    made.mkdir()
    (made / "somebody-elses").write_text("# nothing\n")
    (made / "somebody-elses").chmod(0o440)
    return made


@pytest.fixture
def connector(folder: Path) -> Sudo:
    return Sudo("sudo", settings(folder), MARK)


def settings(folder: Path, **changed: Any) -> Any:
    written = {"hosts": {"web-1": {"folder": str(folder)}}, "users": {"ana": "nobody"}, "owner": os.geteuid()}
    return Sudo.Settings.model_validate(written | changed)


def asked(*commands: str, seconds: float = 600, **changed: Any) -> Request:
    fields = {name: changed.pop(name) for name in list(changed) if name in Request.model_fields}
    parameters = {"commands": list(commands or ["/usr/bin/id -u"]), "password": "not-asked"} | changed
    fields = {"resource": "web-1", "target": Target(connector="sudo", parameters=parameters)} | fields
    return granting(seconds, **fields)


def key(request: Request) -> str:
    return MARK.key(request.id)


def ours(folder: Path) -> list[str]:
    """What is in the folder, beside the lock and somebody else's."""
    return sorted({file.name for file in folder.iterdir()} - {".lock", "somebody-elses"})


@pytest.fixture
def _has_sudo() -> None:
    if not sudo_runs():
        required("sudo, as root with mounts of one's own,")


@pytest.mark.usefixtures("_has_sudo")
async def test_exactly_the_commands_may_be_run_until_the_end(folder, connector):
    """The real sudo runs the command with its arguments, no other, and none when the rule is gone."""
    request = asked("/usr/bin/id -u", "/usr/bin/env")
    assert 0 != sudo(folder, "/usr/bin/id -u").returncode
    await connector.grant(request, key(request))
    assert "0\n" == sudo(folder, "/usr/bin/id -u").stdout
    assert "/usr/bin/id -u" in sudo(folder, "-l").stdout
    for other in (
        "/usr/bin/id",
        "/usr/bin/id -u -n",
        "/usr/bin/env id",
        "-u daemon /usr/bin/id -u",
        "/bin/sh",
    ):
        assert 0 != sudo(folder, other).returncode, other
    await connector.revoke(request, key(request))
    assert 0 != sudo(folder, "/usr/bin/id -u").returncode


@pytest.mark.usefixtures("_has_sudo")
async def test_it_ends_by_itself(folder, connector):
    """Nobody removes anything: sudo refuses from the end on, and goes on where more time was given."""
    short, longer = asked(seconds=4), asked("/usr/bin/id -g", seconds=4)
    await connector.grant(short, key(short))
    await connector.grant(longer, key(longer))
    assert "0\n" == sudo(folder, "/usr/bin/id -u").stdout
    assert short.ends_at
    more = longer.model_copy(update={"ends_at": short.ends_at + timedelta(minutes=5)})
    await connector.extend(more, key(more))
    await asyncio.sleep((short.ends_at - datetime.now(UTC)).total_seconds())
    assert 0 != sudo(folder, "/usr/bin/id -u").returncode
    assert "0\n" == sudo(folder, "/usr/bin/id -g").stdout


@pytest.mark.usefixtures("_has_sudo")
async def test_a_password_is_asked_for_unless_the_action_says_not(folder, connector):
    """As it is, sudo asks; here there is nobody to answer."""
    request = asked(password="asked")
    await connector.grant(request, key(request))
    assert "password is required" in sudo(folder, "/usr/bin/id -u").stderr


async def test_the_file(folder, connector):
    """Nobody writes it and others do not read it, its name is one that sudo reads, and nothing else is left."""
    request = asked("/usr/bin/systemctl restart nginx", "/opt/tool --at=a:b,c", run_as=["root", "deploy"])
    await connector.grant(request, key(request))
    file = folder / key(request)
    assert request.ends_at
    last = (request.ends_at - timedelta(seconds=1)).strftime("%Y%m%d%H%M%SZ")
    head = f"nobody ALL = (root, deploy) NOTAFTER={last} NOPASSWD: "
    assert [
        f"# {request.id} of ana by jit-approval harbour",
        f"{head}/usr/bin/systemctl restart nginx",
        head + r"/opt/tool --at\=a\:b\,c",
    ] == file.read_text().splitlines()
    assert 0o440 == stat.S_IMODE(file.stat().st_mode)
    assert ([key(request)], False) == (ours(folder), any(each in file.name for each in ".~"))
    await connector.grant(request, key(request))
    await connector.revoke(request, key(request))
    await connector.revoke(request, key(request))
    assert ([], True) == (ours(folder), (folder / "somebody-elses").exists())


async def test_what_visudo_refuses_never_counts(folder, tmp_path):
    """A checker that refuses, hangs or is not there: nothing is placed, and what was there stays."""
    refusing = tmp_path / "visudo"
    refusing.write_text("#!/bin/sh\necho no such rule >&2\nexit 1\n")
    refusing.chmod(0o755)
    for visudo, said in ((refusing, "refuses the rule: no such rule"), (tmp_path / "none", "does not run")):
        other = Sudo("sudo", settings(folder, visudo=str(visudo)), MARK)
        request = asked()
        for call in (other.grant(request, key(request)), other.check()):
            with pytest.raises(ConnectorFailed, match=said):
                await call
        assert [] == ours(folder)


async def test_no_text_of_people_becomes_a_rule(folder, connector):
    """A requester, a reason and a resource that try to be rules; who is not in the settings gets none."""
    evil = "ana\nnobody ALL=(ALL) NOPASSWD: ALL\\"
    connector = Sudo("sudo", settings(folder, users={evil: "nobody"}), MARK)
    request = asked(requester=ANA.model_copy(update={"id": evil, "name": evil}), reason=evil)
    await connector.grant(request, key(request))
    lines = (folder / key(request)).read_text().splitlines()
    assert ["#", "nobody"] == [line.split()[0] for line in lines]
    assert lines[1].endswith("NOPASSWD: /usr/bin/id -u")
    with pytest.raises(Unfit, match="has no user"):
        connector.plan(asked())
    for resource in (evil, "../web-1", "web-1 ", "ALL", ""):
        with pytest.raises(Unfit, match="has no host for"):
            connector.plan(asked(resource=resource))


@pytest.mark.parametrize(
    "command",
    [
        "", "ALL", "id", "sudoedit /etc/passwd", "/usr/bin/", "/usr/bin/*", "/usr/bin/../sbin/x",
        "/bin/id,/bin/sh",
        "/bin/id\nnobody ALL=ALL", "/bin/id\t-u", "/bin/id  -u", "/bin/id *", "/bin/id ^.*$", "/bin/id !x",
        "/bin/id \\",
        "/bin/id #x", '/bin/id ""', "/bin/id [a]", "/bin/id -u\n", "!/bin/id", "/bin/ıd", "/bin/id ",
        "sha256:x /bin/id",
    ],
)  # fmt: skip
def test_a_command_that_could_be_more_is_refused(connector, command):
    """Patterns, lists, negations, aliases, folders, and whatever does not end where it seems to."""
    with pytest.raises(Unfit, match=r"commands\.0"):
        connector.plan(asked(command))


SECONDS = st.integers(1_700_000_000, 3_800_000_000)
ARGUMENTS = st.lists(st.from_regex(r"[A-Za-z0-9/_.+@%=,:-]+", fullmatch=True), max_size=4)


@hypothesis(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ARGUMENTS, SECONDS.map(partial(datetime.fromtimestamp, tz=UTC)))
def test_whatever_is_let_through_visudo_reads_as_one_rule(tmp_path, connector, arguments, ends):
    """Of each command one line comes, which sudo's own checker takes and whose end is read back."""
    command = " ".join(["/opt/a-tool", *arguments])
    assert command in connector.plan(asked(command))
    file = tmp_path / "rule"
    file.write_bytes(text_of(Rule("ana", "web-1", ["root"], [command], ends, asks=True), "about"))
    must_parse(VISUDO, file)
    assert (2, ends) == (len(file.read_text().splitlines()), end_in(file))


@given(st.text())
def test_what_it_is_about_stays_a_comment(about):
    """Whatever is said there, it is one line."""
    rule = Rule("ana", "ALL", ["root"], ["/bin/id"], datetime(2026, 1, 1, tzinfo=UTC), asks=True)
    lines = text_of(rule, about).decode().split("\n")
    assert (3, True, True) == (len(lines), lines[0].startswith("# "), lines[0].isprintable())
    assert not lines[0].endswith("\\")


async def test_what_stands_is_listed_and_can_be_removed(folder, connector):
    """Our files alone, with their ends; what another installation or a person made stays."""
    request = asked()
    await connector.grant(request, key(request))
    (folder / "jit-other-r07-4kx9tqz").write_text("# another's\n")
    found = await connector.list_active()
    assert request.ends_at
    assert [Found(key(request), str(folder), request.ends_at.replace(microsecond=0))] == found
    await connector.remove(Found("jit-other-r07-4kx9tqz", str(folder)))
    await connector.remove(found[0]._replace(place="/elsewhere"))
    assert 2 == len(ours(folder))
    await connector.remove(found[0])
    assert ["jit-other-r07-4kx9tqz"] == ours(folder)


async def test_more_time_needs_a_rule_that_stands(folder, connector):
    """What is gone is not made again by giving it more time."""
    request = asked()
    with pytest.raises(ConnectorFailed, match="is not there"):
        await connector.extend(request, key(request))
    assert [] == ours(folder)


async def test_a_link_in_its_place_is_replaced_and_not_followed(folder, connector, tmp_path):
    """Somebody put a link where the rule goes: what it points at is not written."""
    request, elsewhere = asked(), tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    (folder / key(request)).symlink_to(elsewhere)
    await connector.grant(request, key(request))
    assert ("mine", False) == (elsewhere.read_text(), (folder / key(request)).is_symlink())


async def test_a_folder_that_is_not_there(tmp_path):
    """It is one sentence for each call, and for the doctor."""
    connector, request = Sudo("sudo", settings(tmp_path / "none"), MARK), asked()
    for call in (
        connector.check(),
        connector.grant(request, key(request)),
        connector.revoke(request, key(request)),
        connector.list_active(),
    ):
        with pytest.raises(ConnectorFailed, match="No such file"):
            await call


async def test_the_doctor_leaves_nothing(folder, connector):
    """A check writes what sudo never reads, and removes it."""
    await connector.check()
    assert [] == ours(folder)


async def test_rules_that_sudo_would_pass_over(folder):
    """Those of another user than sudo reads are no access: the doctor says so, and a grant fails and leaves nothing."""
    mine, other = os.geteuid(), os.geteuid() + 1
    connector, request = Sudo("sudo", settings(folder, owner=other), MARK), asked()
    for call in (connector.check(), connector.grant(request, key(request))):
        with pytest.raises(
            ConnectorFailed, match=f"of uid {mine}, and sudo there reads those of uid {other}"
        ):
            await call
    assert [] == ours(folder)


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"hosts": {}}, "hosts"),
        ({"hosts": {"web-1": {"name": "ALL, !web-2"}}}, "hosts.web-1.name"),
        ({"users": {}}, "users"),
        ({"users": {"ana": "%wheel"}}, "users.ana"),
        ({"users": {"ana": "ALL"}}, "users.ana"),
        ({"users": {"ana": "nobody\n"}}, "users.ana"),
        ({"user": {}}, "user"),
    ],
)
def test_wrong_settings(tmp_path, changed, where):
    """What is wrong is told by its key."""
    with pytest.raises(ValidationError) as told:
        settings(tmp_path, **changed)
    assert where in [".".join(map(str, each["loc"])) for each in told.value.errors()]


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"run_as": []}, "run_as"), ({"run_as": ["ALL"]}, r"run_as\.0"), ({"run_as": ["#0"]}, r"run_as\.0"),
     ({"password": "no"}, "password"), ({"noexec": "1"}, "noexec: extra")],
)  # fmt: skip
def test_wrong_parameters(connector, changed, said):
    """Whoever asks is told what the action has wrong."""
    with pytest.raises(Unfit, match=said):
        connector.plan(asked(**changed))
