"""The shapes of single values as JSON Schema, each found by the validator that the loader uses.

Patterns are anchored and of the subset in which JavaScript and Python agree (json-schema.org, «Regular
Expressions»). Where no pattern can say all, it says less: what the loader accepts is never refused.
"""

import inspect
import re
from collections.abc import Callable
from typing import Any, get_args

from app.domain.people import SYSTEM
from app.domain.proof import Factor
from app.policy import addresses, factor_shapes, shapes
from app.policy import context_shapes as context
from app.policy import outside_shapes as outside
from app.policy import target_shapes as target
from app.policy import trigger_shapes as triggers
from app.policy.cases import spec as cases
from app.policy.policy import CATALOGUE

Schema = dict[str, Any]
UNITS = "s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?"
DAY = "mon|tue|wed|thu|fri|sat|sun"
CHANNEL = (
    r"#[^\x00-\x2f\x3a-\x60\x7b-\x7f][^\x00-\x2c\x2e\x2f\x3a-\x5e\x60\x7b-\x7f]{0,79}|[CG][A-Z0-9]{2,20}"
)


def scalar(validate: Callable[..., Any]) -> Schema:
    """Give the schema of what a validator of single values accepts. Raises LookupError for an unknown one."""
    if validate in SHAPES:
        return dict(SHAPES[validate])
    made_with = inspect.getclosurevars(validate).nonlocals
    match made_with:
        case {"words": words}:
            return {"enum": list(words)}
        case {"limit": limit}:
            return _prose(limit)
        case {"of_form": of_form}:
            return scalar(of_form)
        case {"form": form}:
            return _of_form(form)
        case _:
            raise LookupError(f"{validate.__qualname__} has no JSON Schema: write one in {__name__}")


def list_of(validate: Callable[..., Any], item: Schema) -> Schema:
    """Give the schema of a list, by the validator that comes before that of its items."""
    match validate:
        case cases.one_or_more:
            return {"anyOf": [item["items"], item | {"minItems": 1}]}
        case _ if validate is _of(shapes.SomeOf):
            return item | {"minItems": 1}
        case _ if validate is _of(shapes.ListOf):
            return item
        case _:
            raise LookupError(f"{validate.__qualname__} has no JSON Schema: write one in {__name__}")


def text(pattern: str, **more: Any) -> Schema:
    """Give the schema of text that a pattern matches as a whole."""
    return {"type": "string", "pattern": f"^(?:{pattern})$", **more}


def _of_form(form: re.Pattern[str]) -> Schema:
    """Say a pattern, and that of what an editor takes for a number or a boolean the text is meant."""
    if form is shapes.CHANNEL:
        return text(CHANNEL)
    written = text(form.pattern.replace(r"\d", "[0-9]"))
    bounds: Schema = {} if form.fullmatch("-1") else {"minimum": 0}
    numbers = "number" if form.fullmatch("1.5") else "integer" if form.fullmatch("1") else ""
    also: list[Schema] = [{"type": numbers, **bounds}] if numbers else []
    also += [{"type": "boolean"}] if form.fullmatch("true") else []
    return {"anyOf": [written, *also]} if also else written


def _prose(limit: int) -> Schema:
    """Text of up to so many characters, where white space between words counts as one."""
    return {"anyOf": [text(rf"\s*(\S|\s+(?=\S)){{1,{limit}}}\s*"), {"type": ["number", "boolean"]}]}


def _whole(least: int, most: int) -> Schema:
    """A whole number, written as one or in quotes."""
    digits = "[0-9]" if least == 0 else "[1-9]"
    written = text(f"{digits}|[1-9][0-9]{{1,{len(str(most)) - 1}}}")
    return {"anyOf": [{"type": "integer", "minimum": least, "maximum": most}, written]}


def _any_case(pattern: str) -> str:
    return re.sub("[a-z]", lambda letter: f"[{letter[0]}{letter[0].upper()}]", pattern)


def _of(alias: Any) -> Callable[..., Any]:
    """Give the validator of a shape, such as `shapes.Duration`."""
    validate: Callable[..., Any] = get_args(alias)[1].func
    return validate


