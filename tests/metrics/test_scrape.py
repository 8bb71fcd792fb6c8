"""`GET /metrics` of the real bot: what a story leaves in it, who may read it, and what keeps it small and true.

Contract: what is shown counts what happened, in Prometheus's own forms. No person, resource, reason, request or path is
in it. A scrape never fails and never waits for a store that is away: it says so, and shows what is there. With a token
nobody reads it without it.
"""

import re
import signal
from typing import Any

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from app.audit import consumer as audit
from app.domain.request import State
from app.playground.hands import PATIENCE
from app.policy import PolicySource
from app.store import keys
from tests.metrics.shown import labels_in, scraped, until, value
from tests.test_main import own_redis  # noqa: F401  the fixture of a server that may be away
from tests.web.callers import Callers, at_the_api, base
from tests.workplace import GROUPS, Workplace, policy_folder

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"
TOKEN = "a-token-of-the-scraper-0123"


@pytest.fixture
def workplace(redis: Any, redis_server: Any, tmp_path: Any) -> Workplace:
    """A workplace over HTTP; nothing runs in it yet."""
    policies = policy_folder(tmp_path / "policies", lambda written: written.update(api={"decide": True}))
    return Workplace(f"unix://{redis_server.socket}", tmp_path / "data", policies=policies, over_http=True)


@pytest.fixture
async def callers(workplace):
    """A bot at work behind HTTP."""
    async with at_the_api(workplace) as opened:
        yield opened


async def whole_story(callers: Callers) -> str:
    """Ask, try what one may not, approve, use and give back; gives the request's id."""
    ana = await callers.person("@ana")
    request_id = await ana.asks(reason="INC-7: checkout of Zoe is slow")
    assert 403 == (await ana.verb(request_id, "approve")).status
    card = await callers.work.card(request_id, offering="jit_approve")
    await callers.work.clicks("@ben", card, "jit_approve")
    await callers.work.reaches(request_id, State.ACTIVE)
    await ana.verb(request_id, "done")
    await callers.work.reaches(request_id, State.COMPLETED)
    await callers.work.settled()
    return request_id


async def test_what_a_story_leaves(callers):
    """Each part of the bot counted what went through it; gauges say what stands now, which is nothing."""
    await whole_story(callers)
    shown = await scraped(callers)
    assert {
        "asked": 1.0,
        "approved": 1.0,
        "refused": 1.0,
        "decided": 1.0,
        "started": 1.0,
        "ended": 1.0,
        "given": 1.0,
        "taken": 1.0,
    } == {
        "asked": value(shown, "jit_requests_total", action="prod-db-debug", outcome="require"),
        "approved": value(shown, "jit_decisions_total", decision="approved", proof="slack-session"),
        "refused": value(shown, "jit_attempts_refused_total", verb="approve", code="self_approval"),
        "decided": value(shown, "jit_decision_seconds_count", decision="approved"),
        "started": value(shown, "jit_grant_start_seconds_count"),
        "ended": value(shown, "jit_grant_seconds_count", cause="completed"),
        "given": value(shown, "jit_connector_call_seconds_count", operation="grant", outcome="done"),
        "taken": value(shown, "jit_connector_call_seconds_count", operation="revoke", outcome="done"),
    }
    for kind in ("requested", "approved", "grant_begun", "activated", "end_begun", "ended"):
        assert 1.0 == value(shown, "jit_events_total", kind=kind)
    assert value(shown, "jit_slack_calls_total", method="chat.postMessage", status="200") >= 1
    assert value(shown, "jit_slack_ack_seconds_count") >= 2
    assert 1.0 == value(shown, "jit_slack_handled_seconds_count", what="jit_approve")
    assert value(shown, "jit_http_requests_total", method="POST", route="/slack/events", status="200") >= 2
    assert 1.0 == value(shown, "jit_http_requests_total", method="POST", route="/v1/requests", status="201")
    assert value(shown, "jit_job_runs_total", job="deadlines", outcome="done") >= 1
    assert value(shown, "jit_job_last_success_timestamp_seconds", job="deadlines") > 1.7e9


async def test_what_stands(callers):
    """Gauges of the whole installation come from the store, and say so; those of this process are its own."""
    bot = callers.work.bot
    shown = await until(callers, "jit_store_up", 1.0)
    for name in ("jit_requests_pending", "jit_grants_live", "jit_deadlines_overdue", "jit_ends_failing"):
        assert (name, 0.0) == (name, value(shown, name))
        assert "same from every process" in shown[name].documentation
    ana, ben = await callers.person("@ana"), await callers.person("@ben")
    await callers.live(ana, ben)
    await ana.asks()
    await bot.failing.note("R01-0000001", "does not end")
    await callers.work.settled()
    for group in GROUPS:
        await until(callers, "jit_leases_held", float(len(keys.ALL_PARTITIONS)), group=group)
    shown = await until(callers, "jit_requests_pending", 1.0)
    assert (1.0, 1.0) == (value(shown, "jit_grants_live"), value(shown, "jit_ends_failing"))
    for group in GROUPS:
        assert 0.0 == value(shown, "jit_events_waiting", group=group)
    assert (1.0, 0.0) == (value(shown, "jit_store_up"), value(shown, "jit_policy_broken"))
    assert bot.policies.current.digest == shown["jit_policy_info"].samples[0].labels["digest"]
    assert bot.policies.current.rule_count == value(shown, "jit_policy_rules")
    assert bot.audit_log.head().size == value(shown, "jit_audit_entries")
    assert (0.0, True) == (
        value(shown, "jit_audit_breaks"),
        value(shown, "jit_audit_verified_timestamp_seconds") > 1.7e9,
    )
    assert value(shown, "process_resident_memory_bytes") > 1e6
    assert {"version", "python"} == set(shown["jit_build_info"].samples[0].labels)


