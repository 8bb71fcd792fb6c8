"""What is wrong with policy files: where it is, what it is, and what would be right."""

from collections.abc import Iterable
from typing import NamedTuple


class Problem(NamedTuple):
    """One thing that is wrong. `line` counts from 1; 0 stands for the folder as a whole.

    `excerpt` is a line of the text that is meant and a caret below the place in it, or empty.
    """

    file: str
    line: int
    key: str
    text: str
    excerpt: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}"
        told = _in_a_line(f"{where}: {self.key}: {self.text}" if self.key else f"{where}: {self.text}")
        return f"{told}\n{self.excerpt}" if self.excerpt else told


def _in_a_line(text: str) -> str:
    """What is quoted from a file may hold line breaks, and would pass for a problem of its own."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


class MisplacedError(ValueError):
    """A value of which one place is wrong: `excerpt` shows which, over two lines, or is empty."""

    def __init__(self, text: str, excerpt: str) -> None:
        self.excerpt = excerpt
        super().__init__(text)


class PolicyError(Exception):
    """Policies cannot come into force; `str()` is all that is wrong with them, over all files.

    Each problem is a line; one that marks a place has two more, which are indented.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))
