"""Contract of what is said of mail: anybody may read /readyz, so it has no address in full and no server's words."""

from datetime import timedelta

import pytest

from app.mail.health import OFF, mail_warnings, masked
from app.policy import PolicySource
from app.shipped import shipped
from app.store.post import Failure, Fate, Post
from tests.people import NOW
from tests.workplace import policy_folder


@pytest.fixture
def wanting(tmp_path):
    def want(policies) -> None:
        policies["people"]["ben"]["notify"] = ["email"]

    return PolicySource(policy_folder(tmp_path / "policies", want)).current


async def test_nothing_to_say(redis):
    """No mail wanted, none sent."""
    policy = PolicySource(shipped("policies")).current
    post = Post(redis.calls)
    assert ["", ""] == [await mail_warnings(post, policy, NOW, is_on=on) for on in (True, False)]


async def test_wanted_and_off(redis, wanting):
    """The policies want what the settings do not give."""
    assert OFF == await mail_warnings(Post(redis.calls), wanting, NOW, is_on=False)


async def test_all_that_can_be_wrong(redis, wanting):
    """How many and the newest, masked; a server that cannot be used; letters that wait."""
    post = Post(redis.calls)
    for name in ("first", "second", "third"):
        await post.put(name, "{}")
    said = "user ana.ruiz@example.com unknown at 10.0.0.7"
    failure = Failure(letter="first", to="ana.ruiz@example.com", at=NOW, code=550, said=said, final=True)
    await post.end("first", Fate.FAILED, failure=failure)
    await post.end("second", Fate.WAITING, again_in=60)
    await post.relay_fails("535 hunter2 is wrong")
    late = await post.now() + timedelta(minutes=5)
    told = await mail_warnings(post, wanting, late, is_on=True)
    assert told.startswith(
        "the mail server cannot be used; `jit doctor` says why; letters wait to be sent (1) since "
    )
    assert told.endswith(
        "; letters wait to be tried again (1); letters were not delivered in 7 days (1), the newest to a…@example.com "
        "on 2026-03-02 09:30 UTC (550)"
    )


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ana@example.com", "a…@example.com"),
        ("a@example.com", "…@example.com"),
        ("ab@x.example", "a…@x.example"),
    ],
)
def test_masked(address, shown):
    """Who knows an address recognises it; who does not, does not learn it."""
    assert shown == masked(address)
