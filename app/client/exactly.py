"""The one thing that a call does, where a grant is to be for that alone: a command, or parameters, and their digest.

The digest is the bot's: SHA-256, in hexadecimal, over the canonical JSON (RFC 8785) of the words or of the object.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from .need import NoNeed

LONGEST = 8_192
"""Bytes of the canonical form, as the bot takes them; so are the two below."""
MOST_WORDS = 256
DEEPEST = 20
VALUES = (str, int, float, list, dict, tuple, type(None))


class Exactly(NamedTuple):
    """What is sent to the bot as `part`, to ask for a grant for it."""

    part: str
    what: Any
    digest: str


def exactly_command(words: Any) -> Exactly:
    """Take the words of a command. Raises NoNeed for what no grant can be for, TypeError for what is no command."""
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        raise TypeError("command should give a list of words, each of them text")
    if not words or not words[0] or len(words) > MOST_WORDS:
        raise NoNeed("command", f"has not 1 to {MOST_WORDS} words")
    return _exactly("command", list(words))


def exactly_parameters(parameters: Any) -> Exactly:
    """Take parameters. Raises NoNeed for those that no grant can be for, TypeError for what JSON does not have."""
    if not isinstance(parameters, Mapping):
        raise TypeError("parameters should give a mapping of names to values")
    if not parameters:
        raise NoNeed("parameters", "name nothing")
    return _exactly("parameters", dict(parameters))


def _exactly(part: str, what: Any) -> Exactly:
    import rfc8785  # noqa: PLC0415  only where grants are to be for one exact thing

    _must_be_json(part, what)
    try:
        canonical = rfc8785.dumps(what)
    except (rfc8785.CanonicalizationError, UnicodeError):
        raise NoNeed(part, "cannot be told apart exactly: write such numbers as text") from None
    if len(canonical) > LONGEST:
        raise NoNeed(part, f"take more than {LONGEST:,} bytes")
    return Exactly(part, what, hashlib.sha256(canonical).hexdigest())


def _must_be_json(part: str, what: Any) -> None:
    """Look at everything within, without recursion: what comes from a caller may be deeper than any stack."""
    left = [(what, 1)]
    while left:
        found, level = left.pop()
        if level > DEEPEST:
            raise NoNeed(part, f"lie deeper than {DEEPEST} levels")
        if not isinstance(found, VALUES):
            raise TypeError(f"{part} hold a {type(found).__name__}, which JSON has not: give it as text")
        inner: list[Any] = []
        if isinstance(found, dict):
            inner = [*found.values()]
            if not all(isinstance(key, str) for key in found):
                raise TypeError(f"{part} hold a key that is no text, which JSON has not")
        elif isinstance(found, list | tuple):
            inner = [*found]
        left += [(each, level + 1) for each in inner]
