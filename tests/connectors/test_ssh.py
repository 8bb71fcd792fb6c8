"""Certificates of SSH for each grant, against a real sshd.

Contract: whoever has the credentials gets in as the user and on the host of the grant, from the address it is bound
to, for what it permits and within its time, and not otherwise; a revoked one gets in nowhere, at once. No text of a
request or a person is read as anything else than a name. The authority's key is told nowhere.
"""

import asyncio
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.cli.api.credentials import Credentials
from app.connectors.mark import Mark
from app.connectors.protocol import ConnectorFailed, Found, Granted, Unfit
from app.connectors.ssh import Ssh, key_id
from app.connectors.ssh.krl import make_krl, serials_in
from app.connectors.ssh.register import KEPT_FOR, Register, serial_of
from app.domain.request import Request
from app.domain.target import Target
from tests.conftest import required
from tests.connectors.asked import granting
from tests.people import ANA
from tests.ssh_server import Sshd, logs_in, ssh_server, sshd_program

MARK = Mark("harbour")
DENIED = "Permission denied"


@pytest.fixture(scope="module")
def sshd() -> Iterator[Sshd]:
    """A server for all tests of this file."""
    if not sshd_program():
        required("openssh-server")
    with ssh_server() as server:
        yield server


@pytest.fixture
def connector(sshd: Sshd, tmp_path: Path) -> Ssh:
    return Ssh("ssh", settings(sshd, tmp_path), MARK)


def settings(sshd: Sshd, at: Path, **changed: Any) -> Any:
    host = {"address": "127.0.0.1", "port": sshd.port, "host_key": sshd.host_key}
    written = {
        "ca": {"file": str(sshd.authority)},
        "folder": str(at / "ssh"),
        "krl": str(sshd.krl),
        "hosts": {"web-1": host, "web-2": host},
    }
    return Ssh.Settings.model_validate(written | changed)


def asked(sshd: Sshd, seconds: float = 600, resource: str = "web-1", **changed: Any) -> Request:
    fields = {name: changed.pop(name) for name in list(changed) if name in Request.model_fields}
    target = Target(connector="ssh", parameters={"users": [sshd.user]} | changed)
    return granting(seconds, target=target, resource=resource, **fields)


def key(request: Request) -> str:
    return MARK.key(request.id)


async def enter(
    granted: Granted, *command: str, resource: str = "web-1"
) -> "subprocess.CompletedProcess[str]":
    """Log in with what the requester gets, as `jit run` lays it out."""
    assert granted.secret
    told = {
        "environment": {name: each.get_secret_value() for name, each in granted.secret.environment.items()},
        "files": {name: each.get_secret_value() for name, each in granted.secret.files.items()},
    }
    with Credentials(told) as credentials:
        return await asyncio.to_thread(logs_in, credentials, resource, *(command or ("echo", "in")))


async def test_it_lets_in_and_a_revoked_one_does_not_at_once(sshd, connector):
    """The certificate gets in, and sshd logs request and person; from the moment of the revocation on it does not."""
    request = asked(sshd)
    granted = await connector.grant(request, key(request))
    assert "in\n" == (await enter(granted)).stdout
    assert f"ID {key(request)} ana (serial {serial_of(key(request))})" in sshd.log
    await connector.revoke(request, key(request))
    refused = await enter(granted)
    assert ("", True) == (refused.stdout, DENIED in refused.stderr)
    await connector.revoke(request, key(request))


async def test_another_grant_is_not_revoked_with_it(sshd, connector):
    """One is revoked, and the other's goes on."""
    first, second = asked(sshd), asked(sshd)
    await connector.grant(first, key(first))
    granted = await connector.grant(second, key(second))
    await connector.revoke(first, key(first))
    assert "in\n" == (await enter(granted)).stdout


async def test_what_is_granted_after_its_end_is_refused(sshd, connector):
    """A grant that was under way when its end came gives nothing; each of several tries is revoked."""
    request = asked(sshd)
    tries = [await connector.grant(request, key(request)) for _ in range(2)]
    await connector.revoke(request, key(request))
    assert [True, True] == [DENIED in (await enter(each)).stderr for each in tries]
    with pytest.raises(ConnectorFailed, match="are revoked"):
        await connector.grant(request, key(request))


