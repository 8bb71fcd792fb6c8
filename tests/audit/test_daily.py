"""Contract of the digest's making: what is live is read one by one, and tells what it would tell at once."""

from contextlib import closing
from datetime import timedelta

from app.audit.daily import Daily
from app.audit.digest import make_digest
from app.audit.log import AuditLog
from app.domain.ids import new_request_id
from app.store.once import Once
from tests.audit.stories import live_request
from tests.people import BEN, NOW

DAY = timedelta(days=1)


async def test_a_digest_of_a_stream_of_live_grants_is_that_of_their_list(tmp_path, redis):
    """Live grants, and the names of those who asked and decided, are told alike."""
    told, events = live_request()
    others = [told.model_copy(update={"id": new_request_id(told.requester.id)}) for _ in range(7)]

    async def live():
        for request in (told, *others):
            yield request

    async def post(digest, key):
        raise AssertionError("nothing is posted")

    with closing(AuditLog(tmp_path / "audit.sqlite3")) as log:
        log.append([(2, f"1-{number}", event) for number, event in enumerate(events)])
        daily = Daily(log, live, dict, Once(redis.calls, "one"), post, "UTC", 9)
        made = await daily.make(NOW - DAY, NOW + DAY)
        entries = log.between(NOW - DAY, NOW + DAY)
        expected = make_digest(entries, (told, *others), NOW - DAY, NOW + DAY, log.head(), log.asked)
    assert expected == made
    assert BEN.name in {decided.by for decided in made.decided}
