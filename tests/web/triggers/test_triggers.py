"""Contract of triggers: a genuine event opens exactly one request, which people decide; nothing else opens any.

Events are the vendors' own samples, signed by code of these tests. What is forged, replayed, late, too large, of
another type or another source opens nothing, and is told so by a problem document.
"""

import json
from datetime import timedelta

import pytest

from app.domain.request import State
from tests.web.callers import at_once, at_the_api
from tests.web.triggers.conftest import with_triggers
from tests.web.triggers.senders import SECRETS, confirmation, sample, signed, standard
from tests.workplace import live_markup, thread

SOURCES = ("github", "gitlab", "alertmanager", "pagerduty", "eventbridge", "hmac", "sns")
EXPECTED = {
    "github": ("ana", "prod-db-migration", "orders-db", "MIG-12: add an index on orders.customer_id https://github.com/harbour/orders/pull/41"),
    "gitlab": ("deploy-ci", "prod-db-migration", "orders-db", "MIG-12: add an index"),
    "alertmanager": ("deploy-ci", "prod-db-debug", "orders-db", "INC-7"),
    "pagerduty": ("ana", "prod-debug-session", "checkout", "Incident 1234: Checkout is slow"),
    "eventbridge": (
        "ana", "prod-db-debug", "orders-db",
        "AWS refused ModifyDBInstance, event c0ffee00-1234-4567-89ab-cdef01234567",
    ),
    "hmac": ("deploy-ci", "prod-db-debug", "payments-db", "Run 871"),
    "sns": ("deploy-ci", "prod-db-debug", "orders-db", "INC-7"),
}  # fmt: skip
HOUR = timedelta(hours=1, minutes=1)


def opened(said):
    assert 202 == said.status, said.body
    return [each["request"] for each in said.body["opened"]]


async def refused(sending, said, status, code):
    """What was sent is refused so, as a problem document, and opened nothing."""
    assert (status, code) == (said.status, said.code), said.body
    assert "application/problem+json" == said.headers["content-type"]
    assert [] == await sending.requests()


@pytest.mark.parametrize("source", SOURCES)
async def test_a_genuine_event_opens_a_request(sending, source):
    """Each source's sample opens the request that its trigger maps it to, pending, with the source `trigger`."""
    said = await sending.send(source, sample(source))
    request = await sending.work.request(opened(said)[0])

    assert EXPECTED[source] == (request.requester.id, request.action, request.resource, request.reason)
    assert (State.PENDING, "trigger", "") == (request.state, request.source, request.ip)


async def test_the_whole_story(sending):
    """An event, its card, the asker kept from approving it, another's approval, and access that is live."""
    request_id = opened(await sending.send("eventbridge", sample("eventbridge")))[0]
    work = sending.work
    card = await work.card(request_id, "Ana Ruiz", "orders-db", "AWS refused", offering="jit_approve")

    assert "no one decides on their own" in await work.refused("@ana", card, "jit_approve")
    await work.clicks("@ben", card, "jit_approve")
    await work.reaches(request_id, State.ACTIVE)
    await work.told("@ana", "orders-db")
    assert any("Ben Okafor" in line or "U0BEN" in line for line in thread(await work.settled(), card))
    assert "requested" == (await work.events(request_id))[0]
    assert [request_id] == opened(await sending.send("eventbridge", sample("eventbridge")))


@pytest.mark.parametrize("source", SOURCES)
async def test_an_event_that_comes_again(sending, source):
    """The same event, sent ten times at the same instant and once more later, opens one request."""
    event = sample(source)
    said = await at_once(sending.send(source, event) for _ in range(10))
    said.append(await sending.send(source, event))

    assert 1 == len({request for each in said for request in opened(each)})
    assert 1 == len(await sending.requests())


async def test_an_event_that_races_over_replicas(workplace, monkeypatch):
    """Two bots on one Redis take the same event at the same instants, and open one request."""
    from pydantic import SecretStr

    from tests.web.triggers.conftest import ENVIRONMENT, Sending

    secrets = {"JIT_TRIGGER_": {name: SecretStr(value) for name, value in ENVIRONMENT.items()}}
    async with at_the_api(workplace(with_triggers), **secrets) as callers:
        await callers.work.start(**secrets)
        sending, event = Sending(callers, None), sample("pagerduty")
        said = await at_once(sending.send("pagerduty", event) for _ in range(30))

        assert 1 == len({request for each in said for request in opened(each)})
        assert 1 == len(await sending.requests())


