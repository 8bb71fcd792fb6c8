"""Small checks that compose into the shape of a block, with complaints worded as Slack words them.

A check takes a value, its JSON pointer and the report to complain to; it returns nothing.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass
class Report:
    """The complaints about one message or view, in Slack's words."""

    errors: list[str] = field(default_factory=list)

    def add(self, complaint: str, pointer: str) -> None:
        """Write `complaint [json-pointer:/blocks/0/…]`."""
        self.errors.append(f"{complaint} [json-pointer:{pointer}]")

    @property
    def messages(self) -> list[str]:
        """The complaints as they stand in `response_metadata.messages`."""
        return [f"[ERROR] {error}" for error in self.errors]


Check: TypeAlias = Callable[[Any, str, Report], None]
NOTHING: Mapping[str, Check] = {}


def string(most: int = 0, least: int = 0, pattern: str = "", what: str = "") -> Check:
    """A string of `least` to `most` characters (0: no limit) that matches `pattern`."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, str):
            report.add("must provide a string", pointer)
        elif most and len(value) > most:
            report.add(f"must be less than {most + 1} characters", pointer)
        elif len(value) < least:
            report.add(f"must be more than {least - 1} characters", pointer)
        elif pattern and not re.fullmatch(pattern, value):
            report.add(f"must be {what}", pointer)

    return check


def whole(least: int, most: int) -> Check:
    """A whole number from `least` to `most`."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            report.add("must provide a number", pointer)
        elif value < least:
            report.add(f"must be greater than {least - 1}", pointer)
        elif value > most:
            report.add(f"must be less than {most + 1}", pointer)

    return check


def flag(value: Any, pointer: str, report: Report) -> None:
    """Check for true or false."""
    if not isinstance(value, bool):
        report.add("must provide a boolean", pointer)


def anything(value: Any, pointer: str, report: Report) -> None:
    """Accept whatever it is."""


def one_of(*allowed: str) -> Check:
    """One of a few words."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if value not in allowed:
            report.add(f"must be a valid enum value: {', '.join(allowed)}", pointer)

    return check


def listing(item: Check, most: int = 0, least: int = 0) -> Check:
    """A list of `least` to `most` items (0: no limit)."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, list):
            report.add("must provide an array", pointer)
            return
        if most and len(value) > most:
            report.add(f"no more than {most} items allowed", pointer)
        if len(value) < least:
            report.add(f"no fewer than {least} items allowed", pointer)
        for index, each in enumerate(value):
            item(each, f"{pointer}/{index}", report)

    return check


def record(
    required: Mapping[str, Check], optional: Mapping[str, Check] = NOTHING, rules: Sequence[Check] = ()
) -> Check:
    """An object with these fields and no others (`type` is its container's business), and rules over them."""
    known = {"type": anything, **required, **optional}

    def check(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, dict):
            report.add("must provide an object", pointer)
            return
        for key in required:
            if value.get(key) is None:
                report.add(f"missing required field: {key}", pointer)
        for key, each in value.items():
            if key not in known:
                report.add(f"invalid additional property: {key}", pointer)
            elif each is not None:
                known[key](each, f"{pointer}/{key}", report)
        for rule in rules:
            rule(value, pointer, report)

    return check


def by_type(shapes: Mapping[str, Check]) -> Check:
    """An object whose `type` says which of these shapes it has."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, dict):
            report.add("must provide an object", pointer)
        elif "type" not in value:
            report.add("missing required field: type", pointer)
        elif not isinstance(value["type"], str) or value["type"] not in shapes:
            report.add(f"unsupported type: {value['type']}", f"{pointer}/type")
        else:
            shapes[value["type"]](value, pointer, report)

    return check


def some_of(*keys: str) -> Check:
    """At least one of these fields."""

    def rule(value: Any, pointer: str, report: Report) -> None:
        if not any(value.get(key) for key in keys):
            report.add(f"missing required field: {' or '.join(keys)}", pointer)

    return rule


def at_most_one_of(*keys: str) -> Check:
    """No two of these fields together."""

    def rule(value: Any, pointer: str, report: Report) -> None:
        if sum(1 for key in keys if value.get(key)) > 1:
            report.add(f"only one of {', '.join(keys)} allowed", pointer)

    return rule
