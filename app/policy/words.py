"""Names in policy files that name nothing, told with the one that may be meant."""

from collections.abc import Collection, Iterator

from app.policy.draft import Entry
from app.policy.nearest import instead
from app.policy.problems import Problem


def known(
    entry: Entry, words: Collection[str], names: Collection[str], what: str, *path: str | int
) -> Iterator[Problem]:
    """Find the words of a list at `path` that are not among the names."""
    for index, word in enumerate(words):
        if word not in names:
            yield entry.problem(unknown(what, word, names), *path, index)


def unknown(what: str, word: str, names: Collection[str]) -> str:
    """Say that a word is not among the names."""
    return f"there is no {what} “{word}”; {instead(word, names)}"
