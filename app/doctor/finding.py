"""What the doctor says of one part."""

from enum import StrEnum
from typing import NamedTuple


class Grade(StrEnum):
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


class Finding(NamedTuple):
    """One sentence about one part of the installation, and how to mend it where it is not good."""

    grade: Grade
    part: str
    said: str
    mend: str = ""


def good(part: str, said: str) -> Finding:
    return Finding(Grade.GOOD, part, said)


def warning(part: str, said: str, mend: str) -> Finding:
    return Finding(Grade.WARNING, part, said, mend)


def bad(part: str, said: str, mend: str) -> Finding:
    return Finding(Grade.BAD, part, said, mend)
