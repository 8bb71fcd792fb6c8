"""App Home: what somebody holds, what waits for them, what they can have at once, and what they had.

A view has at most 100 blocks (docs: reference/views/home-tab-views). Each part has its own share of them and
says how much more there is, so that a Home is valid however much there is to show.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.domain.duration import format_duration
from app.domain.people import Principal
from app.domain.proof import factors_in_words
from app.domain.request import Request, State
from app.domain.value import Value
from app.policy.offers import Offer
from app.slack import actions
from app.slack.views.blocks import (
    Block,
    beside,
    button,
    buttons,
    confirm,
    context,
    divider,
    header,
    section,
)
from app.slack.views.card import RISK_SIGN, STATE_SIGN
from app.slack.views.credentials import credentials_button
from app.slack.views.text import clip, escape, moment, said

HELD, ASKED, WAITING, OFFERED, HAD, LIVE = 8, 5, 10, 6, 10, 15
"""How many of each are shown at most."""
REASON_SHOWN, NAME_SHOWN, RUN_SHOWN = 240, 120, 300


class LivePage(Value):
    """A page of everything live, oldest first; `total` of all, `first` the number of the page's first, from 1.

    `before` and `after` are the requests at which the pages around it begin; empty where there is none.
    """

    requests: tuple[Request, ...] = ()
    total: int = 0
    first: int = 1
    before: str = ""
    after: str = ""


class Home(Value):
    """All that a Home shows, as it was at `at`. Whatever there is too much of is cut by the view.

    `waiting` are pending requests and `more_waiting` live ones of which more time is asked, both to be
    decided by this person. `live` is None for those whom policy does not let revoke.
    """

    person: Principal
    at: datetime
    held: tuple[Request, ...] = ()
    asked: tuple[Request, ...] = ()
    waiting: tuple[Request, ...] = ()
    more_waiting: tuple[Request, ...] = ()
    offers: tuple[Offer, ...] = ()
    had: tuple[Request, ...] = ()
    live: LivePage | None = None
    policy_digest: str = ""
    has_pages: bool = False
    """Whether there are pages for people, on which credentials are shown."""


def home_view(home: Home) -> Block:
    """The view that `views.publish` takes."""
    parts = (_waiting(home), _held(home), _asked(home), _offered(home), _live(home), _had(home))
    return _view([
        beside("*Access for what you do, for as long as it takes.*", button("Request access", actions.NEW, "")),
        *(block for part in parts if part for block in (divider(), *part)),
        divider(),
        context(f"As of {moment(home.at)} · policy `{escape(home.policy_digest[:12])}` · `/jit help`"),
    ])  # fmt: skip


def refused_view(why: str) -> Block:
    """The Home of somebody who is told no: why, and nothing else."""
    return _view([section(f"🚫 {escape(why)}")])


def _view(blocks: list[Block]) -> Block:
    return {"type": "home", "blocks": blocks}


def _waiting(home: Home) -> list[Block]:
    total = len(home.waiting) + len(home.more_waiting)
    if not total:
        return []
    more_time = home.more_waiting[: WAITING // 2]
    pending = home.waiting[: WAITING - len(more_time)]
    shown = [block for each in more_time for block in _extension(each)]
    shown += [block for each in pending for block in _pending(each)]
    return [
        header(f"✋ Waiting for you ({total:,})"),
        *shown,
        *_rest(
            total - len(more_time) - len(pending),
            "wait for you, those that wait longest are shown; each has its card in its channel",
        ),
    ]


def _pending(request: Request) -> list[Block]:
    return [
        section(
            f"⏳ *{_name(request.requester)}* asks: {_what(request)} for {format_duration(request.duration)}\n"
            f"{RISK_SIGN.get(request.risk, '⚪')} {escape(request.risk)} risk in {escape(request.environment)} · "
            f"lapses {moment(request.lapses_at)} · {_id(request)}\n{_why(request.reason)}"
            f"{_let_through(request)}{_on_its_card(request)}"
        ),
        buttons(
            *([button("Approve", actions.APPROVE, request.id, "primary")] if _is_all_here(request) else []),
            button("Deny", actions.DENY, request.id, "danger"),
            button("Why?", actions.WHY, request.id),
        ),
    ]


def _extension(request: Request) -> list[Block]:
    extension = request.extension
    if extension is None:
        return []
    more = format_duration(timedelta(seconds=extension.seconds))
    more_time = button("Approve more time", actions.APPROVE_MORE, request.id, "primary")
    return [
        section(
            f"⏱️ *{_name(request.requester)}* asks for {more} more: {_what(request)}\n"
            f"Ends {_moment(request.ends_at)} · {_id(request)}\n{_why(extension.reason)}{_on_its_card(request)}"
        ),
        buttons(
            *([more_time] if _is_all_here(request) else []),
            button("Deny more time", actions.DENY_MORE, request.id, "danger"),
            block_id=actions.showing(request.id, extension.name),
        ),
    ]


def _let_through(request: Request) -> str:
    """What a yes lets go on, and which run of a CI asked."""
    told = [f"🚦 {said(request.gate.what)} is let through, once"] if request.gate else []
    if run := str(request.run or ""):
        told.append(f"⚙️ Signed by the CI: {said(clip(run, RUN_SHOWN))}")
    return "".join(f"\n{each}" for each in told)


def _is_all_here(request: Request) -> bool:
    """Whether a Home shows all that is decided: a command is too long for it, and is not to be approved unread."""
    return request.binding is None


def _on_its_card(request: Request) -> str:
    """What a Home does not show, and where to read it."""
    if request.binding is None:
        return ""
    what = "command" if request.binding.is_command else "set of parameters"
    return f"\n📌 For one exact {what} alone: its card shows it, and is where it is approved."


def _held(home: Home) -> list[Block]:
    if not home.held:
        return [header("🔑 What you hold"), context("Nothing, at the moment.")]
    shown = home.held[:HELD]
    return [
        header(f"🔑 What you hold ({len(home.held):,})"),
        *(block for each in shown for block in _holding(each, home)),
        *_rest(len(home.held) - len(shown), "are live: `/jit list` shows more"),
    ]


def _holding(request: Request, home: Home) -> list[Block]:
    text = f"{STATE_SIGN[request.state]} {_what(request)}\n"
    if request.state is State.ACTIVE and request.ends_at:
        asked = " · more time is asked for" if request.extension else ""
        left = f"{_left(request.ends_at - home.at)} left"
        told = section(f"{text}{left}, until {moment(request.ends_at)}{asked} · {_id(request)}")
        more = [button("More time …", actions.EXTEND, request.id)] if request.may_last_longer else []
        credentials = credentials_button(request, has_pages=home.has_pages)
        return [told, buttons(*credentials, button("Done", actions.DONE, request.id, "primary"), *more)]
    if request.state is State.ENDING:
        return [section(f"{text}The access is being taken back … · {_id(request)}")]
    if request.waits_for_requester and request.confirms_by:
        how = f"{factors_in_words(request.confirms_with)} · lapses {moment(request.confirms_by)}"
        waits = f"{text}Approved; begins once you confirm with {how} · {_id(request)}"
        return [beside(waits, button("Confirm", actions.CONFIRM, request.id, "primary"))]
    if request.state is State.SCHEDULED and request.start_at:
        ask = confirm("Cancel the request?", f"{request.id} is taken back; you can ask again.", "Cancel it")
        starts = f"{text}Approved; starts {moment(request.start_at)} · {_id(request)}"
        return [beside(starts, button("Cancel", actions.CANCEL, request.id, confirm=ask))]
    return [section(f"{text}Approved; the access is being created … · {_id(request)}")]


def _asked(home: Home) -> list[Block]:
    if not home.asked:
        return []
    shown = home.asked[:ASKED]
    return [
        header(f"⏳ What you asked for ({len(home.asked):,})"),
        *(_open(each) for each in shown),
        *_rest(len(home.asked) - len(shown), "wait for a decision: `/jit list` shows more"),
    ]


def _open(request: Request) -> Block:
    ask = confirm("Cancel the request?", f"{request.id} is taken back; you can ask again.", "Cancel it")
    stages = " and ".join(escape(clip(stage.name, NAME_SHOWN)) for stage in request.open_stages[:3])
    waits = f"Waits for {stages}" if stages else "Waits for a decision"
    return beside(
        f"{STATE_SIGN[request.state]} {_what(request)} for {format_duration(request.duration)}\n"
        f"{waits} · lapses {moment(request.lapses_at)} · {_id(request)}",
        button("Cancel", actions.CANCEL, request.id, confirm=ask),
    )


def _offered(home: Home) -> list[Block]:
    if not home.offers:
        return []
    return [
        header("⚡ Yours at once"),
        context("Policy approves these without asking anyone, within their limits."),
        *map(_offer, home.offers[:OFFERED]),
    ]


def _offer(offer: Offer) -> Block:
    on = f" on `{_short(offer.resource)}`" if offer.resource else ""
    return beside(
        f"*{_short(offer.action.title or offer.action.name)}*{on} for {format_duration(offer.duration)}",
        button("Use …", actions.TEMPLATE, offer.action.name),
    )


def _live(home: Home) -> list[Block]:
    page = home.live
    if page is None:
        return []
    if not page.total:
        return [header("🛡️ Everything live"), context("Nothing is live.")]
    shown = page.requests[:LIVE]
    last = page.first + len(shown) - 1
    turns = [
        button(label, actions.HOME_PAGE, at)
        for label, at in (("‹ Earlier", page.before), ("Later ›", page.after))
        if at
    ]
    is_whole = len(shown) == page.total
    where = "" if is_whole else f"{page.first:,} to {last:,} of {page.total:,}, oldest first. "
    return [
        header(f"🛡️ Everything live ({page.total:,})"),
        *(_revocable(each) for each in shown),
        context(f"{where}`/jit revoke @person why` ends all that somebody holds."),
        *([{"type": "actions", "elements": _apart(turns)}] if turns else []),
    ]


def _apart(turns: list[Block]) -> list[Block]:
    """Two buttons of one block need two action ids."""
    return [turn | {"action_id": f"{turn['action_id']}:{number}"} for number, turn in enumerate(turns)]


def _revocable(request: Request) -> Block:
    who = f"{STATE_SIGN[request.state]} *{_name(request.requester)}*"
    text = f"{who}: {_what(request)}\n{_until(request)} · {_id(request)}"
    if request.state is State.ENDING:
        return section(text)
    ask = confirm("Revoke access?", f"{request.id} ends at once, open sessions included.", "Revoke")
    return beside(text, button("Revoke", actions.REVOKE, request.id, "danger", ask))


def _until(request: Request) -> str:
    match request.state:
        case State.ACTIVE:
            return f"Until {_moment(request.ends_at)}"
        case State.ENDING:
            return "Being taken back …"
        case State.APPROVED | State.SCHEDULED if request.confirms_by:
            return f"Approved; waits for its requester to confirm, until {moment(request.confirms_by)}"
        case State.SCHEDULED if request.start_at:
            return f"Approved; starts {moment(request.start_at)}"
        case _:
            return "Approved; being created …"


def _had(home: Home) -> list[Block]:
    if not home.had:
        return []
    return [header("🕘 Your latest requests"), *map(_past, home.had[:HAD])]


def _past(request: Request) -> Block:
    ended = request.finished_at or request.created_at
    return beside(
        f"{STATE_SIGN[request.state]} {_what(request)}\n"
        f"*{request.state.replace('_', ' ').capitalize()}* {moment(ended)} · {_id(request)}\n"
        f"{_why(request.comment or request.reason)}",
        button("Ask again …", actions.AGAIN, request.id),
    )


def _rest(count: int, what: str) -> list[Block]:
    return [context(f"… and *{count:,} more* {what}.")] if count > 0 else []


def _what(request: Request) -> str:
    title = _short(request.action_title or request.action)
    return f"*{title}* on `{_short(request.resource)}`"


def _id(request: Request) -> str:
    return f"`{request.id}`"


def _name(person: Principal) -> str:
    return _short(person.name)


def _short(text: str) -> str:
    return said(clip(text, NAME_SHOWN))


def _why(reason: str) -> str:
    return f"“{said(clip(' '.join(reason.split()), REASON_SHOWN))}”" if reason.strip() else "no reason given"


def _left(left: timedelta) -> str:
    minute = timedelta(minutes=1)
    return format_duration(left if left < minute else left // minute * minute)


def _moment(at: datetime | None) -> str:
    return moment(at) if at else "at its end"


def page_of(live: Sequence[Request], begins: Request | None) -> LivePage:
    """Cut a page out of everything live, which is oldest first.

    It begins at `begins` or, when that one is live no more, at what came next; at the first when it is None.
    """
    place = (begins.created_at, begins.id) if begins else None
    start = sum((each.created_at, each.id) < place for each in live) if place else 0
    start = min(start, max(0, len(live) - 1))
    return LivePage(
        requests=tuple(live[start : start + LIVE]),
        total=len(live),
        first=start + 1,
        before=live[max(0, start - LIVE)].id if start else "",
        after=live[start + LIVE].id if start + LIVE < len(live) else "",
    )
