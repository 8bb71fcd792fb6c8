"""Contract of the verbs: each is one call; 0 done, 1 refused with one line on stderr, 2 wrong usage."""

import asyncio
import json
import stat

import pytest

from app.domain.request import State
from tests.cli.api.terminal import Terminal, ended
from tests.workplace import id_in

ASK = ("request", "prod-db-debug", "orders-db", "30m", "INC-7:", "checkout", "is", "slow")


@pytest.fixture
async def ana(api, tmp_path):
    person = await api.person("@ana")
    return Terminal(tmp_path / "ana", JIT_SERVER=api.url, JIT_TOKEN=person.token)


@pytest.fixture
async def ben(api, tmp_path):
    person = await api.person("@ben")
    return Terminal(tmp_path / "ben", JIT_SERVER=api.url + "/", JIT_TOKEN=person.token)


async def test_the_story(api, ana, ben):
    """Asked and waited for in one terminal, approved in another, lengthened, looked at, given back."""
    waiting = await ana.starts(*ASK, "--wait", "--json")
    told = (await asyncio.wait_for(waiting.stderr.readline(), 20)).decode()
    request_id = id_in(told)
    assert "waits for 1 of db-owner" in told
    assert request_id in (await ben.runs("list")).out
    approved = await ben.runs("approve", request_id, "careful", "please")
    assert (0, True) == (approved.code, request_id in approved.out)
    given = await ended(waiting)
    document = json.loads(given.out)
    assert (0, "active", "cli", "INC-7: checkout is slow") == (
        given.code, document["state"], document["source"], document["reason"],
    )  # fmt: skip
    longer = await ana.runs("extend", request_id.lower(), "10m", "the", "index")
    assert 0 == longer.code
    shown = await ana.runs("status", request_id)
    assert "from 127.0.0.1 (cli)" in shown.out
    assert ("active" in shown.out, "Ben Okafor approved (db-owner) careful please" in shown.out) == (
        True,
        True,
    )
    assert 0 == (await ana.runs("done", request_id)).code
    await api.work.reaches(request_id, State.COMPLETED)
    again = await ana.runs("done", request_id)
    assert (1, "", 1) == (again.code, again.out, len(again.err.splitlines()))


async def test_noes(ana, ben):
    """Each no is one line on stderr and exit code 1; wrong usage is 2."""
    request_id = id_in((await ana.runs(*ASK)).out)
    for words, code, said in (
        (("approve", request_id), 1, "your own request"),
        (("deny", request_id, "no"), 1, "your own request"),
        (("request", "prod-db-debgu", "orders-db", "30m", "x"), 1, "Did you mean prod-db-debug?"),
        (("request", "prod-db-debug", "orders-db", "banana", "x"), 1, "is not a duration"),
        (("status", "R07-0000000"), 1, "There is no request"),
        (("status", "../../healthz"), 2, "is not a request id"),
        (("extend", request_id, "10m"), 1, "nothing to extend"),
    ):
        found = await ana.runs(*words)
        assert (words, code, True) == (words, found.code, said in found.err), found
        assert 1 == len(found.err.splitlines())
    assert 2 == (await ana.runs("request", "prod-db-debug")).code
    assert 0 == (await ben.runs("deny", request_id, "not", "now")).code
    assert 0 == (await ana.runs("cancel", id_in((await ana.runs(*ASK)).out))).code


async def test_denied_while_waiting(ana, ben):
    """Who waits and gets no access gets 1, and why."""
    waiting = await ana.starts(*ASK, "--wait")
    request_id = id_in((await asyncio.wait_for(waiting.stderr.readline(), 20)).decode())
    await ben.runs("deny", request_id, "use", "the", "replica")
    found = await ended(waiting)
    assert (1, f"{request_id} is denied: use the replica\n") == (found.code, found.err)


