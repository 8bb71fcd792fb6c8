"""Delivery over HTTP: only what Slack signed, now, is looked at. The same bot, the same story.

docs: authentication/verifying-requests-from-slack (v0 signatures; stale after 5 minutes).
"""

import json
import time
from urllib.parse import urlencode

import pytest

from app.domain.request import State
from app.playground.delivery.signed_http import signature
from tests.workplace import SECRET, at_work, cards

OTHER_SECRET = "f" * 32


@pytest.fixture
async def work(workplace):
    """The bot behind a request URL."""
    async with at_work(workplace(over_http=True)) as opened:
        yield opened


async def test_story(work):
    """Asked, approved by a button, given back by a button."""
    request_id = await work.goes_live()
    told = await work.told("@ana", "You have access", offering="jit_done")

    await work.clicks("@ana", told, "jit_done")

    await work.card(request_id, "Given back by Ana Ruiz", "Access is gone")


async def test_the_url_is_verified(work):
    """Slack's challenge, when the URL is set, is answered."""
    assert await work.board.deliveries.verify_url(work.app)


def forged_click(work, request_id):
    payload = work.click("@ben", "jit_approve", request_id)
    return urlencode({"payload": json.dumps(payload)}).encode()


async def post(work, body, **headers):
    """Post to the bot as anybody could; gives the status."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    async with work.http.post(work.app.request_url, data=body, headers=form | headers) as answer:
        return answer.status


def signed(body, secret=SECRET, at=None):
    stamp = str(int(time.time() if at is None else at))
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature(secret, stamp, body)}


async def test_forged_and_stale(work):
    """Unsigned, signed with another secret, for another body, at another time: 401, and nothing happens."""
    request_id = await work.asks()
    body = forged_click(work, request_id)
    good = signed(body)
    now = time.time()
    forged = {
        "nothing": {},
        "no signature": {"X-Slack-Request-Timestamp": good["X-Slack-Request-Timestamp"]},
        "no timestamp": {"X-Slack-Signature": good["X-Slack-Signature"]},
        "empty": {"X-Slack-Request-Timestamp": "", "X-Slack-Signature": ""},
        "another secret": signed(body, OTHER_SECRET),
        "the default of Socket Mode": signed(body, "socket-mode-verifies-no-signature"),
        "another body": signed(body + b" "),
        "another time": good | {"X-Slack-Request-Timestamp": str(int(now) - 1)},
        "stale": signed(body, at=now - 301),
        "from the future": signed(body, at=now + 600),
        "no number": signed(body) | {"X-Slack-Request-Timestamp": "soon"},
        "cut": good | {"X-Slack-Signature": good["X-Slack-Signature"][:-1]},
        "another version": good | {"X-Slack-Signature": good["X-Slack-Signature"].replace("v0=", "v1=")},
    }

    statuses = {name: await post(work, body, **headers) for name, headers in forged.items()}

    assert dict.fromkeys(forged, 401) == statuses
    assert State.PENDING is (await work.request(request_id)).state
    assert 200 == await post(work, body, **good)
    await work.reaches(request_id, State.ACTIVE)


async def test_replayed(work):
    """A delivery that somebody kept and sends again within its 5 minutes does nothing a second time."""
    body = urlencode({
        "command": "/jit", "text": "request prod-db-debug orders-db 30m INC-7", "user_id": "U0ANA",
        "team_id": "T0DEMO", "channel_id": "C0GENERAL", "trigger_id": "1.2.replayed", "response_url": "",
        "api_app_id": work.app.app_id, "user_name": "ana", "team_domain": "x", "channel_name": "general",
    }).encode()  # fmt: skip
    headers = signed(body)

    for _ in range(3):
        assert 200 == await post(work, body, **headers)

    await work.card("INC-7", offering="jit_approve")
    assert 1 == len(cards(await work.settled()))


async def test_replayed_after_a_restart(work):
    """Nor after a restart, when nothing of it is remembered in the process: the store remembers."""
    body = urlencode({
        "command": "/jit", "text": "request prod-db-debug orders-db 30m INC-7", "user_id": "U0ANA",
        "team_id": "T0DEMO", "channel_id": "C0GENERAL", "trigger_id": "1.2.replayed", "response_url": "",
        "api_app_id": work.app.app_id, "user_name": "ana", "team_domain": "x", "channel_name": "general",
    }).encode()  # fmt: skip
    headers = signed(body)
    assert 200 == await post(work, body, **headers)
    await work.card("INC-7", offering="jit_approve")
    await work.settled()
    await work.replicas.pop().stop()
    await work.start()

    assert 200 == await post(work, body, **headers)

    await work.types("@ana", "/jit list")
    assert 1 == len(cards(await work.settled()))


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"payload=", b"payload=%7B%7D", b"payload=[]", b"\xff\xfe", b"a" * 5000]
)
async def test_signed_nonsense(work, body):
    """What is signed and says nothing is refused, and the bot goes on."""
    status = await post(work, body, **signed(body))

    assert status in {200, 400, 404}
    assert "Your requests" not in await work.types("@ana", "/jit list")


async def test_too_large(work):
    """A body beyond all that Slack sends is not read."""
    body = b"a" * (1024 * 1024 + 1)

    assert 413 == await post(work, body, **signed(body))


async def test_too_large_without_saying_so(work):
    """Nor one that comes in chunks and does not say how long it is."""

    async def chunks():
        for _ in range(40):
            yield b"a" * 64 * 1024

    stamp = {"X-Slack-Request-Timestamp": str(int(time.time())), "X-Slack-Signature": "v0=0"}
    assert 413 == await post(work, chunks(), **stamp)


async def test_health(work):
    """Alive and ready are told beside it."""
    base = work.app.request_url.removesuffix("/slack/events")
    for path, status in (("/healthz", "alive"), ("/readyz", "ready")):
        async with work.http.get(base + path) as answer:
            assert (200, status) == (answer.status, (await answer.json())["status"])
