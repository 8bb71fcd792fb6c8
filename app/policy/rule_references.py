"""What only shows when files are seen together, of the circumstances and obligations that rules speak of."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from app.domain.duration import format_duration
from app.policy.cel import expression
from app.policy.context_shapes import instant
from app.policy.draft import Draft, Entry
from app.policy.factor_shapes import MfaSpec
from app.policy.nearest import instead
from app.policy.problems import MisplacedError, Problem
from app.policy.schema import ObligationsSpec, RuleSpec, ToldSpec, WindowSpec
from app.policy.words import known
from app.policy.yaml_file import Path_

WRONG_WITH_DENY = {
    "longest": "would deny what is short and let what is long go on; write longer_than instead",
    "at_most": "would deny the first and let those after them go on; write more_than instead",
    "concurrent": "would deny those who hold few and let others go on; write more_concurrent_than instead",
    "obligations": "does not go with deny, which lets nothing through; remove it",
}
EASES = ("break_glass", "parallel", "escalation")


def freezes(draft: Draft) -> Iterator[Problem]:
    """Find freezes whose times are not there, or leave no span."""
    for entry, freeze in draft.freezes:
        times = []
        for key, moment in (("from", freeze.begins), ("to", freeze.ends)):
            try:
                times.append(instant(moment, freeze.zone))
            except ValueError as error:
                yield entry.problem(str(error), key)
        if len(times) == 2 and times[0] >= times[1]:
            yield entry.problem("is not after the freeze's from; write a later time", "to")


def circumstances(entry: Entry, rule: RuleSpec, draft: Draft) -> Iterator[Problem]:
    """Find what is wrong with the times, attributes and expressions of a rule."""
    yield from known(entry, rule.freezes, draft.names("freezes"), "freeze", "freezes")
    yield from wrong_windows(entry, "times", rule.times, draft)
    yield from wrong_windows(entry, "outside_times", rule.outside_times, draft)
    yield from _attributes(entry, rule.requester, draft, "requester")
    for index, stage in enumerate(rule.stages):
        yield from _attributes(entry, stage.approver, draft, "stages", index, "approver")
    yield from _expressions(entry, rule)


def wrong_windows(entry: Entry, key: str, windows: Sequence[WindowSpec], draft: Draft) -> Iterator[Problem]:
    """Find windows that name calendars which are not there, or leave no span."""
    for index, window in enumerate(windows):
        at: Path_ = (key, index)
        yield from known(entry, window.calendars, draft.names("calendars"), "calendar", *at, "calendars")
        if window.begins == window.ends:
            yield entry.problem("is the time at which it begins; leave both out for a whole day", *at, "to")


def effects(entry: Entry, rule: RuleSpec, draft: Draft) -> Iterator[Problem]:
    """Find keys that do not go with the effect, and obligations that cannot be."""
    if rule.effect == "deny":
        for key, text in WRONG_WITH_DENY.items():
            if getattr(rule, key):
                yield entry.problem(text, key)
    if rule.obligations:
        yield from _obligations(entry, rule, rule.obligations, draft)


def _attributes(
    entry: Entry, wanted: Mapping[str, Collection[str]], draft: Draft, *path: str | int
) -> Iterator[Problem]:
    """Find attributes that nobody has: a word that is misspelt would hold for nobody, or for everybody."""
    for key in sorted(wanted.keys() - draft.attributes):
        text = f"speaks of the attribute “{key}”, which no person has; {instead(key, draft.attributes)}"
        yield entry.problem(text, *path, key)


def _expressions(entry: Entry, rule: RuleSpec) -> Iterator[Problem]:
    ids = Counter(when.id for when in rule.when)
    for index, when in enumerate(rule.when):
        at: Path_ = ("when", index)
        if ids[when.id] > 1 and when is not next(each for each in rule.when if each.id == when.id):
            yield entry.problem(f"{when.id} is an earlier condition's id; give each its own", *at, "id")
        try:
            expression(when.cel)
        except MisplacedError as error:
            yield entry.problem(str(error), *at, "cel")._replace(excerpt=error.excerpt)


def _obligations(
    entry: Entry, rule: RuleSpec, obligations: ObligationsSpec, draft: Draft
) -> Iterator[Problem]:
    told = draft.names("groups") | draft.names("people") | draft.names("rotas")
    yield from known(entry, obligations.tell, told, "group or person", "obligations", "tell")
    if rule.effect == "auto_approve":
        for key in EASES:
            if getattr(obligations, key):
                text = "does not go with auto_approve, where nobody is asked; remove it"
                yield entry.problem(text, "obligations", key)
    if "mfa" in obligations.model_fields_set:
        yield from _factors(entry, rule, obligations.mfa)
    if obligations.up_to and rule.longer_than and obligations.up_to <= rule.longer_than:
        longer = format_duration(rule.longer_than)
        text = f"lets nothing through, as the rule is for more than {longer}; write a longer one"
        yield entry.problem(text, "obligations", "up_to")
    for index, rung in enumerate(obligations.escalation):
        yield from _told(entry, rung.to, draft, "obligations", "escalation", index, "to")


def _factors(entry: Entry, rule: RuleSpec, mfa: MfaSpec) -> Iterator[Problem]:
    if not (mfa.approver or mfa.requester):
        text = "asks nobody for a factor; write approver, requester or both, such as approver: webauthn"
        yield entry.problem(text, "obligations", "mfa")
    if mfa.approver and rule.effect == "auto_approve":
        text = "does not go with auto_approve, where nobody is asked; write requester"
        yield entry.problem(text, "obligations", "mfa", "approver")


def _told(entry: Entry, to: ToldSpec, draft: Draft, *at: str | int) -> Iterator[Problem]:
    if not (to.groups or to.people or to.on_call):
        yield entry.problem("names nobody; write groups or people who are told", *at)
    yield from known(entry, to.groups, draft.names("groups"), "group", *at, "groups")
    yield from known(entry, to.people, draft.names("people"), "person", *at, "people")
    yield from known(entry, to.on_call, draft.names("rotas"), "rota", *at, "on_call")
