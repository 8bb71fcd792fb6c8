"""What is counted where: bounded whatever is sent, after it is recorded, and never in the way of anything.

Contract: labels are names of our own, at most 200 of each. An event is counted once the log has it, and what cannot be
counted keeps nothing from being recorded.
"""

import asyncio
import logging
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
import structlog
from aiohttp import web as aio
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from app import logs
from app.connectors.calls import Calls
from app.connectors.grant_key import GrantKey
from app.connectors.protocol import ConnectorFailed
from app.connectors.registry import Opened
from app.domain import events
from app.domain.refusals import Unavailable
from app.domain.transitions import ask
from app.metrics.counting import Counting
from app.metrics.meters import Meters
from app.metrics.names import MOST
from app.metrics.scrape import watching
from app.metrics.slack import trace_slack
from app.metrics.standing import Standing
from app.schedule import make_scheduler, once_guarded
from app.store.stream import Entry
from app.web.server import Health, make_web
from tests.metrics.shown import families, value
from tests.people import NOW, a_request

FORGED = 10_000


def shown(meters: Meters) -> dict[str, Any]:
    return families(generate_latest(meters.registry).decode())


def requested(action: str = "prod-db-debug") -> events.Requested:
    request = a_request().model_copy(update={"action": action})
    _, event = ask(request)
    assert isinstance(event, events.Requested)
    return event


def refused(verb: str, code: str) -> events.AttemptRefused:
    return events.AttemptRefused(request_id="R01-0000001", at=NOW, by="eve", verb=verb, code=code)


def counting(
    meters: Meters, record: Any = None, find: Any = None, actions: Any = ("prod-db-debug",)
) -> Counting:
    async def recorded(_: Any) -> None:
        """It is recorded."""

    async def found(_: Any) -> list[Any]:
        return []

    return Counting(meters, record or recorded, find or found, lambda: actions)


def test_forged_names_add_a_bounded_number_of_lines():
    """10,000 actions that policy does not know are one; 10,000 verbs and codes are two hundred; so are many actions."""
    meters = Meters()
    before = len(generate_latest(meters.registry).splitlines())
    count = counting(meters)
    template = requested()
    for number in range(FORGED):
        count.count(template.model_copy(update={"action": f"forged-{number}\n{{}}"}))
        count.count(refused(f"verb-{number}", f"code-{number}"))
    lines = generate_latest(meters.registry).splitlines()
    assert FORGED == value(shown(meters), "jit_requests_total", action="other", outcome="require")
    assert len(lines) - before < 2 * MOST * 2 + 20
    many = counting(meters, actions={f"action-{number}" for number in range(FORGED)})
    for number in range(FORGED):
        many.count(template.model_copy(update={"action": f"action-{number}"}))
    assert len(generate_latest(meters.registry).splitlines()) - len(lines) < MOST * 2 + 20


async def test_forged_paths_and_methods_add_a_bounded_number_of_lines():
    """What no route has is one route, and what is no method of HTTP one method; a template stands for its paths."""
    meters = Meters()

    async def readiness() -> Health:
        return Health({}, {}, "")

    web = make_web(readiness, None)

    @web.get("/v1/requests/{request_id}")
    async def one(request_id: str) -> str:
        return request_id

    app = watching(web, meters)
    for number in range(FORGED):
        await asks(app, f"M{number}", f"/forged/{number}")
    for number in range(50):
        await asks(app, "GET", f"/v1/requests/R01-{number}")
    counted = shown(meters)
    assert FORGED == value(
        counted, "jit_http_requests_total", method="unknown", route="unknown", status="404"
    )
    route = "/v1/requests/{request_id}"
    assert 50.0 == value(counted, "jit_http_requests_total", method="GET", route=route, status="200")
    assert 2 == len([each for each in counted["jit_http_requests"].samples if each.name.endswith("_total")])


async def asks(app: Any, method: str, path: str) -> None:
    """Send a request to an application, without a network."""
    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "root_path": ""}
    scope |= {
        "query_string": b"",
        "headers": [],
        "scheme": "http",
        "http_version": "1.1",
        "server": ("bot", 80),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: Any) -> None:
        """Nobody reads it."""

    await app(scope, receive, send)