async def test_not_signed_in(api, tmp_path):
    """Without a token, with one that does nothing, or without a server: 1, and what to do."""
    for environment, said in (
        ({}, "not signed in: run `jit login"),
        ({"JIT_SERVER": api.url}, "not signed in"),
        (
            {"JIT_SERVER": api.url, "JIT_TOKEN": "jit_" + "0" * 10 + "_" + "0" * 32},
            "`jit login` gets you one",
        ),
        ({"JIT_SERVER": "http://127.0.0.1:1", "JIT_TOKEN": "x"}, "does not answer"),
    ):
        found = await Terminal(tmp_path, **environment).runs("list")
        assert (1, True) == (found.code, said in found.err), found


async def test_login_and_logout(api, tmp_path):
    """The code is typed in Slack; the token lies in a file of one's own; signing out revokes and removes it."""
    terminal = Terminal(tmp_path)
    signing_in = await terminal.starts("login", "--server", api.url, "--device", "ana@laptop")
    lines = [(await asyncio.wait_for(signing_in.stdout.readline(), 20)).decode() for _ in range(3)]
    code = lines[2].split()[-1]
    await api.confirms("@ana", code)
    found = await ended(signing_in)
    assert (0, True) == (found.code, "Signed in as ana" in found.out), found
    file = tmp_path / ".config/jit/login.json"
    assert (0o600, 0o700) == (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(file.parent.stat().st_mode))
    token = json.loads(file.read_text())["token"]
    assert (False, 0) == (token in found.out + found.err, (await terminal.runs("list")).code)

    elsewhere = Terminal(tmp_path, JIT_SERVER="http://127.0.0.1:1")
    assert "not signed in" in (await elsewhere.runs("list")).err

    file.chmod(0o644)
    assert "can be read by others" in (await terminal.runs("list")).err
    file.chmod(0o600)
    assert 0 == (await terminal.runs("logout")).code
    assert not file.exists()
    left = Terminal(tmp_path, JIT_SERVER=api.url, JIT_TOKEN=token)
    assert 1 == (await left.runs("list")).code


async def test_machines(api, tmp_path):
    """An operator makes a machine's token where the store is reached; it works, is listed, and is ended."""
    terminal = Terminal(tmp_path, JIT_REDIS_URL=api.work.redis_url, JIT_POLICIES=str(api.work.policies))
    made = await terminal.runs("token", "create", "--as", "checkout-gateway", "--scope", "check", "--json")
    document = json.loads(made.out)
    assert (0, ["check"], False) == (made.code, document["scopes"], "digest" in document)
    caller = type(await api.machine())(api.work, document["token"])
    assert 200 == (await caller.check()).status
    assert document["id"] in (await terminal.runs("token", "list", "--as", "checkout-gateway")).out
    assert 0 == (await terminal.runs("token", "revoke", document["id"])).code
    assert 401 == (await caller.check()).status
    for words, code in (
        (("--as", "nobody", "--scope", "check"), 1),
        (("--as", "checkout-gateway", "--scope", "request"), 1),
        (("--as", "checkout-gateway", "--scope", "decide"), 2),
        (("--as", "checkout-gateway", "--scope", "check", "--lasts", "400d"), 2),
    ):
        assert (words, code) == (words, (await terminal.runs("token", "create", *words)).code)


async def test_approving_for_less(api, ana, ben):
    """`--for` and `--resource` give less than was asked; what is no duration is wrong usage."""
    words = ("request", "prod-config-change", "feature-flags", "30m", "INC-7:", "it", "flickers")
    request_id = id_in((await ana.runs(*words)).out)
    wrong = await ben.runs("approve", request_id, "--for", "soon")
    assert (2, True) == (wrong.code, "--for" in wrong.err)
    more = await ben.runs("approve", request_id, "--for", "2h")
    assert (1, True) == (more.code, "is not less" in more.err)
    given = await ben.runs(
        "approve", request_id, "one", "will", "do", "--for", "10m", "--resource", "feature-flags/checkout"
    )
    assert (0, True) == (given.code, "on feature-flags/checkout of feature-flags for 10 min" in given.out)
    request = await api.work.reaches(request_id, State.ACTIVE)
    assert (600, "feature-flags/checkout") == (request.seconds, request.resource)
    shown = await ana.runs("status", request_id)
    assert "Ben Okafor approved (lead) one will do" in shown.out