async def test_a_certificate_of_another_host_or_user_is_refused(sshd, connector):
    """A grant for one host opens no other that trusts the same authority, nor another user."""
    elsewhere = asked(sshd, resource="web-2")
    refused = await enter(await connector.grant(elsewhere, key(elsewhere)), resource="web-2")
    assert ("", True) == (refused.stdout, DENIED in refused.stderr)
    other = asked(sshd, users=["somebody"])
    assert DENIED in (await enter(await connector.grant(other, key(other)))).stderr


async def test_before_and_after_its_time_it_is_refused(sshd, connector):
    """It is good from the start of the grant until its end, by the clock of the host."""
    early = asked(sshd, starts_at=datetime.now(UTC) + timedelta(minutes=1))
    assert DENIED in (await enter(await connector.grant(early, key(early)))).stderr
    short = asked(sshd, seconds=4)
    granted = await connector.grant(short, key(short))
    assert "in\n" == (await enter(granted)).stdout
    assert short.ends_at
    await asyncio.sleep((short.ends_at - datetime.now(UTC)).total_seconds())
    assert DENIED in (await enter(granted)).stderr
    over = asked(sshd, seconds=0)
    with pytest.raises(ConnectorFailed, match="no whole second"):
        await connector.grant(over, key(over))


async def test_it_is_bound_to_the_address_of_the_request(sshd, connector):
    """From where it was asked it gets in, from elsewhere it does not; an address that is needed must be known."""
    for address, gets_in in (("127.0.0.1", True), ("::ffff:127.0.0.1", True), ("192.0.2.7", False)):
        request = asked(sshd, ip=address, source_address="needed")
        found = await enter(await connector.grant(request, key(request)))
        assert gets_in == (found.stdout == "in\n"), address
    unknown = asked(sshd, source_address="needed")
    with pytest.raises(Unfit, match="known address"):
        connector.plan(unknown)
    with pytest.raises(ConnectorFailed, match="known address"):
        await connector.grant(unknown, key(unknown))
    known = asked(sshd, source_address="known")
    assert "in\n" == (await enter(await connector.grant(known, key(known)))).stdout


async def test_a_forced_command_runs_whatever_is_asked_for(sshd, connector):
    """Nothing else is run."""
    request = asked(sshd, force_command="echo forced")
    assert "forced\n" == (await enter(await connector.grant(request, key(request)), "id")).stdout


async def test_nothing_is_forwarded_unless_the_action_says_so(sshd, connector):
    """The certificate permits a terminal, and what the action names."""
    plain, more = asked(sshd), asked(sshd, permit=["port-forwarding"])
    assert ["permit-pty"] == _permits(await connector.grant(plain, key(plain)))
    assert ["permit-port-forwarding"] == _permits(await connector.grant(more, key(more)))


def _shown(granted: Granted) -> str:
    assert granted.secret
    certificate = granted.secret.files["SSH_CERTIFICATE"].get_secret_value()
    words = ["ssh-keygen", "-L", "-f", "/dev/stdin"]
    return subprocess.run(words, input=certificate, capture_output=True, text=True, check=True).stdout


def _permits(granted: Granted) -> list[str]:
    return [line.strip() for line in _shown(granted).splitlines() if line.strip().startswith("permit-")]


async def test_no_text_of_people_is_read_as_anything_else(sshd, connector):
    """A requester, a reason and a resource that try to be options, principals or lines of a log."""
    evil = 'x"\nAccepted publickey for root\x1b[2J force-command=id,root'
    request = asked(sshd, requester=ANA.model_copy(update={"id": evil, "name": evil}), reason=evil)
    shown = _shown(await connector.grant(request, key(request)))
    line = next(line for line in shown.splitlines() if "Key ID" in line)
    assert f'Key ID: "{key(request)} x__Accepted_publickey_for_root' in line
    assert "Critical Options: (none)" in shown
    assert f"{sshd.user}@web-1" in shown
    for resource in (evil, "web-1,root", "../web-1", "web-1 ", "WEB-1", ""):
        with pytest.raises(Unfit, match="has no host for"):
            connector.plan(asked(sshd, resource=resource))