async def test_an_application_that_breaks_is_counted_as_500():
    """The error goes on to whoever serves it."""
    meters = Meters()

    async def broken(*_: Any) -> None:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError):
        await asks(watching(broken, meters), "GET", "/x")
    assert 1.0 == value(shown(meters), "jit_http_requests_total", status="500")


async def test_what_is_not_recorded_is_not_counted():
    """The outbox gives it again; then it is."""
    meters, entry = Meters(), Entry(0, "1-0", requested())

    async def fails(_: Any) -> None:
        raise Unavailable

    with pytest.raises(Unavailable):
        await counting(meters, fails).handle([entry])
    assert 0.0 == value(shown(meters), "jit_events_total")
    await counting(meters).handle([entry])
    assert 1.0 == value(shown(meters), "jit_events_total", kind="requested")


@pytest.mark.parametrize("error", [Unavailable(), RuntimeError("a bug")])
async def test_what_cannot_be_counted_is_recorded_all_the_same(error):
    """Without the request its durations are not known; a bug is told in the log, and nobody else is held up."""
    recorded: list[Any] = []
    lapsed = events.Denied(
        request_id="R01-0000001", at=NOW, by="ben", stage="owners", comment="", proof=events.SLACK_SESSION
    )

    async def record(entries: Any) -> None:
        recorded.extend(entries)

    async def find(_: Any) -> Any:
        raise error

    with capture_logs() as log:
        await counting(Meters(), record, find).handle([Entry(0, "1-0", lapsed)])
    assert 1 == len(recorded)
    assert ["not_measured_without_store" if isinstance(error, Unavailable) else "not_counted"] == [
        line["event"] for line in log
    ]


async def test_durations_are_those_of_the_request():
    """From asking to the decision, from granting to access, and how long it stood; what is gone is left out."""
    meters = Meters()
    request = a_request().model_copy(update={"starts_at": NOW + timedelta(seconds=100)})

    async def find(ids: Any) -> Any:
        return [request] if request.id in ids else []

    def event(kind: Any, seconds: float, request_id: str = request.id, **more: Any) -> Entry:
        at = NOW + timedelta(seconds=seconds)
        return Entry(0, "1-0", kind(request_id=request_id, at=at, by="ben", **more))

    decided = {"stage": "owners", "comment": "", "proof": events.SLACK_SESSION, "settled": True}
    ends_at = NOW + timedelta(hours=1)
    await counting(meters, find=find).handle(
        [
            event(events.Approved, 90, **decided),
            event(events.Approved, 90, "R01-0000009", **decided),
            event(events.Approved, 30, **decided | {"settled": False}),
            event(events.Activated, 102, connector="x", summary="", ends_at=ends_at),
            event(events.Ended, 700, cause=events.EndCause.EXPIRED),
        ]
    )
    found = shown(meters)
    assert (1.0, 90.0) == (
        value(found, "jit_decision_seconds_count", decision="approved"),
        value(found, "jit_decision_seconds_sum", decision="approved"),
    )
    assert (2.0, 600.0) == (
        value(found, "jit_grant_start_seconds_sum"),
        value(found, "jit_grant_seconds_sum", cause="expired"),
    )


async def test_a_store_that_answers_something_else():
    """Whatever the look at the store fails with is told in the log, and the scrape says that the store is away."""

    async def read() -> Any:
        raise KeyError("a bug")

    with capture_logs() as log:
        found = await Standing(read).families()
    assert {"jit_store_up": 0.0} == {
        family.name: family.samples[0].value for family in found if family.name == "jit_store_up"
    }
    assert ["store_not_looked_at"] == [line["event"] for line in log]


async def test_many_scrapes_share_a_look():
    """A hundred at once ask the store once."""
    looked = []

    async def read() -> Any:
        looked.append(1)
        await asyncio.sleep(0.01)
        raise Unavailable

    standing = Standing(read)
    await asyncio.gather(*(standing.families() for _ in range(100)))
    assert [1] == looked


