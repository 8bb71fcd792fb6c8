"""Contract of questions in Slack: asked and answered beside the decision, by those concerned alone.

The thread tells both; whoever is to answer gets a direct message whose button works as long as it is there;
what people write pings nobody; forged, stale and raced forms are refused in a sentence.
"""

import asyncio

import pytest

from app.domain.request import State
from app.playground.hands import in_channel, told_directly
from tests.slack.forged import chosen, sends_form, written
from tests.workplace import PROD, live_markup, shows, thread

ASK_FORM, ANSWER_FORM = "jit_ask_form", "jit_answer_form"


async def asks(work, user, text, request_id):
    """Ask by a form, and wait until the thread has it."""
    await sends_form(work, user, ASK_FORM, request_id, {"comment": written(text)})
    return await work.posted("#prod-approvals", "❓", text)


async def test_an_approver_asks_and_the_requester_answers(work):
    """The whole way: card, form, thread, direct message, form, thread, and back; then the decision."""
    request_id = await work.asks()
    before = await work.request(request_id)
    await work.clicks("@ben", await work.card(request_id, offering="jit_ask"), "jit_ask")
    form = await work.view("@ben", ASK_FORM)
    await work.hands.submits("@ben", form, {"comment": "Which query do you want to run?"})
    told = await work.told("@ana", "Ben Okafor", "Which query", offering="jit_answer")
    card = await work.card(request_id, "A question waits", offering="jit_answer")
    await work.clicks("@ana", told, "jit_answer")
    form = await work.view("@ana", ANSWER_FORM)
    await work.hands.submits("@ana", form, {"comment": "SELECT on orders, nothing else"})
    await work.told("@ben", "answers your question", "SELECT on orders")
    await work.card(request_id, without="jit_answer", offering="jit_approve")
    assert [
        "❓ Ben Okafor asks Ana Ruiz: Which query do you want to run?",
        "💬 Ana Ruiz answers Ben Okafor: SELECT on orders, nothing else",
    ] == thread(await work.settled(), card)
    after = await work.request(request_id)
    assert (before.state, before.lapses_at, before.decisions) == (
        after.state,
        after.lapses_at,
        after.decisions,
    )
    assert ["requested", "question_asked", "question_answered"] == await work.events(request_id)
    story = await work.types("@sam", f"/jit audit {request_id}")
    assert "answered question 1" in story
    told = await work.told("@ana", "Which query", "SELECT on orders")
    assert not shows(told, (), offering="jit_answer")


async def test_the_requester_asks_the_approvers(work):
    """Everyone who is told may answer; the first does, and the others' buttons go."""
    await work.asks()
    status = await work.told("@ana", "Waiting for approval", offering="jit_ask")
    await work.clicks("@ana", status, "jit_ask")
    form = await work.view("@ana", ASK_FORM)
    await work.hands.submits("@ana", form, {"comment": "Is the replica enough?"})
    for_ben = await work.told("@ben", "Is the replica enough?", offering="jit_answer")
    await work.told("@chloe", "Is the replica enough?", offering="jit_answer")
    await work.clicks("@ben", for_ben, "jit_answer")
    form = await work.view("@ben", ANSWER_FORM)
    await work.hands.submits("@ben", form, {"comment": "No, it lags"})
    await work.told("@ana", "Ben Okafor", "No, it lags")
    state = await work.settled()
    offered = [
        m for user in ("@ben", "@chloe") for m in told_directly(state, user) if shows(m, (), "jit_answer")
    ]
    assert [] == offered


async def test_of_two_who_answer_at_once_one_does(work):
    """A race has one winner, and the other is told who it was."""
    request_id = await work.asks()
    await asks(work, "@ana", "Is the replica enough?", request_id)
    await asyncio.gather(
        *(
            sends_form(
                work, user, ANSWER_FORM, request_id, {"question": chosen("1"), "comment": written(user)}
            )
            for user in ("@ben", "@chloe")
        )
    )
    await work.settled()
    events = await work.events(request_id)
    assert 1 == events.count("question_answered")
    request = await work.request(request_id)
    loser = "@chloe" if request.questions[0].answered_by.id == "ben" else "@ben"
    await work.told(loser, f"{request.questions[0].answered_by.name} has answered that already")