async def test_once_per(sending):
    """Events that policy says are one are one, though their bodies and ids differ; another is another."""
    event = sample("pagerduty")
    first = opened(await sending.send("pagerduty", event))
    event["event"]["id"] = "another-event"
    again = opened(await sending.send("pagerduty", event))
    event["event"]["data"]["id"] = "another-incident"

    assert first == again
    assert first != opened(await sending.send("pagerduty", event))


async def test_who_asks_stays(sending):
    """When the shift changes between two deliveries of an event, it is still one request, of the first person."""
    event = sample("pagerduty")
    first = opened(await sending.send("pagerduty", event))
    await sending.work.repolicy(lambda policies: policies["rotas"]["platform"].update(people=["ben"]))

    assert first == opened(await sending.send("pagerduty", event))
    assert 1 == len(await sending.requests())


async def test_what_does_not_match(sending):
    """A genuine event that no condition wants, or that lacks the fields that are looked at, opens nothing."""
    ping = {"zen": "Keep it logically awesome.", "hook_id": 30, "repository": {"id": 35129377}}
    other = sample("github") | {"action": "unlabeled"}

    assert [[], []] == [opened(await sending.send("github", each)) for each in (ping, other)]


# -- what is not genuine ---------------------------------------------------------------------------------


@pytest.mark.parametrize("source", [each for each in SOURCES if each != "sns"])
async def test_forged(sending, source):
    """A wrong secret, no signature, two of them, or a body that was changed afterwards: refused alike."""
    body = json.dumps(sample(source)).encode()
    right = signed(source, body)
    wrong = [
        signed(source, body, "another-secret-of-16"),
        {},
        dict.fromkeys(right, ""),
        dict.fromkeys(right, "é"),
    ]

    for headers in wrong:
        await refused(sending, await sending.raw(source, body, headers), 401, "not_signed")
    if source in {"github", "pagerduty", "hmac"}:
        await refused(sending, await sending.raw(source, body + b" ", right), 401, "not_signed")


@pytest.mark.parametrize("source", [each for each in SOURCES if each != "sns"])
async def test_another_source(sending, source):
    """What proves an event of one source proves none at the address of another, nor at one that is not there."""
    body = json.dumps(sample(source)).encode()
    others = {each for each in SOURCES if each not in {source, "sns"}}

    for other in others:
        await refused(sending, await sending.raw(other, body, signed(source, body)), 401, "not_signed")
    await refused(sending, await sending.raw("slack", body, signed(source, body)), 422, "bad_input")


async def test_the_shape_of_another_source(sending):
    """A body that is proven and is no event of the source is refused."""
    for source in ("alertmanager", "pagerduty", "eventbridge", "gitlab"):
        await refused(sending, await sending.send(source, sample("github")), 422, "bad_input")


@pytest.mark.parametrize("ago", [310, -310, 10**9])
@pytest.mark.parametrize("source", ["hmac", "gitlab", "alertmanager"])
async def test_a_signature_of_another_time(sending, source, ago):
    """Five minutes later, or earlier, a signature by Standard Webhooks is worth nothing."""
    body = json.dumps(sample(source)).encode()
    late = standard(SECRETS[source].encode(), body, ago=ago)
    await refused(sending, await sending.raw(source, body, late), 422, "late_event")


async def test_a_timestamp_that_is_changed(sending):
    """The timestamp and the id are signed too: a replay cannot be made younger, or another event."""
    body = json.dumps(sample("hmac")).encode()
    old = standard(SECRETS["hmac"].encode(), body, ago=400)
    fresh = standard(SECRETS["hmac"].encode(), body)

    for forged in (old | {"webhook-timestamp": fresh["webhook-timestamp"]}, fresh | {"webhook-id": "msg_2"}):
        await refused(sending, await sending.raw("hmac", body, forged), 401, "not_signed")


async def test_standard_signatures_of_gitlab_and_a_proxy(sending):
    """GitLab's signing token, with its base64 secret, and a signature before Alertmanager, are taken too."""
    for source in ("gitlab", "alertmanager"):
        body = json.dumps(sample(source)).encode()
        said = await sending.raw(source, body, standard(SECRETS[source].encode(), body))
        assert 1 == len(opened(said))


