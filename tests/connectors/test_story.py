"""The main story with a real PostgreSQL, through Slack's stand-in and the API.

Contract: approvers are shown what will be done; "granted" is said when the role is there; the credentials reach the
requester's own token, once, and no channel, log or record; whatever ends the grant ends the session, and the role is
gone when that is said. A target that is down is told, tried again, and seen until it is done.
"""

import asyncio
import json
from datetime import timedelta
from typing import Any

import psycopg

from app.domain.request import State
from app.playground.hands import readable
from tests.cli.api.terminal import Terminal
from tests.postgres_server import Postgres
from tests.web.callers import Callers

ASK = {"action": "prod-db-debug", "resource": "orders-db", "duration": "30m", "reason": "INC-7: slow"}


async def live(callers: Callers, who: Any, **changed: Any) -> str:
    """Ask, approve in Slack, and wait until access is there; gives the request's id."""
    request_id = await who.asks(**changed)
    card = await callers.work.card(request_id, offering="jit_approve")
    await callers.work.clicks("@ben", card, "jit_approve")
    await callers.work.reaches(request_id, State.ACTIVE)
    return request_id


def enter(postgres: Postgres, given: dict[str, str]) -> "psycopg.Connection[Any]":
    return postgres.connect(given["PGDATABASE"], user=given["PGUSER"], password=given["PGPASSWORD"])


async def taken(who: Any, request_id: str) -> dict[str, str]:
    said = await who.verb(request_id, "credentials")
    assert (200, "no-store") == (said.status, said.headers["Cache-Control"]), said.body
    return said.body["environment"]


def is_cut_off(session: "psycopg.Connection[Any]") -> bool:
    try:
        session.execute("SELECT 1")
    except psycopg.OperationalError:
        return True
    return False


async def test_asked_approved_used_and_given_back(callers, postgres):
    """From the card to the role that is gone: each step as it is said."""
    ana = await callers.person("@ana")
    request_id = await ana.asks()
    card = await callers.work.card(request_id, "At the target", "in readonly", offering="jit_approve")
    assert "a role of your own in orders" in readable(card)
    assert [] == postgres.roles()
    await callers.work.clicks("@ben", card, "jit_approve")
    await callers.work.card(request_id, "Access is live")
    assert [f"jit_harbour_{request_id.lower().replace('-', '_')}"] == postgres.roles()

    with enter(postgres, await taken(ana, request_id)) as session:
        assert [(2,)] == session.execute("SELECT count(*) FROM carts").fetchall()
        assert 200 == (await ana.verb(request_id, "done")).status
        await callers.work.card(request_id, "Access is gone")
        assert ([], True) == (postgres.roles(), is_cut_off(session))
    assert ["credentials_taken"] == [
        kind for kind in await callers.work.events(request_id) if "credentials" in kind
    ]


async def test_time_is_up(callers, postgres):
    """Nobody does anything: the session ends, and the role goes."""
    ana = await callers.person("@ana")
    request_id = await live(callers, ana, duration="4s")
    with enter(postgres, await taken(ana, request_id)) as session:
        await callers.work.reaches(request_id, State.EXPIRED, within=12)
        assert ([], True) == (postgres.roles(), is_cut_off(session))


async def test_credentials_are_told_once_and_to_the_requester_alone(callers, postgres):
    """A colleague, an approver, another machine and whoever comes second get nothing, and learn nothing."""
    ana, ben, machine = await callers.person("@ana"), await callers.person("@ben"), await callers.machine()
    request_id = await live(callers, ana)
    for other, status in ((ben, 404), (machine, 403), (callers.nobody, 401)):
        assert status == (await other.verb(request_id, "credentials")).status
    answers = await asyncio.gather(*(ana.verb(request_id, "credentials") for _ in range(20)))
    assert [200] + [409] * 19 == sorted(answer.status for answer in answers)
    assert {"credentials_gone"} == {answer.code for answer in answers if answer.status == 409}
    password = next(a for a in answers if a.status == 200).body["environment"]["PGPASSWORD"]

    await callers.work.settled()
    told = json.dumps(await callers.work.hands.look()) + repr(callers.work.log)
    audit = (callers.work.data / "audit.sqlite3").read_bytes()
    assert password not in told
    assert password.encode() not in audit
    await ana.verb(request_id, "done")
    await callers.work.reaches(request_id, State.COMPLETED)


async def test_what_is_kept_in_redis_is_sealed(callers, postgres):
    """Until it is taken it lies in Redis, and nobody reads it there; when access ends it is gone."""
    ana = await callers.person("@ana")
    request_id = await live(callers, ana)
    redis = callers.work.bot.connection.calls
    name = f"jit:{{p{request_id[1:3]}}}:secret:{request_id}"
    sealed = await redis.get(name)
    assert 0 < await redis.ttl(name) <= 30 * 60
    assert sealed
    assert "jit_harbour" not in sealed
    await ana.verb(request_id, "done")
    await callers.work.reaches(request_id, State.COMPLETED)
    assert 409 == (await ana.verb(request_id, "credentials")).status
    assert await redis.get(name) is None