@pytest.mark.parametrize(
    ("user", "form", "why"),
    [
        ("@sam", ASK_FORM, "You may not ask about"),
        ("@dev", ASK_FORM, "You may not ask about"),
        ("@sam", ANSWER_FORM, "You may not answer"),
        ("@ben", ANSWER_FORM, "the other side to answer"),
        ("@chloe", ANSWER_FORM, "the other side to answer"),
    ],
)
async def test_forged_by_whom_it_may_not(work, user, form, why):
    """Strangers, security and the asker's own side are refused, and it is recorded."""
    request_id = await work.asks()
    await asks(work, "@ben", "Which query?", request_id)
    await sends_form(work, user, form, request_id, {"question": chosen("1"), "comment": written("hello")})
    await work.told(user, why)
    assert ["requested", "question_asked", "attempt_refused"] == await work.events(request_id)


@pytest.mark.parametrize("number", ["0", "2", "-1", "9" * 400, "", "one", "１"])
async def test_forged_numbers(work, number):
    """A question that is none is not answered."""
    request_id = await work.asks()
    await asks(work, "@ben", "Which query?", request_id)
    await sends_form(
        work, "@ana", ANSWER_FORM, request_id, {"question": chosen(number), "comment": written("x")}
    )
    await work.told("@ana", "question")
    assert None is (await work.request(request_id)).questions[0].answered_by


@pytest.mark.parametrize("text", [None, "", " \n ", "\u200b", "x" * 1001])
async def test_forged_words(work, text):
    """Nothing, and too much, is told in the form and asked of nobody."""
    request_id = await work.asks()
    ack = await sends_form(work, "@ben", ASK_FORM, request_id, {"comment": written(text)})
    assert {"comment"} == set(ack.response["errors"])
    assert () == (await work.request(request_id)).questions


@pytest.mark.parametrize("action", ["jit_ask", "jit_answer"])
async def test_forged_buttons(work, action):
    """A button with another's request, or with garbage, is refused like any."""
    request_id = await work.asks()
    assert "You may not" in await work.answer("@sam", work.forges("@sam", action, request_id))
    assert "is not a request id" in await work.answer("@ben", work.forges("@ben", action, "banana"))
    assert "no request" in await work.answer("@ben", work.forges("@ben", action, "R02-0000000"))
    assert (State.PENDING, ()) == (
        (await work.request(request_id)).state,
        (await work.request(request_id)).questions,
    )


async def test_stale(work):
    """Once it is decided, nothing is asked or answered, and the button in the direct message is gone."""
    request_id = await work.asks()
    await asks(work, "@ben", "Which query?", request_id)
    told = await work.told("@ana", "Which query?", offering="jit_answer")
    await work.clicks("@ana", told, "jit_answer")
    form = await work.view("@ana", ANSWER_FORM)
    await work.clicks("@chloe", await work.card(request_id, offering="jit_approve"), "jit_approve")
    await work.reaches(request_id, State.ACTIVE)
    await work.told("@ana", "No answer is needed any more")
    said = await work.answer("@ana", work.hands.submits("@ana", form, {"comment": "too late"}))
    assert "Chloe Martin has approved" in said
    assert "nothing to ask about any more" in await work.answer(
        "@ben", work.forges("@ben", "jit_ask", request_id)
    )
    state = await work.settled()
    assert [] == [m for m in told_directly(state, "@ana") if shows(m, (), "jit_answer")]


async def test_words_ping_nobody(work):
    """Mentions, broadcasts and links in question and answer stay text wherever they are shown."""
    request_id = await work.asks()
    nasty = "<!channel> <@U0SAM> *bold* <https://evil.example|Approve> &lt;!here&gt;"
    await sends_form(work, "@ben", ASK_FORM, request_id, {"comment": written(nasty)})
    told = await work.told("@ana", "asks about", offering="jit_answer")
    await sends_form(
        work, "@ana", ANSWER_FORM, request_id, {"question": chosen("1"), "comment": written(nasty)}
    )
    back = await work.told("@ben", "answers your question")
    state = await work.settled()
    card = await work.card(request_id)
    lines = in_channel(state, PROD)
    assert [] == [live_markup(m) for m in (told, back, *lines) if m["ts"] != card["ts"] and live_markup(m)]
