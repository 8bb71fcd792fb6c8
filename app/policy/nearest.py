"""The word that was meant, where another was typed."""

import difflib
from collections.abc import Collection

SHOWN = 20
LONGEST = 64
SHORTEST_BEGINNING = 3


def nearest(typed: str, known: Collection[str]) -> str | None:
    """Give the known word that is most like the one typed, or that it begins; None when there is none.

    Case does not matter.
    """
    folded = typed[:LONGEST].casefold()
    by_folded = {word.casefold(): word for word in known}
    found = difflib.get_close_matches(folded, by_folded, n=1, cutoff=0.6)
    if not found and len(folded) >= SHORTEST_BEGINNING:
        found = sorted(word for word in by_folded if word.startswith(folded))
    return by_folded[found[0]] if found else None


def instead(typed: str, known: Collection[str], what: str = "known here") -> str:
    """Say what would be right: the nearest word, else those that there are."""
    if near := nearest(typed, known):
        return f"did you mean “{near}”?"
    return f"{what}: {listed(sorted(known))}" if known else f"{what}: none"


def listed(words: Collection[str], limit: int = SHOWN) -> str:
    """List words, the first `limit` of them by name and the rest by number."""
    shown = ", ".join(list(words)[:limit])
    return f"{shown} and {len(words) - limit} more" if len(words) > limit else shown
