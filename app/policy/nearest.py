"""The word that was meant, where another was typed."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from difflib import SequenceMatcher
from heapq import nlargest

SHOWN = 20
LONGEST = 64
SHORTEST_BEGINNING = 3
LIKE_ENOUGH = 0.6
COUNTED, COMPARED = 500, 25
"""So many words have their letters counted, and are compared letter by letter (100 µs): those most like, so far."""


def nearest(typed: str, known: Collection[str]) -> str | None:
    """Give the known word that is most like the one typed, or that it begins; None when there is none.

    Case does not matter. However many words there are, few are compared in full: 20,000 take some 20 ms.
    """
    folded = typed[:LONGEST].casefold()
    by_folded = {word.casefold(): word for word in known}
    found = _most_like(folded, by_folded)
    if found is None and len(folded) >= SHORTEST_BEGINNING:
        found = min((word for word in by_folded if word.startswith(folded)), default=None)
    return None if found is None else by_folded[found]


def _most_like(typed: str, words: Iterable[str]) -> str | None:
    """Find the word of the highest ratio (`difflib`), from those that could have the highest downwards.

    No ratio exceeds the share of letters that two words have in common, in whatever order: so the search ends at
    the first word that could not be better.
    """
    found, best = "", LIKE_ENOUGH
    matcher = SequenceMatcher(b=typed)
    likely = nlargest(COUNTED, _in_the_letters_of(typed, words))
    for bound, word in sorted(((_bound(typed, word), word) for _, word in likely), reverse=True)[:COMPARED]:
        if bound < best:
            break
        matcher.set_seq1(word)
        if (ratio := matcher.ratio()) >= best and (ratio > best or not found):
            found, best = word, ratio
    return found or None


def _in_the_letters_of(typed: str, words: Iterable[str]) -> Iterator[tuple[float, str]]:
    """Go through the words that could be like enough, by how much of them is in letters of the one typed.

    Bytes have a fast way to leave letters out; letters beyond Latin-1 count as one and the same.
    """
    letters, length = typed.encode("latin-1", "replace"), len(typed)
    for word in words:
        size = len(word)
        shared = min(size - len(word.encode("latin-1", "replace").translate(None, letters)), length)
        ratio = 2 * shared / (size + length or 1)
        if ratio >= LIKE_ENOUGH:
            yield ratio, word


def _bound(typed: str, word: str) -> float:
    """Give the most that the ratio of two words can be: letters in common, each as often as both have it."""
    return 2 * (Counter(typed) & Counter(word)).total() / (len(typed) + len(word))


def instead(typed: str, known: Collection[str], what: str = "known here") -> str:
    """Say what would be right: the nearest word, else those that there are."""
    if near := nearest(typed, known):
        return f"did you mean “{near}”?"
    return f"{what}: {listed(sorted(known))}" if known else f"{what}: none"


def listed(words: Collection[str], limit: int = SHOWN) -> str:
    """List words, the first `limit` of them by name and the rest by number."""
    shown = ", ".join(list(words)[:limit])
    return f"{shown} and {len(words) - limit} more" if len(words) > limit else shown
