"""A request for one exact command, or for exact parameters: what is approved is that and nothing else.

What is bound is told by a digest: SHA-256, in hexadecimal, over the canonical JSON (RFC 8785) of the list of the
command's words, or of the object of parameters. Only the server computes it from what was sent; callers say later what
they are about to do, and it has to be the same.
"""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

import rfc8785

from app.domain.refusals import BadInput, DigestMismatch, DigestNeeded
from app.domain.value import Value

LONGEST = 8_192
"""Bytes of the canonical form."""
MOST_WORDS = 256
DEEPEST = 20


class Binding(Value):
    """What a request is bound to. `canonical`: its JSON as RFC 8785 writes it, of which `digest` is the SHA-256."""

    canonical: str
    digest: str

    @property
    def is_command(self) -> bool:
        """Tell whether it is the words of a command; parameters otherwise."""
        return self.canonical.startswith("[")


def bind_command(words: Sequence[str]) -> Binding:
    """Bind to a command, by its words as they are executed. Raises BadInput."""
    if not words or not words[0]:
        raise BadInput("A command has at least one word: what to run.", field="command")
    if len(words) > MOST_WORDS:
        raise BadInput(f"The command has {len(words)} words, and {MOST_WORDS} is the most.", field="command")
    return _bind(list(words), "command")


def bind_parameters(parameters: dict[str, Any]) -> Binding:
    """Bind to parameters of a call. Raises BadInput."""
    if not parameters:
        raise BadInput("Parameters without any say nothing: name at least one.", field="parameters")
    if _depth(parameters) > DEEPEST:
        raise BadInput(f"The parameters lie deeper than {DEEPEST} levels.", field="parameters")
    return _bind(parameters, "parameters")


def must_be_bound_to(request_id: str, binding: Binding | None, digest: str) -> None:
    """Raise DigestNeeded or DigestMismatch unless a request permits what has this digest.

    One that is bound to nothing permits anything, whether or not a digest is said.
    """
    if binding is None:
        return
    if not digest:
        raise DigestNeeded(request_id)
    if not hmac.compare_digest(binding.digest, digest):
        raise DigestMismatch(request_id)


def _bind(what: Any, field: str) -> Binding:
    try:
        canonical = rfc8785.dumps(what)
    except (rfc8785.CanonicalizationError, UnicodeError) as error:
        raise BadInput(
            f"The {field} cannot be told apart exactly ({error}): write such numbers as text, and text in UTF-8.",
            field=field,
        ) from None
    if len(canonical) > LONGEST:
        raise BadInput(
            f"The {field} takes {len(canonical):,} bytes of JSON, and {LONGEST:,} is the most: "
            "put the rest into a file, and bind to its digest.",
            field=field,
        )
    return Binding(canonical=canonical.decode(), digest=hashlib.sha256(canonical).hexdigest())


def _depth(value: Any) -> int:
    """How deep a value lies, without recursion: what is sent may be deeper than any stack."""
    deepest, left = 0, [(value, 1)]
    while left:
        found, level = left.pop()
        deepest = max(deepest, level)
        if deepest > DEEPEST:
            return deepest
        inner = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
        left += [(each, level + 1) for each in inner]
    return deepest
