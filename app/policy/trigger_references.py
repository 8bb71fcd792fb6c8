"""What only shows when files are seen together, of triggers; and what is allowed there and yet hardly meant."""

from collections import defaultdict
from collections.abc import Iterator

from app.domain.duration import format_duration
from app.domain.token import Scope
from app.policy.draft import Draft, Entry
from app.policy.globs import Globs
from app.policy.problems import MisplacedError, Problem
from app.policy.reach import Reach
from app.policy.trigger_shapes import GATED, AskerSpec, TriggerSpec, WantedSpec, Words
from app.policy.triggers import TEXTS, TRUTHS, over_event
from app.policy.words import unknown


def trigger_misfits(draft: Draft) -> Iterator[Problem]:
    """Find triggers that could never verify, match or open anything."""
    for entry, spec in draft.triggers:
        yield from _verification(entry, spec)
        yield from _gate(entry, spec, draft)
        yield from _conditions(entry, spec)
        yield from _asker(entry, spec.request.asker, draft)
        yield from _wanted(entry, spec.request, draft)


def _verification(entry: Entry, spec: TriggerSpec) -> Iterator[Problem]:
    if spec.source == "sns":
        if spec.secret:
            text = "does not go with sns, whose messages are signed by AWS; remove it, and write topics"
            yield entry.problem(text, "secret")
        if not spec.topics:
            text = "is missing; write the topics that are listened to, for anyone may have one of their own"
            yield entry.problem(text, "topics")
        return
    if not spec.secret:
        text = "is missing; write the name of an environment variable such as JIT_TRIGGER_GITHUB"
        yield entry.problem(text, "secret")
    if spec.topics:
        yield entry.problem(f"does not go with {spec.source}; remove it, or write source: sns", "topics")


def _gate(entry: Entry, spec: TriggerSpec, draft: Draft) -> Iterator[Problem]:
    if not spec.gate:
        if spec.source == "terraform":
            yield entry.problem(
                "is missing; a run task waits for an answer, so name the gate that gives it", "gate"
            )
        return
    if spec.source not in GATED:
        text = f"does not go with {spec.source}, where nothing waits; remove it, or take one of {', '.join(GATED)}"
        yield entry.problem(text, "gate")
    if spec.once_per:
        text = "does not go with gate: there is one request for each deployment that waits; remove it"
        yield entry.problem(text, "once_per")
    action = {each.name: action for each, action in draft.actions}.get(spec.request.action)
    if action is not None and action.connector:
        text = (
            f"{spec.request.action} has a connector, and a gate opens no access; name an action without one"
        )
        yield entry.problem(text, "request", "action")


def _conditions(entry: Entry, spec: TriggerSpec) -> Iterator[Problem]:
    ids: set[str] = set()
    for index, when in enumerate(spec.when):
        if when.id in ids:
            text = f"{when.id} is an earlier condition's id; give each its own"
            yield entry.problem(text, "when", index, "id")
        ids.add(when.id)
        yield from _expression(entry, when.cel, TRUTHS, "when", index, "cel")
    if spec.once_per:
        yield from _expression(entry, spec.once_per, TEXTS, "once_per")
    for key in ("resource", "reason"):
        words: Words = getattr(spec.request, key)
        if words.cel:
            yield from _expression(entry, words.cel, TEXTS, "request", key, "cel")
    if spec.request.asker.person:
        yield from _expression(entry, spec.request.asker.person.cel, TEXTS, "request", "as", "person", "cel")


def _expression(entry: Entry, cel: str, kinds: tuple[str, ...], *at: str | int) -> Iterator[Problem]:
    try:
        over_event(cel, kinds)
    except MisplacedError as error:
        yield entry.problem(str(error), *at)._replace(excerpt=error.excerpt)


def _asker(entry: Entry, asker: AskerSpec, draft: Draft) -> Iterator[Problem]:
    given = [key for key in ("machine", "person", "on_call") if getattr(asker, key)]
    if len(given) != 1:
        said = f"names {' and '.join(given)}" if given else "names nobody"
        yield entry.problem(f"{said}; write one of machine, person and on_call", "request", "as")
        return
    if asker.machine:
        scopes = {each.name: spec.scopes for each, spec in draft.machines}
        if asker.machine not in draft.names("machines"):
            text = unknown("machine", asker.machine, draft.names("machines"))
            yield entry.problem(text, "request", "as", "machine")
        elif Scope.REQUEST not in scopes.get(asker.machine, (Scope.REQUEST,)):
            text = f"{asker.machine} may not ask; give it the scope request"
            yield entry.problem(text, "request", "as", "machine")
    if asker.on_call and asker.on_call not in draft.names("rotas"):
        text = unknown("rota", asker.on_call, draft.names("rotas"))
        yield entry.problem(text, "request", "as", "on_call")
    if asker.person and asker.person.attribute not in draft.attributes:
        text = unknown("attribute", asker.person.attribute, draft.attributes)
        yield entry.problem(text, "request", "as", "person", "attribute")


def _wanted(entry: Entry, wanted: WantedSpec, draft: Draft) -> Iterator[Problem]:
    actions = {each.name: spec for each, spec in draft.actions}
    if wanted.action not in draft.names("actions"):
        text = unknown("action", wanted.action, draft.names("actions"))
        yield entry.problem(text, "request", "action")
    action = actions.get(wanted.action)
    if action is None:
        return  # a malformed one is told already
    if action.bound:
        text = f"{wanted.action} is given for one exact command alone (`bound`), which no event names; open another"
        yield entry.problem(text, "request", "action")
    fixed = wanted.resource.fixed
    if fixed and not Globs.of(action.resources).match(fixed):
        text = f"“{fixed[:60]}” is no resource of {wanted.action}; write one of {', '.join(action.resources)[:200]}"
        yield entry.problem(text, "request", "resource")
    if wanted.lasts and not action.shortest <= wanted.lasts <= action.longest:
        within = f"{format_duration(action.shortest)} to {format_duration(action.longest)}"
        text = (
            f"is {format_duration(wanted.lasts)}; {wanted.action} is given for {within}, write one of these"
        )
        yield entry.problem(text, "request", "for")


def lint_triggers(draft: Draft) -> Iterator[Problem]:
    """Find events that would be approved with nobody asked, by rules that do not say that events are meant.

    And secrets that senders of different kinds share: what proves one would prove the other.
    """
    reach = Reach({entry.name: action.environment for entry, action in draft.actions})
    at_once: dict[str, list[str]] = defaultdict(list)
    for entry, rule in draft.rules:
        if rule.effect == "auto_approve" and rule.mode == "enforce" and not rule.sources:
            for action in reach.of(rule.actions, rule.environments):
                at_once[action].append(entry.name)
    holders: dict[str, tuple[str, str]] = {}
    for entry, spec in draft.triggers:
        if rules := at_once.get(spec.request.action):
            text = (
                f"may be approved with nobody asked, by {rules[0]}, which does not speak of sources; "
                "write sources there, with trigger if that is meant"
            )
            yield entry.problem(text, "request", "action")
        if spec.gate and spec.request.asker.machine:
            text = (
                "names a machine, so nobody is kept from approving a deployment of their own; "
                "write person, where the event tells who deploys"
            )
            yield entry.problem(text, "request", "as")
        if spec.secret:
            name, source = holders.setdefault(spec.secret, (entry.name, spec.source))
            if source != spec.source:
                yield entry.problem(
                    f"is that of {name} too, which is from {source}; give it its own", "secret"
                )
