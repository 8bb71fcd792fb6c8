"""Contract of the postman: whoever can be reached is, whatever becomes of the others, and once as far as can be known.

A real SMTP server and a real Redis.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from app.mail.composer import Composer
from app.mail.letter import Letter, Topic
from app.mail.message import Mailbox
from app.mail.postman import Postman
from app.mail.relay import Relay
from app.mail.said import Said
from app.policy import PolicySource
from app.shipped import shipped
from app.smtp_url import relay_address
from app.store.post import Fate, Post
from app.store.requests import RequestStore
from tests.mail import servers
from tests.mail.servers import smtp_server

SENDER = Mailbox(name="Access bot", address="jit@example.com")


async def nobody() -> tuple[()]:
    return ()


def postman(redis, post: Post, port: int, **how) -> Postman:
    policy = PolicySource(shipped("policies")).current
    composer = Composer(RequestStore(redis.calls), post, lambda: policy, nobody, SENDER)
    relay = Relay(relay_address(f"smtp://127.0.0.1:{port}"), "example.com", each=0.5, whole=1.0)
    return Postman(post, composer.compose, relay, SENDER.address, **{"first_again": 0.1, **how})


@asynccontextmanager
async def on_the_way(*postmen: Postman) -> AsyncIterator[None]:
    running = [asyncio.create_task(each.run()) for each in postmen]
    try:
        yield
    finally:
        for each in running:
            each.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*running)


async def put(post: Post, *addresses: str) -> None:
    for address in addresses:
        said = Said(subject=f"To {address}", headline="Hello")
        letter = Letter(topic=Topic.NOTICE, address=address, said=said)
        await post.put(address, letter.model_dump_json())


async def becomes(post: Post, letter: str, fate: Fate, within: float = 10.0) -> None:
    ends = asyncio.get_running_loop().time() + within
    while await post.fate(letter) is not fate:
        assert asyncio.get_running_loop().time() < ends, f"{letter} is {await post.fate(letter)}"
        await asyncio.sleep(0.02)


BAD = ["stall@example.com", "gone@example.com", "busy@example.com", "dies@example.com", "spam@example.com"]


async def test_nobody_is_held_back(redis):
    """Five bad addresses come first, each bad in its way; the good ones get theirs all the same."""
    post = Post(redis.calls)
    good = [f"person{number}@example.com" for number in range(12)]
    await put(post, *BAD, *good)
    async with smtp_server() as server, on_the_way(postman(redis, post, server.port)):
        for address in good:
            await server.one(address)
        await becomes(post, "gone@example.com", Fate.FAILED)
        await becomes(post, "spam@example.com", Fate.FAILED)
        assert [1] * 12 == [len(server.to(address)) for address in good]
    told = {each.to: (each.code, each.final) for each in await post.failures()}
    assert {
        "gone@example.com": (550, True),
        "spam@example.com": (554, True),
        "busy@example.com": (450, False),
    } == {to: told[to] for to in ("gone@example.com", "spam@example.com", "busy@example.com")}


async def test_what_is_put_off_arrives_once(redis):
    """Greylisted, silent, broken off: tried again until the server is well, and then it arrives, once."""
    post = Post(redis.calls)
    later = ["busy@example.com", "stall@example.com", "dies@example.com"]
    await put(post, *later)
    async with smtp_server() as server, on_the_way(postman(redis, post, server.port)):
        await server.until(lambda: set(later) <= set(server.tried), "each was tried")
        server.mended |= {"busy", "stall", "dies"}
        for address in later:
            await becomes(post, address, Fate.SENT)
        assert [1, 1, 1] == [len(server.to(address)) for address in later]


async def test_a_server_that_comes_back(redis):
    """While it is away the letters wait and it is said; when it is back they arrive and it is not said any more."""
    post = Post(redis.calls)
    async with smtp_server() as server:
        port = server.port
    await put(post, "ana@example.com", "ben@example.com")
    async with on_the_way(postman(redis, post, port)):
        while not await post.relay_trouble():  # noqa: ASYNC110  another server is asked
            await asyncio.sleep(0.02)
        back = servers.Post()
        loop = asyncio.get_running_loop()
        listening = await loop.create_server(
            lambda: servers.SMTP(back, hostname="mail.test"), "127.0.0.1", port
        )
        try:
            await back.one("ana@example.com")
            await back.one("ben@example.com")
            await becomes(post, "ana@example.com", Fate.SENT)
            await becomes(post, "ben@example.com", Fate.SENT)
        finally:
            listening.close()
    assert ("", 0) == (await post.relay_trouble(), (await post.queue()).again)


class Dying(Post):
    """A post whose user dies as they note what became of a letter."""

    def __init__(self, client) -> None:
        super().__init__(client, claimed=timedelta(seconds=0.5))
        self.reached = asyncio.Event()

    async def end(self, *args, **how) -> None:
        self.reached.set()
        await asyncio.sleep(3600)


async def test_killed_between_sent_and_noted(redis):
    """It is sent once more, as nobody knows that it was, with the same Message-ID; then never again."""
    dying, post = Dying(redis.calls), Post(redis.calls, claimed=timedelta(seconds=0.5))
    await put(post, "ana@example.com")
    async with smtp_server() as server:
        async with on_the_way(postman(redis, dying, server.port)):
            await dying.reached.wait()
        async with on_the_way(postman(redis, post, server.port)):
            await becomes(post, "ana@example.com", Fate.SENT)
            await put(post, "ana@example.com")
            await asyncio.sleep(0.8)
        ids = [each["Message-ID"] for each in server.to("ana@example.com")]
    assert (2, 1) == (len(ids), len(set(ids)))


async def test_several_replicas_send_once(redis):
    """Whoever claims a letter sends it, and no other."""
    post = Post(redis.calls)
    everybody = [f"person{number}@example.com" for number in range(30)]
    async with smtp_server() as server:
        replicas = [postman(redis, Post(redis.calls), server.port) for _ in range(3)]
        async with on_the_way(*replicas):
            await put(post, *everybody)
            for address in everybody:
                await becomes(post, address, Fate.SENT)
        assert [1] * 30 == [len(server.to(address)) for address in everybody]


async def test_what_is_too_old_is_given_up(redis, monkeypatch):
    """After a day of trying a letter is given up and told, not tried for ever."""
    monkeypatch.setattr("app.mail.postman.TRIED_FOR", timedelta(seconds=0.3))
    post = Post(redis.calls)
    await put(post, "busy@example.com")
    async with smtp_server() as server, on_the_way(postman(redis, post, server.port)):
        await becomes(post, "busy@example.com", Fate.FAILED)
    newest = (await post.failures())[0]
    assert (450, True) == (newest.code, newest.final)