async def test_by_jit_run(callers, postgres, tmp_path):
    """The command has what psql reads, and when it has ended the role is gone."""
    ana = await callers.person("@ana")
    terminal = Terminal(tmp_path / "ana", JIT_SERVER=callers.url, JIT_TOKEN=ana.token)
    words = ("run", "sandbox-admin", "sandbox-1", "--for", "10m", "--", "psql", "-Atc")
    found = await terminal.runs(*words, "SELECT session_user, count(*) FROM carts")
    assert (0, "|2\n") == (found.code, found.out[-3:]), found
    assert found.out.startswith("jit_harbour_r")
    await asyncio.sleep(0.2)
    assert [] == postgres.roles()


async def test_credentials_of_what_is_bound(callers, postgres, tmp_path):
    """Told to whoever says the command that was approved; whoever says another gets none, and takes none away."""
    ana = await callers.person("@ana")
    command = ["psql", "-Atc", "SELECT session_user, count(*) FROM carts"]
    request_id = await live(callers, ana, command=command)
    for about, code in (({}, "digest_needed"), ({"command": ["psql"]}, "digest_mismatch")):
        said = await ana.verb(request_id, "credentials", about)
        assert (403, code) == (said.status, said.code)
    said = await ana.verb(request_id, "credentials", {"command": command})
    assert 200 == said.status, said.body
    assert said.body["environment"]["PGUSER"].startswith("jit_harbour_r")
    await ana.verb(request_id, "done")
    await callers.work.reaches(request_id, State.COMPLETED)
    assert 1 == (await callers.work.events(request_id)).count("attempt_refused")

    terminal = Terminal(tmp_path / "ana", JIT_SERVER=callers.url, JIT_TOKEN=ana.token)
    found = await terminal.runs("run", "sandbox-admin", "sandbox-1", "--bound", "--", *command)
    assert (0, "|2\n") == (found.code, found.out[-3:]), found


async def test_more_time_reaches_the_target(callers, postgres):
    """Access that is given more time goes on at the target."""
    ana = await callers.person("@ana")
    request_id = await ana.asks(action="sandbox-admin", resource="sandbox-1", duration="5s")
    await callers.work.reaches(request_id, State.ACTIVE)
    given = await taken(ana, request_id)
    said = await ana.verb(request_id, "extend", {"duration": "10m"})
    assert 200 == said.status, said.body
    await asyncio.sleep(5.2)
    enter(postgres, given).close()
    await ana.verb(request_id, "done")
    await callers.work.reaches(request_id, State.COMPLETED)


async def test_a_target_that_is_down_at_grant(callers, postgres, monkeypatch):
    """Frozen while it is asked: the grant fails, said so, and nothing is left when the server comes back."""
    monkeypatch.setattr("app.connectors.calls.ANSWERS_WITHIN", 1.0)
    monkeypatch.setattr("app.connectors.calls.LETS_GO_WITHIN", 0.5)
    ana = await callers.person("@ana")
    request_id = await ana.asks()
    card = await callers.work.card(request_id, offering="jit_approve")
    postgres.freeze()
    await callers.work.clicks("@ben", card, "jit_approve")
    await callers.work.card(request_id, "could not be created", "did not answer")
    postgres.thaw()
    await callers.work.reaches(request_id, State.GRANT_FAILED, within=30)
    await callers.work.bot.reconciler.run()
    assert [] == postgres.roles()


async def test_a_target_that_is_down_at_revoke(callers, postgres, monkeypatch):
    """It is tried again, paged, in /readyz and on the card, until the server is back and confirms."""
    monkeypatch.setattr("app.connectors.calls.ANSWERS_WITHIN", 0.3)
    monkeypatch.setattr("app.connectors.calls.LETS_GO_WITHIN", 0.2)
    monkeypatch.setattr("app.domain.transitions.FIRST_RETRY", timedelta(milliseconds=100))
    ana = await callers.person("@ana")
    request_id = await live(callers, ana)
    postgres.freeze()
    await ana.verb(request_id, "done")
    await callers.work.card(request_id, "The target has not confirmed")
    await callers.work.posted("#security", request_id, "has not ended at its target", within=20)
    health = await callers.work.bot.readiness()
    assert request_id in health.warnings["targets"]
    postgres.thaw()
    await callers.work.reaches(request_id, State.COMPLETED, within=30)
    assert [] == postgres.roles()
    health = await callers.work.bot.readiness()
    assert "targets" not in health.warnings


async def test_an_action_whose_target_is_not_set_up(callers, postgres):
    """Whoever asks is told, and no approver is asked for what cannot be given."""
    ana = await callers.person("@ana")
    said = await ana.post("/v1/requests", ASK | {"resource": "users-db"})
    assert (409, "not_set_up") == (said.status, said.code)
    told = await callers.work.types("@ana", "/jit request prod-db-debug users-db 30m INC-7: slow")
    assert "has no database for users-db" in told