@pytest.mark.parametrize("source", ["pagerduty", "eventbridge", "sns"])
@pytest.mark.parametrize("ago", [HOUR, timedelta(minutes=-6), timedelta(days=400)])
async def test_an_event_of_another_time(sending, source, ago):
    """What happened more than an hour ago, or has not happened yet, opens nothing."""
    await refused(sending, await sending.send(source, sample(source, ago)), 422, "late_event")


async def test_an_event_without_a_time(sending):
    """Where a source tells the time, an event without one, or with no zone, is refused."""
    for time in (None, "yesterday", "2026-03-02T09:30:00", 7, "9999-12-31T23:59:59-14:00"):
        said = await sending.send("eventbridge", sample("eventbridge") | {"time": time})
        assert 422 == said.status
    assert [] == await sending.requests()


async def test_bodies(sending):
    """Ten megabytes, another type, no JSON, JSON that is deep, wide, doubled or no object: refused, each soon."""

    def sent(body, kind="application/json"):
        return sending.raw("github", body, signed("github", body), kind)

    await refused(sending, await sent(b"[" * 10_000_000), 413, "too_large")
    await refused(
        sending, await sent(b"payload=%7B%7D", "application/x-www-form-urlencoded"), 415, "wrong_type"
    )
    for body in (
        b"", b"{", b"[]", b"null", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"\xff\xfe{}", b'{"a": "\\ud800"}',
        b'{"a": 9223372036854775808}', b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b'{"a": [' + b"1," * 60_000 + b"1]}", b'{"a":' * 33 + b"1" + b"}" * 33,
    ):  # fmt: skip
        await refused(sending, await sent(body), 422, "bad_input")


async def test_nobody_to_ask_for(sending):
    """An event of someone whom policy does not know, or of nobody, opens nothing and says why."""
    for login in ("stranger", "", "ANA-RUIZ", 7):
        event = sample("github")
        event["sender"]["login"] = login
        await refused(sending, await sending.send("github", event), 422, "nothing_opened")


@pytest.mark.parametrize("resource", ["orders-db; DROP", "../x", "*", "", "x" * 4000, "checkout", None])
async def test_what_an_event_may_name(sending, resource):
    """A resource that the action does not have is refused, whatever the event writes there."""
    said = await sending.send("hmac", sample("hmac") | {"database": resource})
    await refused(sending, said, 422, "nothing_opened")


async def test_text_of_an_event_is_text(sending):
    """What an event says in the reason pings nobody and is no markup."""
    event = sample("github")
    event["pull_request"]["title"] = "MIG-12 <!channel> *bold* <https://example.com|click>\u202e"
    request_id = opened(await sending.send("github", event))[0]
    card = await sending.work.card(request_id)

    assert not any("channel" in each or "example.com" in each for each in live_markup(card))
    assert "\u202e" not in json.dumps(card)


async def test_a_person_who_is_gone(sending):
    """Somebody whom Slack does not vouch for any more asks for nothing by an event either."""
    sending.work.workspace.user_named("@ana").deleted = True
    await refused(sending, await sending.send("eventbridge", sample("eventbridge")), 422, "nothing_opened")


async def test_a_secret_that_is_missing(workplace):
    """Without its secret, or with one that is short, nothing is proven, and /readyz says which it is."""
    from pydantic import SecretStr

    from tests.web.triggers.conftest import Sending

    secrets = {"JIT_TRIGGER_": {"JIT_TRIGGER_GITHUB": SecretStr("short")}}
    async with at_the_api(workplace(with_triggers), **secrets) as callers:
        sending = Sending(callers, None)
        await refused(sending, await sending.send("github", sample("github"), "short"), 401, "not_signed")
        body = json.dumps(sample("hmac")).encode()
        await refused(sending, await sending.raw("hmac", body, standard(b"", body)), 401, "not_signed")
        health = (await callers.nobody.get("/readyz")).body

    assert "JIT_TRIGGER_GITHUB is shorter than 16 characters" in health["warnings"]["triggers"]
    assert "JIT_TRIGGER_HMAC is not set" in health["warnings"]["triggers"]


async def test_a_flood_of_forgeries(sending):
    """After 120 in a minute a stranger is told to wait."""
    said = await at_once(sending.raw("github", b"{}", {}) for _ in range(125))

    assert {401, 429} == {each.status for each in said}
    assert 120 == sum(each.status == 401 for each in said)


