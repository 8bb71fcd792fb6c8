"""Whether what was typed can be asked at all: what is wrong is told with what would be right."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import timedelta

from app.domain.duration import format_duration
from app.domain.refusals import BadInput
from app.domain.value import Value
from app.policy.catalogue import Action
from app.policy.globs import Globs, is_pattern
from app.policy.nearest import listed, nearest
from app.policy.shapes import RESOURCE
from app.policy.spans import span

LONGEST_REASON = 2000
SHOWN = 60
# Bidirectional controls make a text read otherwise than it is (https://www.unicode.org/reports/tr36/).
_BIDIRECTIONAL = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Checked(Value):
    """What can be asked, in the form in which it is judged."""

    action: Action
    resource: str
    duration: timedelta
    reason: str


def find_action(actions: Mapping[str, Action], typed: str) -> Action:
    """Find an action by its name. Raises BadInput."""
    action = actions.get(typed.strip())
    if action is None:
        said = f"“{_cut(typed)}” is not an action" if typed.strip() else "No action is named"
        raise BadInput(f"{said}. {_instead(typed, sorted(actions), 'The actions are')}", field="action")
    return action


def check_resource(action: Action, typed: str) -> str:
    """Give a resource that the action can be done to. Raises BadInput."""
    resource = typed.strip()
    if RESOURCE.fullmatch(resource) and Globs.of(action.resources).match(resource):
        return resource
    said = f"“{_cut(resource)}” is not a resource of {action.name}" if resource else "No resource is named"
    named = [name for name in action.resources if not is_pattern(name)]
    near = nearest(resource, named)
    help_ = f"Did you mean {near}?" if near else f"It can be done to: {listed(action.resources)}."
    raise BadInput(f"{said}. {help_}", field="resource")


def check_duration(action: Action, duration: timedelta | None) -> timedelta:
    """Give how long the action may last, its default when nothing is said. Raises BadInput."""
    if duration is None:
        return action.default
    if duration > action.longest:
        raise BadInput(
            f"{span(duration.total_seconds())} is too long: {action.name} is given for at most "
            f"{format_duration(action.longest)}.",
            field="duration",
        )
    if duration < action.shortest:
        raise BadInput(
            f"{span(duration.total_seconds())} is too short: {action.name} is given for at least "
            f"{format_duration(action.shortest)}.",
            field="duration",
        )
    return duration


def check_reason(action: Action, typed: str) -> str:
    """Give the reason, without control characters other than newline and tab. Raises BadInput."""
    reason = "".join(sign for sign in re.sub(r"\r\n?", "\n", typed) if _is_readable(sign)).strip()
    if not any(unicodedata.category(sign)[0] not in "ZC" for sign in reason):
        reason = ""
    if not reason and action.reason == "required":
        raise BadInput(
            f"{action.name} needs a reason: say what you need it for, such as a ticket and a few words.",
            field="reason",
        )
    if len(reason) > LONGEST_REASON:
        raise BadInput(
            f"The reason has {len(reason):,} characters, and {LONGEST_REASON:,} is the most: "
            "shorten it, and link to the rest.",
            field="reason",
        )
    return reason


def must_be_bound(action: Action) -> str:
    """Say how something is asked for that is given for one exact command alone."""
    return (
        f"{action.name} is given for one exact command or one set of parameters: ask by "
        f"`jit run --bound {action.name} RESOURCE -- CMD`, or through the API with `command` or `parameters`."
    )


def _is_readable(sign: str) -> bool:
    return sign in "\n\t" or (unicodedata.category(sign) not in {"Cc", "Cs"} and sign not in _BIDIRECTIONAL)


def _instead(typed: str, known: list[str], list_is: str) -> str:
    near = nearest(typed.strip(), known)
    return f"Did you mean {near}?" if near else f"{list_is}: {listed(known) or 'none yet'}."


def _cut(text: str) -> str:
    """Shorten what was typed, and show what cannot be seen, or would turn a line around, as �."""
    shown = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text[:SHOWN])
    return shown if len(text) <= SHOWN else f"{shown[:-1]}…"
