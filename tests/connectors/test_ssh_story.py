"""The main story with a real sshd: approved in Slack, used by `jit run`, and taken back."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from app.cli.api.credentials import Credentials
from app.cli.api.own_key import OwnKey
from app.connectors.ssh.authority import new_key
from app.domain.request import State
from app.domain.target import Target
from app.playground.hands import readable
from app.web.pages.shell import lines_for
from tests.cli.api.terminal import Terminal
from tests.conftest import required
from tests.connectors.asked import granting
from tests.ssh_server import Sshd, logs_in, ssh_server, sshd_program
from tests.web.callers import Callers, with_machines
from tests.workplace import Workplace, at_work, policy_folder


@pytest.fixture
def sshd():
    """A server of this test's own."""
    if not sshd_program():
        required("openssh-server")
    with ssh_server() as server:
        yield server


@pytest.fixture
async def callers(sshd: Sshd, redis: Any, redis_server: Any, tmp_path: Path):
    """A bot at work whose production databases and sandboxes are behind that sshd."""

    def by_certificate(policies: dict[str, Any]) -> None:
        with_machines(policies)
        policies["api"] = {"decide": True}
        for action in ("prod-db-debug", "sandbox-admin"):
            policies["actions"][action] |= {"connector": "ssh", "with": {"users": [sshd.user]}}

    host = {"address": "127.0.0.1", "port": sshd.port, "host_key": sshd.host_key}
    ssh = {
        "ca": {"file": str(sshd.authority)},
        "folder": str(tmp_path / "ssh"),
        "krl": str(sshd.krl),
        "hosts": {"orders-db": host, "sandbox-1": host},
        "serve": True,
    }
    (sshd.folder / "principals").write_text(f"{sshd.user}@orders-db\n{sshd.user}@sandbox-1\n")
    file = tmp_path / "connectors.yaml"
    file.write_text(yaml.safe_dump({"installation": "harbour", "connectors": {"ssh": ssh}}))
    policies = policy_folder(tmp_path / "policies", by_certificate)
    url = f"unix://{redis_server.socket}"
    workplace = Workplace(url, tmp_path / "data", policies=policies, over_http=True)
    async with at_work(workplace, connectors=file) as work:
        yield Callers(work)


async def test_asked_approved_used_and_given_back(callers, sshd, tmp_path):
    """Approvers see what will be done; the certificate comes once, and is refused when the card says it is gone."""
    ana = await callers.person("@ana")
    request_id = await ana.asks()
    card = await callers.work.card(request_id, "At the target", offering="jit_approve")
    assert f"a certificate for orders-db, as {sshd.user}" in readable(card)
    await callers.work.clicks("@ben", card, "jit_approve")
    await callers.work.card(request_id, "Access is live")
    told = (await ana.verb(request_id, "credentials")).body
    given = dict(told["environment"])
    for name, content in told["files"].items():
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(0o600)
        given[name] = str(tmp_path / name)
    assert "in\n" == logs_in(given, "orders-db", "echo", "in").stdout
    assert 409 == (await ana.verb(request_id, "credentials")).status
    longer = await ana.verb(request_id, "extend", {"duration": "10m", "reason": "not done"})
    assert (409, "end_is_fixed") == (longer.status, longer.code)
    assert 200 == (await ana.verb(request_id, "done")).status
    await callers.work.card(request_id, "Access is gone")
    assert "Permission denied" in logs_in(given, "orders-db", "echo", "in").stderr
    assert told["files"]["SSH_KEY"] not in repr(callers.work.log)


async def test_by_jit_run(callers, sshd, tmp_path, monkeypatch):
    """The documented command finds all by its environment, and its key is one that the bot never had."""
    made = []
    monkeypatch.setattr("app.connectors.ssh.new_key", lambda: made.append(new_key()) or made[-1])
    ana = await callers.person("@ana")
    terminal = Terminal(tmp_path / "ana", JIT_SERVER=callers.url, JIT_TOKEN=ana.token)
    shell = 'ssh-keygen -y -f "$SSH_KEY" && ssh -F "$SSH_CONFIG" sandbox-1 echo in'
    found = await terminal.runs("run", "sandbox-admin", "sandbox-1", "--for", "10m", "--", "sh", "-c", shell)
    assert (0, "in\n") == (found.code, found.out[-3:]), found
    assert (1, True) == (len(made), found.out.startswith("ssh-ed25519 "))
    assert made[0][1] not in found.out
    assert [] == await callers.work.bot.connectors.all["ssh"].connector.list_active()