async def test_nobody_is_in_it(callers):
    """Neither people, nor resources, reasons, requests, channels or addresses are the value of any label."""
    request_id = await whole_story(callers)
    policy = PolicySource(callers.work.policies).current
    people = [word for person in policy.people.values() for word in (person.id, person.name, person.slack)]
    text = (await callers.nobody.get("/metrics")).body
    found = labels_in(read_text(text))
    told = [*filter(None, people), "orders-db", request_id, "INC-7", "Zoe", "prod-approvals", "127.0.0.1"]
    assert [] == [word for word in told if any(re.search(rf"\b{re.escape(word)}\b", each) for each in found)]
    assert not re.search(r"R\d\d-[0-9A-Z]{7}|xox|@", text)


async def test_the_form_that_is_asked_for(callers):
    """Prometheus's text by default, OpenMetrics where it is asked for; both are read by the library's own parsers."""
    async with httpx.AsyncClient(base_url=base(callers.work), timeout=PATIENCE) as http:
        plain = await http.get("/metrics")
        other = await http.get("/metrics", headers={"Accept": f"{OPENMETRICS},text/plain;q=0.5"})
    assert (200, TEXT, "no-store") == (
        plain.status_code,
        plain.headers["content-type"],
        plain.headers["cache-control"],
    )
    assert other.headers["content-type"].startswith(OPENMETRICS)
    names = {family.name.removesuffix("_info") for family in read_text(plain.text)}
    assert names == {family.name for family in read_openmetrics(other.text)}


async def test_a_token_where_one_is_set(workplace):
    """Without it, or with another, nobody reads anything; health needs none."""
    async with at_the_api(workplace, metrics_token=TOKEN) as callers:
        for headers in (
            {},
            {"Authorization": "Bearer x"},
            {"Authorization": TOKEN},
            {"Authorization": "Bearer é"},
        ):
            said = await callers.nobody.get("/metrics", headers=headers)
            assert (401, "Bearer", False) == (
                said.status,
                said.headers["www-authenticate"],
                "jit_" in said.body,
            )
        assert (
            200 == (await callers.nobody.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})).status
        )
        assert 200 == (await callers.nobody.get("/healthz")).status


async def test_a_port_of_its_own(workplace):
    """Where there is one, the port that people reach has no metrics; it has them, and health."""
    async with at_the_api(workplace, metrics_port=0) as callers:
        assert 404 == (await callers.nobody.get("/metrics")).status
        transport = httpx.ASGITransport(app=callers.work.bot.web_of_metrics())
        async with httpx.AsyncClient(transport=transport, base_url="http://bot", timeout=PATIENCE) as http:
            assert 200 == (await http.get("/healthz")).status_code
            assert "jit_events_total" in (await http.get("/metrics")).text
            assert 404 == (await http.post("/v1/requests", json={})).status_code


@pytest.mark.parametrize("how", ["gone", "hanging"])
async def test_a_store_that_is_away(own_redis, tmp_path, how):  # noqa: F811
    """The scrape answers with what is there, and says that the store is away; it is back with it."""
    url = f"unix://{own_redis.socket}"
    async with at_the_api(Workplace(url, tmp_path / "data", over_http=True)) as callers:
        await callers.work.settled()
        await until(callers, "jit_store_up", 1.0)
        if how == "gone":
            await own_redis.kill()
        else:
            own_redis.process.send_signal(signal.SIGSTOP)
        shown = await until(callers, "jit_store_up", 0.0)
        assert ("jit_grants_live" in shown, "jit_audit_entries" in shown) == (False, True)
        if how == "gone":
            assert value(shown, "jit_store_errors_total", error="ConnectionError") >= 1
            await own_redis.start()
        else:
            own_redis.process.send_signal(signal.SIGCONT)
        assert "jit_grants_live" in await until(callers, "jit_store_up", 1.0)


async def test_a_consumer_that_is_behind(callers):
    """Events wait before a group, and since when is told: here one that nobody reads for."""
    stream = callers.work.bot.stream
    for partition in keys.ALL_PARTITIONS:
        await stream.make_group(partition, "nobody")
    await (await callers.person("@ana")).asks()
    await callers.work.settled()
    shown = await until(callers, "jit_requests_pending", 1.0)
    assert value(shown, "jit_events_waiting", group="nobody") >= 1
    assert value(shown, "jit_events_waiting_oldest_seconds", group="nobody") > 0
    assert 0.0 == value(shown, "jit_events_waiting", group=audit.GROUP)


async def test_an_audit_log_that_was_edited(callers):
    """The next reading finds it, and the gauge says so."""
    await (await callers.person("@ana")).asks()
    await callers.work.settled()
    bot = callers.work.bot
    await bot.auditing.verify()
    bot.audit_log._writer.execute("DROP TRIGGER IF EXISTS never_changed")
    for (name,) in bot.audit_log._writer.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    ).fetchall():
        bot.audit_log._writer.execute(f'DROP TRIGGER "{name}"')
    bot.audit_log._writer.execute("UPDATE entries SET kind = 'denied' WHERE sequence = 1")
    bot.audit_log._writer.commit()
    await bot.auditing.verify()
    assert 1.0 == value(await scraped(callers), "jit_audit_breaks")
    assert ["audit_log_broken"] == [
        line["event"] for line in callers.work.log if line["event"] == "audit_log_broken"
    ]