async def test_calls_of_targets():
    """Each is told with its connector, operation and how it went; what a connector raises goes on."""
    meters = Meters()
    calls, opened = Calls(meters.connector_called), Opened(GrantKey(), 1)

    async def works() -> int:
        return 7

    async def fails() -> int:
        raise ConnectorFailed("no")

    assert 7 == await calls.make("grant", opened, works, lambda: None)
    with pytest.raises(ConnectorFailed):
        await calls.make("revoke", opened, fails, lambda: None)
    assert (1.0, 1.0) == (
        value(shown(meters), "jit_connector_call_seconds_count", operation="grant", outcome="done"),
        value(shown(meters), "jit_connector_call_seconds_count", operation="revoke", outcome="failed"),
    )


async def test_jobs():
    """Done, failed, waiting for the store, and skipped as the last one still runs."""
    meters = Meters()

    async def works() -> None:
        """Does it."""

    async def fails() -> None:
        raise RuntimeError("a bug")

    async def waits() -> None:
        raise Unavailable

    with capture_logs():
        for name, job in {"a": works, "b": fails, "c": waits}.items():
            await once_guarded(name, job, meters.job_ran)
    scheduler = make_scheduler({"d": (timedelta(seconds=60), works)}, meters.job_ran)
    scheduler.start(paused=True)
    from apscheduler.events import EVENT_JOB_MAX_INSTANCES, JobSubmissionEvent

    scheduler._dispatch_event(JobSubmissionEvent(EVENT_JOB_MAX_INSTANCES, "d", "default", []))
    scheduler.shutdown(wait=False)
    outcomes = {
        (sample.labels["job"], sample.labels["outcome"])
        for sample in shown(meters)["jit_job_runs"].samples
        if sample.name.endswith("_total")
    }
    assert {("a", "done"), ("b", "failed"), ("c", "waited"), ("d", "skipped")} == outcomes
    assert 1 == len(shown(meters)["jit_job_last_success_timestamp_seconds"].samples)


async def test_calls_of_slack_alone():
    """By method and status, an answer that never came too; what goes elsewhere over the same session is not counted."""
    meters, asked = Meters(), []

    async def answer(request: aio.Request) -> aio.Response:
        asked.append(request.path)
        return aio.Response(status=429 if request.path.endswith("chat.update") else 200)

    served = aio.Application()
    served.router.add_route("*", "/{tail:.*}", answer)
    runner = aio.AppRunner(served)
    await runner.setup()
    site = aio.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
    async with aiohttp.ClientSession() as http:
        trace_slack(http, f"{url}/api/", meters)
        await http.post(f"{url}/api/chat.update?x=1")
        await http.post(f"{url}/api/chat.postMessage")
        await http.get(f"{url}/scim/v2/Users")
        await runner.cleanup()
        with pytest.raises(aiohttp.ClientError):
            await http.post(f"{url}/api/users.info")
    assert 3 == len(asked)
    assert {("chat.update", "429"), ("chat.postMessage", "200"), ("users.info", "none")} == {
        (sample.labels["method"], sample.labels["status"])
        for sample in shown(meters)["jit_slack_calls"].samples
        if sample.name.endswith("_total")
    }


def test_lines_of_the_log_from_warnings_on(capsys, monkeypatch):
    """By level and event; whatever else a line says is not looked at, and there are no more than 200."""
    monkeypatch.setattr(logs, "LINES", logs.Counter())
    logs.set_up("json", "info")
    structlog.get_logger().info("approved", by="ben")
    structlog.get_logger().warning("event_failed", error="ana")
    structlog.get_logger().error("event_failed", error="ben")
    assert {("warning", "event_failed"): 1, ("error", "event_failed"): 1} == logs.LINES
    for number in range(FORGED // 10):
        structlog.get_logger().warning(f"forged {number}")
    assert logs.MOST_EVENTS + 1 == len(logs.LINES)
    assert logs.LINES["warning", "other"] == FORGED // 10 - (logs.MOST_EVENTS - 2)
    capsys.readouterr()
    logging.getLogger().handlers.clear()
    structlog.reset_defaults()
