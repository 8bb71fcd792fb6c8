"""Where messages are is known for as long as something of them may change.

Contract: the places of a request that is not final are kept however long that is, those of a final one for 30
days, as are those of posts that belong to no request. Who was overtaken begins nothing.
"""

import pytest

from app.domain import transitions as t
from app.store import keys
from app.store.messages import KEPT, Messages, Overtaken, Place
from app.store.requests import RequestStore
from tests.people import ANA, a_request

PLACE = Place("C1", "1.5", "shown")


@pytest.fixture
def messages(connection) -> Messages:
    return Messages(connection.calls)


async def test_kept_while_the_request_is_live(connection, messages):
    """A grant of months still finds its card when it ends; after that the place goes with the request."""
    store = RequestStore(connection.calls)
    request, event = t.ask(a_request(now=await store.now()))
    await store.create(request, event, "d1")
    known = await messages.reserve(request.id, "card")
    await messages.put(request.id, "card", str(PLACE))
    assert -1 == await connection.calls.ttl(keys.messages(request.id))

    read, now = await store.load(request.id)
    assert await store.save(*t.cancel(read, ANA, now), now)
    await messages.begin_change(request.id, "card", str(PLACE), PLACE)

    assert 0 < await connection.calls.ttl(keys.messages(request.id)) <= KEPT.total_seconds()
    assert known.startswith("? ")


async def test_a_post_of_no_request_is_kept_for_a_while(connection, messages):
    """The digest of a day is forgotten in the end."""
    await messages.reserve("digest:2026-11-24", "post")
    left = await connection.calls.ttl(keys.messages("digest:2026-11-24"))
    assert 0 < left <= KEPT.total_seconds()


async def test_who_was_overtaken_begins_nothing(messages):
    """What another process noted since one looked stays as it is."""
    await messages.put("R07-4KX9TQZ", "card", str(PLACE))
    with pytest.raises(Overtaken):
        await messages.reserve("R07-4KX9TQZ", "card")
    with pytest.raises(Overtaken):
        await messages.begin_change("R07-4KX9TQZ", "card", "C1 1.5 older", PLACE)
    assert {"card": str(PLACE)} == await messages.places("R07-4KX9TQZ")
