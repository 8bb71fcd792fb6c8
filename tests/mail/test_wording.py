"""Contract of what mails say: golden text and HTML of each kind, and nothing that is not true any more.

`tests/golden.py` says how to renew them. The pictures in `.artifacts/` show the HTML in both themes.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.audit.chain import Head
from app.audit.digest import make_digest
from app.domain import events
from app.domain import transitions as t
from app.domain.break_glass import break_glass
from app.domain.extension import ask_extension
from app.domain.people import SYSTEM
from app.domain.question import answer_question, ask_question
from app.domain.request import Extension, Lease
from app.domain.verdict import Obligations
from app.mail import wording
from app.mail.digest import digest_mail
from app.mail.message import as_html, as_text
from app.mail.moments import moment
from app.mail.said import Said
from tests.audit.stories import denied, recorded, whole_story
from tests.golden import golden
from tests.mail.readers import LIST, READER
from tests.people import ANA, BEN, CHLOE, NOW, a_request, entitled
from tests.playground.page.conftest import browser as browser  # noqa: PLC0414  a fixture of another folder

ID = "R02-4KX9TQZ"
LINK = "https://jit.example.com/confirm/abc_DEF-123"
LEASE = Lease(connector="grant-key", reference=ID, summary="")
MINUTE = timedelta(minutes=1)
PICTURES = Path(__file__).parents[2] / ".artifacts"


def pending(**more):
    reason = "INC-7: checkout is slow.\nSee https://wiki.example/inc-7 & <b>hurry</b>"
    return t.ask(a_request(request_id=ID).model_copy(update={"reason": reason, **more}))[0]


def live(request=None):
    approved, event = t.approve(request or pending(), BEN, entitled, NOW + MINUTE, "go ahead")
    return t.activate(t.begin_grant(approved, NOW + MINUTE)[0], LEASE, NOW + MINUTE)[0], event


def kinds() -> Iterator[tuple[str, Said | None, str | None]]:
    """Each kind of mail with its name, and the link that it has."""
    request = pending()
    yield "ask", wording.asking(request, READER), LINK
    yield "ask_without_pages", wording.asking(request, READER), None
    yield "reminder", wording.asking(request, READER, again=True), LINK
    asked, question = ask_question(request, BEN, entitled, "Which query? see evil.example", NOW)
    yield "question", wording.question(asked, question.number, READER, answer=False), None
    answered, answer = answer_question(asked, ANA, entitled, 1, "SELECT, once", NOW)
    yield "answer", wording.question(answered, answer.number, READER, answer=True), None
    refused, no = t.deny(request, CHLOE, entitled, NOW, "not during the freeze")
    yield "denied", wording.told(refused, no, READER), None
    yield "settled", wording.settled(refused, READER), None
    active, approval = live()
    yield "approved", wording.told(t.approve(request, BEN, entitled, NOW)[0], approval, READER), None
    yield "approved_to_list", wording.told(active, approval, LIST), None
    activated = events.Activated(
        request_id=ID, at=NOW, by=SYSTEM, connector="grant-key", summary="", ends_at=active.ends_at
    )
    yield "live", wording.told(active, activated, READER), None
    warned, warning = t.warn(active, active.warns_at)
    yield "warning", wording.told(warned, warning, READER), None
    over, ended = t.finish(t.expire(active, active.ends_at)[0], active.ends_at)
    yield "expired", wording.told(over, ended, READER), None
    taken = t.revoke(active, BEN, entitled, False, NOW + 5 * MINUTE, "INC-7 is closed")[0]
    gone, revoked = t.finish(taken, NOW + 5 * MINUTE)
    yield "revoked", wording.told(gone, revoked, READER), None
    lapsed, lapse = t.lapse(request, request.lapses_at)
    yield "lapsed", wording.told(lapsed, lapse, READER), None
    failed, failure = t.fail_grant(
        t.begin_grant(t.approve(request, BEN, entitled, NOW)[0], NOW)[0], "no route", NOW
    )
    yield "grant_failed", wording.told(failed, failure, READER), None
    extension = Extension(seconds=1800, reason="Not done yet", verdict=request.verdict, asked_at=NOW)
    yield "more_time", wording.asking_more(ask_extension(active, ANA, extension, NOW)[0], READER), LINK
    story = recorded([*whole_story(), *denied()])
    head = Head(9, "ab" * 32)
    made = make_digest(story, (), NOW, NOW + timedelta(days=1), head, lambda _: None, READER.names)
    yield "digest", digest_mail(made), None
    yield (
        "digest_of_nothing",
        digest_mail(make_digest((), (), NOW, NOW + timedelta(days=1), head, lambda _: None)),
        None,
    )


def names() -> list[str]:
    return [name for name, _, _ in kinds()]


@pytest.mark.parametrize("name", names())
def test_golden(name):
    """The text and the HTML of each kind."""
    said, link = next((said, link) for each, said, link in kinds() if each == name)
    assert said is not None
    golden(f"mail/golden/{name}.txt", as_text(said, link))
    golden(f"mail/golden/{name}.html", as_html(said, link))


@pytest.mark.asyncio(loop_scope="module")
async def test_pictures(browser):
    """What each looks like, in both themes, for people to look at: nothing is fetched, nothing is too wide."""
    PICTURES.mkdir(exist_ok=True)
    for theme in ("light", "dark"):
        page = await browser.new_page(color_scheme=theme, viewport={"width": 375, "height": 700})
        fetched: list[str] = []
        page.on("request", lambda request, seen=fetched: seen.append(request.url))
        for name, said, link in kinds():
            await page.set_content(as_html(said, link))
            assert 375 == await page.evaluate("document.documentElement.scrollWidth"), f"{name} is too wide"
            await page.screenshot(path=PICTURES / f"mail-{name}-{theme}.png", full_page=True)
        assert [] == fetched
        await page.close()


def test_nothing_waits_that_is_settled():
    """Of a request that was decided nobody reads that it waits for them."""
    request = pending()
    refused = t.deny(request, CHLOE, entitled, NOW)[0]
    asked, question = ask_question(request, BEN, entitled, "Which?", NOW)
    cancelled = t.cancel(asked, ANA, NOW)[0]
    assert None is wording.question(cancelled, question.number, READER, answer=False)
    assert None is wording.asking_more(refused, READER)
    assert None is wording.settled(request, READER)


def test_an_old_warning_is_not_true():
    """Once access has ended, or ends later, nobody is warned of its end."""
    active, _ = live()
    warned, warning = t.warn(active, active.warns_at)
    longer = warned.model_copy(update={"ends_at": warned.ends_at + MINUTE})
    over = t.finish(t.expire(active, active.ends_at)[0], active.ends_at)[0]
    assert [None, None] == [wording.told(each, warning, READER) for each in (longer, over)]


def test_a_glass_that_was_broken():
    """Security reads who went past the stages, and why."""
    lets = pending().verdict.model_copy(update={"obligations": Obligations(break_glass=True)})
    request = pending(verdict=lets)
    broken, event = break_glass(request, ANA, "Checkout is down", lets, NOW)
    said = wording.told(broken, event, READER)
    assert said is not None
    assert ("Ana Ruiz broke the glass: access without approval", ("Checkout is down",)) == (
        said.headline,
        said.quoted,
    )


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("UTC", "Mon 2 Mar 2026, 09:30 UTC"),
        ("Europe/Madrid", "Mon 2 Mar 2026, 10:30 (UTC+0100)"),
        ("Asia/Kolkata", "Mon 2 Mar 2026, 15:00 (UTC+0530)"),
    ],
)
def test_moments(zone, told):
    """In the reader's zone, and for everybody to whom it is passed on."""
    assert told == moment(datetime(2026, 3, 2, 9, 30, tzinfo=UTC), ZoneInfo(zone))