async def test_a_flood_of_events(sending):
    """Of different genuine events a trigger opens 120 an hour, and no approver drowns in more."""

    async def send(number):
        event = sample("hmac") | {"run": number}
        body = json.dumps(event).encode()
        return await sending.raw("hmac", body, standard(SECRETS["hmac"].encode(), body, f"msg_{number}"))

    said = [await send(number) for number in range(122)]

    assert [202] * 120 + [429] * 2 == [each.status for each in said]
    assert said[-1].headers["Retry-After"].isdecimal()


# -- SNS -----------------------------------------------------------------------------------------------


async def test_sns_forged(sending):
    """Changed, unsigned, of another topic, of the old version, or signed by another's key: refused."""
    amazon, right = sending.amazon, sending.amazon.sign(sample("sns"))
    other_topic = amazon.sign(sample("sns") | {"TopicArn": "arn:aws:sns:eu-west-1:999999999999:audit"})
    changed = [
        right | {"Message": "{}"},
        right | {"Subject": "x"},
        right | {"Signature": ""},
        right | {"Signature": "!"},
        right | {"SignatureVersion": "1"},
        right | {"Type": "SubscriptionConfirmation"},
        *(
            right | {name: odd}
            for name in sorted({*right} - {"UnsubscribeURL"})  # which is not signed
            for odd in ([], ["x"], {}, 7, True, None)
            if right[name] != odd
        ),
        other_topic,
        type(amazon)().sign(sample("sns")),
        {},
    ]

    for message in changed:
        said = await sending.raw("sns", json.dumps(message).encode(), {}, "text/plain")
        await refused(sending, said, 401, "not_signed")


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
        "https://169.254.169.254/SimpleNotificationService-1.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-1.pem",
        "https://evil.example/?x=sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-1.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-1.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.eu-west-1.amazonaws.com/bucket/SimpleNotificationService-1.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem?x=1",
        "https://s3.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
        "https://[/SimpleNotificationService-1.pem",
        "file:///etc/passwd",
        "",
        7,
    ],
)
async def test_sns_certificates_from_elsewhere(sending, url):
    """A certificate is fetched from SNS's own host in the topic's region, over https, and from nowhere else."""
    message = sending.amazon.sign(sample("sns") | {"SigningCertURL": url})
    said = await sending.raw("sns", json.dumps(message).encode(), {}, "text/plain")

    await refused(sending, said, 401, "not_signed")
    assert [] == sending.amazon.fetched


async def test_sns_certificate_of_the_past(sending):
    """A certificate that has ended proves nothing."""
    sending.amazon.expire()
    await refused(sending, await sending.send("sns", sample("sns")), 401, "not_signed")


async def test_sns_confirmation(sending):
    """The subscription of a topic that policy names is confirmed at SNS, wherever the message points to."""
    message = confirmation(SubscribeURL="http://169.254.169.254/latest/meta-data")
    said = await sending.send("sns", message)

    assert [] == opened(said)
    topic = "arn%3Aaws%3Asns%3Aeu-west-1%3A123456789012%3Aaudit"
    there = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"
    asked = f"{there}&TopicArn={topic}&Token={message['Token']}"
    assert [message["SigningCertURL"], asked] == sending.amazon.fetched


async def test_sns_confirmation_of_strangers(sending):
    """Another's topic is never confirmed, nor anything fetched for it; neither is a forged confirmation."""
    strange = confirmation("arn:aws:sns:eu-west-1:999999999999:audit")
    await refused(sending, await sending.send("sns", strange), 401, "not_signed")
    assert [] == sending.amazon.fetched

    forged = type(sending.amazon)().sign(confirmation())
    await refused(
        sending, await sending.raw("sns", json.dumps(forged).encode(), {}, "text/plain"), 401, "not_signed"
    )
    assert 1 == len(sending.amazon.fetched)


async def test_sns_certificate_out_of_reach(sending, monkeypatch):
    """When the certificate cannot be had nothing is believed, and the sender is told to come again."""
    from app.web.triggers.refusals import CertificateUnavailable

    async def fetch(url):
        raise CertificateUnavailable("Amazon SNS did not answer.")

    monkeypatch.setattr(sending.work.bot.triggers._sns, "_fetch", fetch)
    await refused(sending, await sending.send("sns", sample("sns")), 503, "certificate_unavailable")
