"""What must hold when all is quiet, whatever was killed when: judged from Slack, the log and Redis alone."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from app.playground.hands import readable
from app.playground.model import Json
from tests.crash.crowd import acts, id_in

LIFE = re.compile(
    r"requested "
    r"((approved )?grant_begun (activated (warned )?)?end_begun ended"
    r"|denied|cancelled)"
)
"""Every way that a request of these people may go, as kinds of its events in order; refusals left out."""
FINAL = {
    "denied": "Denied by",
    "cancelled": "Cancelled by",
    "completed": "Given back by",
    "expired": "Time is up",
    "revoked": "Revoked by",
}
"""What a card says in each final state."""
SAID_IN_THREAD = {
    "approved": "✅",
    "denied": "❌",
    "cancelled": "↩️",
    "activated": "🔓",
    "ended": "🔒",
}
"""With what the thread's line of each kind of event begins; a revocation's is ⛔, and template's ✅."""


class Told(NamedTuple):
    """All that there is to see of one bot's life."""

    cards: Sequence[Json]
    replies: Mapping[str, Sequence[Json]]
    """By the card's channel and ts."""
    direct: Sequence[Json]
    entries: Sequence[Json]
    """Of the audit log, as `jit audit show --json` prints them."""
    stream: Sequence[tuple[int, str]]
    """Partition and id of every event in Redis."""
    states: Mapping[str, str]
    """State by request id, in Redis."""
    answered: set[str]
    ends: Mapping[str, str]


def findings(told: Told) -> list[str]:
    """Everything that is not as it must be."""
    events: dict[str, list[Json]] = defaultdict(list)
    for entry in told.entries:
        events[entry["event"]["request_id"]].append(entry["event"])
    cards: dict[str, list[Json]] = defaultdict(list)
    for card in told.cards:
        cards[id_in(card)].append(card)
    found = _of_the_log(told)
    found += [f"{each}: answered, and lost" for each in told.answered - set(events)]
    found += [f"{each}: in Redis, and not in the log" for each in set(told.states) - set(events)]
    found += [f"{each}: a card of no request" for each in set(cards) - set(events)]
    for request_id, happened in events.items():
        state = told.states.get(request_id, "gone")
        theirs = cards.get(request_id, [])
        found += [f"{request_id}: {what}" for what in (
            *_of_the_events(happened, state, told.ends.get(request_id, state)),
            *_of_the_cards(theirs, state),
            *_of_the_thread(happened, [reply for card in theirs for reply in told.replies[_place(card)]]),
            *_of_the_notices(happened, [each for each in told.direct if id_in(each) == request_id]),
        )]  # fmt: skip
    return found


def _place(message: Json) -> str:
    return f"{message['channel']} {message['ts']}"


def _of_the_log(told: Told) -> list[str]:
    recorded = Counter((entry["partition"], entry["stream_id"]) for entry in told.entries)
    happened = Counter(told.stream)
    return [
        *(f"event {each} is recorded {count} times" for each, count in recorded.items() if count > 1),
        *(f"event {each} is not recorded" for each in happened - recorded),
        *(f"entry {each} is of no event" for each in recorded - happened),
    ]


def _of_the_events(happened: list[Json], state: str, intended: str) -> list[str]:
    happened = [event for event in happened if event["kind"] != "attempt_refused"]
    kinds = [event["kind"] for event in happened]
    told = []
    if not LIFE.fullmatch(" ".join(kinds)):
        told.append(f"went a way that there is not: {kinds}")
    last = happened[-1]["cause"] if happened[-1]["kind"] == "ended" else kinds[-1]
    if last != state:
        told.append(f"is {state}, and the log ends with {last}")
    if intended != state and not {intended, state} <= {"revoked", "expired"}:  # whichever came first
        told.append(f"was {intended} by its people, and is {state}")
    by_kind = {event["kind"]: event for event in happened}
    if "activated" in by_kind:
        began, active = by_kind["grant_begun"], by_kind["activated"]
        if began["ends_at"] != active["ends_at"] or active["at"] >= active["ends_at"]:
            told.append("was active beyond its end")
    return told


def _of_the_cards(cards: list[Json], state: str) -> list[str]:
    if len(cards) != 1:
        return [f"has {len(cards)} cards"]
    told = []
    if FINAL[state] not in readable(cards[0]):
        told.append(f"is {state}, and its card says {readable(cards[0])[-200:]!r}")
    if acts(cards[0]):
        told.append(f"is {state}, and its card offers {acts(cards[0])}")
    return told


def _of_the_thread(happened: list[Json], replies: list[Json]) -> list[str]:
    due = []
    for event in happened:
        match event["kind"], event.get("cause"), event.get("verdict", {}).get("outcome"):
            case "requested", _, "auto_approve":
                due.append("✅")
            case "end_begun", "revoked", _:
                due.append("⛔")
            case kind, _, _ if kind in SAID_IN_THREAD:
                due.append(SAID_IN_THREAD[kind])
    said = [readable(reply).split()[0] for reply in replies]
    return [] if due == said else [f"its thread says {said}, and {due} happened"]


def _of_the_notices(happened: list[Json], direct: list[Json]) -> list[str]:
    kinds = Counter(event["kind"] for event in happened)
    asked = happened[0]["verdict"]["outcome"] == "require"
    texts = [readable(message) for message in direct]
    notices = {
        "has ended": kinds["ended"],
        " denied *": kinds["denied"],
    }
    told = [
        f"its requester was told {sum(part in text for text in texts)} times, not {due}: {part!r}"
        for part, due in notices.items()
        if sum(part in text for text in texts) != due
    ]
    warnings = sum("Save your work" in text for text in texts)
    if warnings > kinds["warned"]:
        told.append(f"its requester was warned {warnings} times, and {kinds['warned']} times it was due")
    rest = len(texts) - warnings - sum(notices.values())
    due = int(asked) + (1 if kinds["activated"] else 0)
    if rest != due:
        told.append(f"its requester follows it in {rest} messages, not {due}: {texts}")
    told += [f"a direct message still offers {acts(message)}" for message in direct if acts(message)]
    return told