async def test_a_lost_certificate_is_revoked_by_the_reconciler(callers, sshd):
    """What was issued for a request that nobody knows any more is refused after the reconciler's run."""
    bot = callers.work.bot
    forgotten = granting(target=Target(connector="ssh", parameters={"users": [sshd.user]}))
    connector = bot.connectors.all["ssh"].connector
    await connector.grant(forgotten, bot.connectors.mark.key(forgotten.id))
    drifts = await bot.reconciler.run()
    assert ["is removed"] == [drift.said[-10:] for drift in drifts]
    assert [] == await connector.list_active()


async def test_a_key_of_ones_own(callers, sshd, tmp_path):
    """The certificate is for the key that was sent, and no private key comes with it; it is told once all the same."""
    ana, ben = await callers.person("@ana"), await callers.person("@ben")
    request_id = await ana.asks(action="sandbox-admin", resource="sandbox-1")
    await callers.work.reaches(request_id, State.ACTIVE)
    own = OwnKey()
    for wrong in ("ssh-ed25519 AAAA", "ssh-rsa " + own.public.split()[1], own.public + "\n" + own.public):
        assert 422 == (await ana.verb(request_id, "credentials", {"public_key": wrong})).status
    other = "ssh-ed25519 " + "A" * 68
    assert (409, "not_set_up") == (
        (refused := await ana.verb(request_id, "credentials", {"public_key": other})).status,
        refused.code,
    )
    assert 404 == (await ben.verb(request_id, "credentials", {"public_key": own.public})).status
    sent = {"public_key": own.public}
    answers = await asyncio.gather(*(ana.verb(request_id, "credentials", sent) for _ in range(5)))
    assert [200] + [409] * 4 == sorted(answer.status for answer in answers)
    told = next(answer.body for answer in answers if answer.status == 200)
    assert "SSH_KEY" not in told["files"]
    with Credentials(own.beside(told)) as given:
        credentials = {**told["environment"], **given}
        assert "in\n" == (await asyncio.to_thread(logs_in, credentials, "sandbox-1", "echo", "in")).stdout
        await ana.verb(request_id, "done")
        await callers.work.reaches(request_id, State.COMPLETED)
        refused = await asyncio.to_thread(logs_in, credentials, "sandbox-1", "echo", "in")
        assert "Permission denied" in refused.stderr
    assert 409 == (await ana.verb(request_id, "credentials", sent)).status


async def test_hosts_fetch_the_list(callers, sshd):
    """Without a token, as it is on the bot's disk after an end; no other name gives anything."""
    ana = await callers.person("@ana")
    request_id = await ana.asks(action="sandbox-admin", resource="sandbox-1")
    await callers.work.reaches(request_id, State.ACTIVE)
    await ana.verb(request_id, "done")
    await callers.work.reaches(request_id, State.COMPLETED)
    async with httpx.AsyncClient(base_url=callers.url) as host:
        found = await host.get("/connectors/ssh/published")
        assert (200, sshd.krl.read_bytes()) == (found.status_code, found.content)
        for other in ("sudo", "ssh%2f..%2fca", "..%2fca", "%00"):
            assert 404 == (await host.get(f"/connectors/{other}/published")).status_code


async def test_by_the_lines_that_the_page_shows(callers, sshd):
    """What the page has for a shell, pasted into one as it is, lets in; the bot's own key among the files."""
    ana = await callers.person("@ana")
    request_id = await ana.asks(action="sandbox-admin", resource="sandbox-1", duration="10m")
    await callers.work.reaches(request_id, State.ACTIVE)
    given = (await ana.verb(request_id, "credentials")).body
    lines = lines_for(given, "sandbox-1")
    use = lines.use.replace("ssh ", "ssh -o BatchMode=yes -o ConnectTimeout=5 ", 1)
    pasted = f'{lines.prepare} {use} echo inside; rm -r "$JIT_FILES"\n'
    shell = await asyncio.create_subprocess_exec(
        "sh", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await shell.communicate(pasted.encode())
    assert b"inside\n" == out, err + sshd.log.encode()