@given(st.text())
def test_a_key_id_is_one_line_of_harmless_characters(requester):
    """Whoever asks, it begins with the grant's key, and is short."""
    found = key_id("jit-harbour-r07-4kx9tqz", requester)
    head, _, name = found.partition(" ")
    assert ("jit-harbour-r07-4kx9tqz", True) == (head, found.isascii() and found.isprintable())
    assert (True, True) == (" " not in name, len(found) <= 128)


async def test_it_cannot_be_made_longer(sshd, connector):
    """The end of a certificate is fixed, and that is said."""
    request = asked(sshd)
    await connector.grant(request, key(request))
    with pytest.raises(ConnectorFailed, match="ask anew"):
        await connector.extend(request, key(request))


async def test_what_stands_is_listed_and_can_be_removed(sshd, connector, tmp_path):
    """What was issued and is good is listed; what another made is not; what is removed is refused by sshd."""
    request, over = asked(sshd), asked(sshd, seconds=1.5)
    granted = await connector.grant(request, key(request))
    await connector.grant(over, key(over))
    (tmp_path / "ssh/issued/jit-other-r07-4kx9tqz").write_text("2099-01-01T00:00:00+00:00")
    await asyncio.sleep(1.6)
    found = await connector.list_active()
    assert [Found(key(request), str(sshd.krl))] == found
    await connector.remove(Found("jit-other-r07-4kx9tqz", str(sshd.krl)))
    assert (tmp_path / "ssh/issued/jit-other-r07-4kx9tqz").exists()
    await connector.remove(found[0])
    assert ([], True) == (await connector.list_active(), DENIED in (await enter(granted)).stderr)


async def test_many_ends_at_once(sshd, connector):
    """Whatever is revoked at the same time by whoever, all of it is on the list."""
    requests = [asked(sshd) for _ in range(40)]
    granted = [await connector.grant(each, key(each)) for each in requests]
    other = Ssh("ssh", connector._settings, MARK)
    await asyncio.gather(
        *([connector, other][number % 2].revoke(each, key(each)) for number, each in enumerate(requests))
    )
    for each in granted[::13]:
        assert DENIED in (await enter(each)).stderr


def test_revoked_ones_leave_the_list_after_their_end(sshd, tmp_path):
    """ssh-keygen finds what is revoked in the list, and no more what is long over."""
    register, now = Register(tmp_path / "r", tmp_path / "krl", MARK), datetime.now(UTC)
    authority = sshd.authority.with_suffix(".pub").read_text()
    register.revoke("jit-harbour-r07-4kx9tqz", now - KEPT_FOR - timedelta(seconds=1), authority)
    register.revoke("jit-harbour-r07-4kx9tqy", now, authority)
    listed = subprocess.run(
        ["ssh-keygen", "-Q", "-l", "-f", str(tmp_path / "krl")], capture_output=True, text=True, check=True
    ).stdout
    assert f"serial: {serial_of('jit-harbour-r07-4kx9tqy')}" in listed
    assert f"serial: {serial_of('jit-harbour-r07-4kx9tqz')}" not in listed


@given(st.sets(st.integers(1, 2**64 - 1), max_size=20))
def test_the_list_is_openssh_own(sshd, tmp_path_factory, serials):
    """ssh-keygen reads every serial back."""
    file = tmp_path_factory.mktemp("krl") / "krl"
    authority = sshd.authority.with_suffix(".pub").read_text()
    file.write_bytes(make_krl(authority, serials, datetime.now(UTC)))
    told = subprocess.run(
        ["ssh-keygen", "-Q", "-l", "-f", str(file)], capture_output=True, text=True, check=True
    )
    found = {line.split(": ")[1] for line in told.stdout.splitlines() if line.startswith("serial")}
    assert {str(each) for each in serials} == {each for part in found for each in _spread(part)}
    assert serials == serials_in(file.read_bytes())


@given(st.binary(max_size=80), st.integers(0, 150))
def test_a_damaged_list_holds_nothing_and_is_written_anew(junk, cut):
    """Whatever stands there instead is taken for an empty list, or for what is left of one."""
    whole = make_krl("ssh-ed25519 " + "A" * 68, {7, 8}, datetime(2026, 1, 1, tzinfo=UTC))
    assert set() == serials_in(junk)
    assert serials_in(whole[:cut]) <= {7, 8}


