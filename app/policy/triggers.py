"""Triggers: which events open which requests, and on whose behalf. Pure: nothing is verified or opened here."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from app.domain.people import Principal
from app.domain.refusals import BadInput
from app.domain.token import Scope
from app.policy.cel import Seen, Variables, compiled, environment, first_line
from app.policy.draft import Draft
from app.policy.trigger_event import Event
from app.policy.trigger_shapes import AskerSpec, TriggerSpec, Words

if TYPE_CHECKING:
    from app.policy.policy import Policy

OF_EVENTS: Variables = (("event", "dyn"), ("now", "timestamp"))
LONGEST_TEXT = 2000
TRUTHS = ("BOOL", "DYN")
TEXTS = ("STRING", "DYN")


@lru_cache(maxsize=1000)
def over_event(text: str, kinds: tuple[str, ...]) -> Any:
    """Compile an expression over `event` and `now`. Raises MisplacedError, a ValueError."""
    return compiled(text, OF_EVENTS, kinds=kinds)


class Found(NamedTuple):
    """What one condition found. `why`: expected against actual where it does not hold."""

    id: str
    holds: bool
    why: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """The request that an event opens. `key` names the event: of one key there is one request."""

    by: Principal
    action: str
    resource: str
    duration: timedelta | None
    reason: str
    key: str


@dataclass(frozen=True, slots=True)
class Trigger:
    """One trigger: where events come from, how they are verified, when they count, and what they open."""

    name: str
    spec: TriggerSpec

    @property
    def source(self) -> str:
        return self.spec.source

    def look(self, event: Event, now: datetime) -> list[Found]:
        """Look at an event; it matches when all hold. What cannot be told does not hold. Never raises."""
        bound = {"event": event.content, "now": now.astimezone(UTC)}
        return [self._found(when.id, when.cel, when.message, bound) for when in self.spec.when]

    def _found(self, name: str, cel: str, message: str, bound: dict[str, Any]) -> Found:
        seen = _see(cel, bound)
        if seen.result is True:
            return Found(name, True, "")
        untold = f" (cannot be told: {seen.why})" if seen.result is None else ""
        return Found(name, False, message.rstrip(". ") + untold)

    def wanted(self, event: Event, now: datetime, policy: "Policy") -> Wanted:
        """Map an event that matches to the request that it opens. Raises BadInput, which says what is missing."""
        bound = {"event": event.content, "now": now.astimezone(UTC)}
        asked = self.spec.request
        return Wanted(
            by=_asker(asked.asker, bound, policy),
            action=asked.action,
            resource=_words(asked.resource, bound, "resource"),
            duration=asked.lasts,
            reason=_words(asked.reason, bound, "reason"),
            key=_text(self.spec.once_per, bound, "once_per") if self.spec.once_per else event.key,
        )


def triggers_of(draft: Draft) -> tuple[Trigger, ...]:
    """Take the triggers of a draft, by name."""
    return tuple(Trigger(entry.name, spec) for entry, spec in draft.triggers)


def _asker(spec: AskerSpec, bound: dict[str, Any], policy: "Policy") -> Principal:
    if spec.machine:
        if Scope.REQUEST not in policy.machines.get(spec.machine, ()):
            raise BadInput(f"The machine {spec.machine} may not ask: policy gives it no scope “request”.")
        return Principal(id=spec.machine, name=spec.machine, slack="")
    if spec.person:
        attribute, value = spec.person.attribute, _text(spec.person.cel, bound, "as.person")
        found = [person for person, known in policy.attributes.items() if value in known.get(attribute, ())]
        return _one(found, f"whose {attribute} is {value[:60]}", policy)
    on_call = policy.members.get(spec.on_call or "", frozenset())
    return _one(sorted(on_call), f"on call by {spec.on_call}", policy)


def _one(found: list[str], who: str, policy: "Policy") -> Principal:
    """Give the one person found; none and several are nobody."""
    people = [policy.people[each] for each in found if each in policy.people]
    if len(people) != 1:
        raise BadInput(f"{len(people) or 'No'} people of the policies are those {who}, where one must be.")
    return people[0]


def _words(words: Words, bound: dict[str, Any], key: str) -> str:
    return words.fixed or _text(words.cel, bound, key)


def _text(cel: str, bound: dict[str, Any], key: str) -> str:
    """Evaluate what must be text that is not empty. Raises BadInput."""
    value, why = _value(cel, TEXTS, bound)
    if not isinstance(value, str) or why or not value.strip():
        raise BadInput(f"The event gives no text for {key}: {why or 'it is none, or empty'}.")
    return value if key != "reason" else value[:LONGEST_TEXT]


def _see(cel: str, bound: dict[str, Any]) -> Seen:
    value, why = _value(cel, TRUTHS, bound)
    if not why and (value is True or value is False):
        return Seen(value)
    return Seen(None, why or "it is no bool")


def _value(cel: str, kinds: tuple[str, ...], bound: dict[str, Any]) -> tuple[Any, str]:
    """Evaluate an expression; gives its value, or why there is none. An error is never taken for a text."""
    try:
        result = over_event(cel, kinds).eval(environment(OF_EVENTS).Activation(bound))
        value, kind = result.value(), str(result.type().name())
    except Exception as error:  # noqa: BLE001  what cannot be evaluated is told, whatever is raised
        return None, first_line(error)
    return (None, first_line(value)) if kind in {"ERROR", "UNKNOWN"} else (value, "")
