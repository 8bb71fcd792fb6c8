"""The shape of `with`: parameters of a connector, which alone knows what they mean."""

import re
from typing import Annotated, Any

from pydantic import PlainValidator

KEY = re.compile(r"[a-z][a-z0-9_]{0,31}")
DEEPEST = 3
LONGEST_TEXT = 500
MOST_VALUES = 200
RIGHT = "parameters such as {roles: [readonly]}"


def parameters(value: object) -> dict[str, Any]:
    """Read parameters as they are written: text, lists and mappings, up to 3 deep. Raises ValueError."""
    if not isinstance(value, dict):
        raise ValueError(f"{'is missing' if value is None else 'is not a mapping'}; write {RIGHT}")  # noqa: TRY004
    if not value:
        raise ValueError(f"is an empty mapping; write {RIGHT}, or leave the key out")
    if _count(value) > MOST_VALUES:
        raise ValueError(f"has more than {MOST_VALUES} values; write fewer")
    return {key: _parameter(key, inner, 1) for key, inner in value.items()}


def _count(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_count, inner))


def _parameter(key: str, value: object, depth: int) -> Any:
    """Check one parameter; a value of a mapping is named by its key and a list's by that of the list."""
    if not KEY.fullmatch(key):
        raise ValueError(f"has the key “{key[:60]}”; write a-z, 0-9 and _, such as roles")
    if value is None:
        raise ValueError(f"has {key}, which is missing; write a value, or leave the key out")
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            raise ValueError(f"has {key}, which has {len(value)} characters; write at most {LONGEST_TEXT}")
        return value
    if depth == DEEPEST:
        raise ValueError(f"has {key}, which lies too deep; write at most {DEEPEST} levels")
    if isinstance(value, list):
        return [_parameter(key, inner, depth + 1) for inner in value]
    if isinstance(value, dict):
        return {inner: _parameter(inner, each, depth + 1) for inner, each in value.items()}
    raise ValueError(f"has {key}, which is neither text, a list nor a mapping")


Parameters = Annotated[dict[str, Any], PlainValidator(parameters)]