DURATION = text(rf"(?=.*[1-9])(\s*[0-9]{{1,9}}\s*({_any_case(UNITS)}))+\s*", examples=["30m", "2h", "1d"])
WORD = _of_form(context.ATTRIBUTE)
NAMES = _of_form(shapes.NAME)
PERSONS: Schema = NAMES | {"not": {"const": SYSTEM}}
SHAPES: dict[Callable[..., Any], Schema] = {
    _of(shapes.PersonId): PERSONS,
    _of(shapes.Duration): DURATION,
    _of(shapes.Remind): {"anyOf": [DURATION, {"enum": ["never"]}]},
    _of(shapes.Quorum): _whole(1, shapes.MOST_APPROVALS),
    _of(shapes.Expression): {"type": ["string", "boolean"], "minLength": 1},
    _of(context.Zone): text(context.ZONE.pattern, examples=["UTC", "Europe/Berlin"]),
    _of(context.Days): text(f"({DAY})(-({DAY}))?", examples=["mon", "mon-fri"]),
    _of(context.Clock): text("([01][0-9]|2[0-3]):[0-5][0-9]|24:00", examples=["09:00"]),
    _of(context.Date): text("[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    _of(context.Moment): text("[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}([+-][0-9]{2}:[0-9]{2})?"),
    _of(context.Network): text(r"[0-9A-Fa-f:.]+(/[0-9.]+)?", examples=["10.0.0.0/8"]),
    _of(context.Count): _whole(1, context.MOST_COUNTED),
    _of(context.Per): {"anyOf": [{"enum": ["hour", "day"]}, DURATION]},
    _of(context.Flag): {"enum": [True, False, "true", "false"]},
    _of(context.Attributes): {
        "type": "object",
        "minProperties": 1,
        "propertyNames": text("[a-z][a-z0-9_]{0,31}"),
        "additionalProperties": {"anyOf": [WORD, {"type": "array", "minItems": 1, "items": WORD}]},
    },
    _of(context.Ticket): {
        "anyOf": [{"type": "string", "minLength": 1, "maxLength": 200}, {"type": "number"}]
    },
    target.parameters: {
        "type": "object",
        "minProperties": 1,
        "propertyNames": text(target.KEY.pattern),
        "additionalProperties": {
            "anyOf": [
                {"type": "string", "maxLength": target.LONGEST_TEXT},
                {"type": ["number", "boolean", "array", "object"]},
            ]
        },
    },
    addresses.email_address: text(addresses.FORM, examples=["ana@example.com"]),
    outside.place: text("[^\\x00-\\x1f\\x7f]{1,1000}", examples=["groups/platform.json"]),
    outside.shift: text("[1-9][0-9]{0,2}[dw]", examples=["1w", "1d"]),
    outside.levels: {
        "anyOf": [
            {"const": True},
            {"type": "integer", "minimum": 1, "maximum": outside.MOST_LEVELS},
            text(f"true|[1-{outside.MOST_LEVELS}]"),
        ]
    },
    factor_shapes.factors: {
        "anyOf": [
            {"enum": [*Factor, factor_shapes.ANY]},
            {"type": "array", "minItems": 1, "items": {"enum": [*Factor]}},
        ]
    },
    factor_shapes.fresh: DURATION,
    triggers.words: {
        "anyOf": [
            _prose(500),
            {
                "type": "object",
                "additionalProperties": False,
                "required": ["cel"],
                "properties": {"cel": {"type": "string", "minLength": 1}},
            },
        ]
    },
    triggers.secret_name: text("JIT_TRIGGER_[A-Z0-9_]{1,100}", examples=["JIT_TRIGGER_GITHUB"]),
    cases.instant: text(
        r"\s*([A-Za-z]{3}[a-z]* +)?[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?"
        r"(Z|[+-][0-9]{2}:[0-9]{2}| +[A-Za-z][A-Za-z0-9_+/-]{0,63})?\s*",
        examples=["2026-03-02 10:00 Europe/Berlin"],
    ),
    cases.reason: {
        "anyOf": [{"type": "string", "maxLength": cases.LONGEST_REASON}, {"type": ["number", "boolean"]}]
    },
    cases.address: text(r"unknown|[0-9A-Fa-f:.]+(%.+)?", examples=["203.0.113.7", "unknown"]),
    cases.live: _whole(0, 999),
    cases.rule_name: {"anyOf": [NAMES, {"const": CATALOGUE}]},
}
