"""Patterns as in a shell: `*`, `?`, `[abc]`, `[!abc]`; the case counts, and a pattern matches the whole."""

import fnmatch
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

_SIGN = re.compile(r"[*?\[]")


def is_pattern(text: str) -> bool:
    """Tell whether a text stands for more than itself."""
    return _SIGN.search(text) is not None


def may_overlap(one: str, other: str) -> bool:
    """Tell whether two globs can match the same text; True for two patterns, where it is hard to say."""
    if is_pattern(one) and is_pattern(other):
        return True
    if is_pattern(one):
        return fnmatch.fnmatchcase(other, one)
    return fnmatch.fnmatchcase(one, other)


def may_match_below(glob: str, start: str) -> bool:
    """Tell whether a glob can match a text that begins with `start` and goes on."""
    fixed = glob[: found.start()] if (found := _SIGN.search(glob)) else glob
    if fixed.startswith(start):
        return len(glob) > len(start)
    return is_pattern(glob) and start.startswith(fixed)


@dataclass(frozen=True, slots=True)
class Globs:
    """Several globs at once: names are looked up, and patterns are one expression."""

    names: frozenset[str]
    pattern: re.Pattern[str] | None

    @classmethod
    def of(cls, globs: Iterable[str]) -> "Globs":
        """Compile globs; the same ones once, as many rules and actions name the same."""
        return _compiled(tuple(globs))

    def match(self, text: str) -> bool:
        """Tell whether any of the globs matches the whole text."""
        return text in self.names or (self.pattern is not None and self.pattern.match(text) is not None)


@lru_cache(maxsize=10_000)
def _compiled(globs: tuple[str, ...]) -> Globs:
    patterns = "|".join(fnmatch.translate(glob) for glob in globs if is_pattern(glob))
    names = frozenset(glob for glob in globs if not is_pattern(glob))
    return Globs(names, re.compile(patterns) if patterns else None)