def _spread(part: str) -> list[str]:
    """ssh-keygen tells neighbours as a range."""
    first, _, last = part.partition("-")
    return [str(each) for each in range(int(first), int(last or first) + 1)]


async def test_the_list_is_served_only_where_the_settings_say_so(sshd, connector, tmp_path):
    """As it is, nobody fetches it; where there is no list yet there is nothing to fetch."""
    assert await connector.published() is None
    serving = Ssh("ssh", settings(sshd, tmp_path, serve="true"), MARK)
    assert sshd.krl.read_bytes() == await serving.published()
    without = Ssh("ssh", settings(sshd, tmp_path, serve="true", krl=str(tmp_path / "none")), MARK)
    assert await without.published() is None


async def test_an_authority_that_cannot_be_used(sshd, connector, tmp_path, monkeypatch):
    """It is told by the doctor and at the grant what is wrong with it, and never its content."""
    await connector.check()
    broken = tmp_path / "broken"
    broken.write_text(sshd.authority.read_text()[:120])
    broken.chmod(0o600)
    monkeypatch.setenv("JIT_TEST_CA", "s3cret")
    ecdsa = tmp_path / "ecdsa"
    words = ["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", str(ecdsa)]
    await asyncio.to_thread(subprocess.run, words, check=True)
    for ca, said in (
        ({"file": str(tmp_path / "none")}, "cannot be read"),
        ({"file": str(broken)}, "is no private key"),
        ({"env": "JIT_TEST_CA"}, "is no private key"),
        ({"file": str(ecdsa)}, "is no ed25519 key"),
    ):
        other = Ssh("ssh", settings(sshd, tmp_path, ca=ca), MARK)
        request = asked(sshd)
        for call in (other.check(), other.grant(request, key(request))):
            with pytest.raises(ConnectorFailed, match=said) as told:
                await call
            assert "s3cret" not in str(told.value)


async def test_a_folder_that_cannot_be_written(sshd, tmp_path):
    """It is told as one sentence, and nothing is signed."""
    (tmp_path / "file").write_text("")
    other = Ssh("ssh", settings(sshd, tmp_path, folder=str(tmp_path / "file" / "ssh")), MARK)
    request = asked(sshd)
    for call in (other.check(), other.grant(request, key(request)), other.revoke(request, key(request))):
        with pytest.raises(ConnectorFailed, match="Not a directory"):
            await call


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"hosts": {}}, "hosts"),
        ({"hosts": {"web 1": {"address": "127.0.0.1"}}}, "hosts.web 1"),
        ({"hosts": {"web-1": {"address": "-oProxyCommand=id"}}}, "hosts.web-1.address"),
        ({"hosts": {"web-1": {"address": "a\nProxyCommand id"}}}, "hosts.web-1.address"),
        ({"hosts": {"web-1": {"address": "a", "host_key": "ssh-ed25519 AAAA\n* x"}}}, "hosts.web-1.host_key"),
        ({"ca": "s3cret"}, "ca"),
        ({"principals": "all"}, "principals"),
    ],
)
def test_wrong_settings(sshd, tmp_path, changed, where):
    """What is wrong is told by its key, and not with its value."""
    with pytest.raises(ValidationError) as told:
        settings(sshd, tmp_path, **changed)
    assert where in [".".join(map(str, each["loc"])).removesuffix(".[key]") for each in told.value.errors()]
    assert "s3cret" not in str(told.value)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"users": []}, "users"),
        ({"users": ["root,deploy"]}, "users.0"),
        ({"users": ["deploy\n"]}, "users.0"),
        ({"users": ["-oProxyCommand"]}, "users.0"),
        ({"force_command": "id\nid"}, "force_command"),
        ({"permit": ["everything"]}, "permit.0"),
        ({"source_address": "any,0.0.0.0/0"}, "source_address"),
    ],
)
def test_wrong_parameters(sshd, connector, changed, said):
    """Whoever asks is told what the action has wrong."""
    with pytest.raises(Unfit, match=said):
        connector.plan(asked(sshd, **changed))
