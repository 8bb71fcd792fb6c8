"""Ids. An id carries its partition, so that one id is enough to find everything about what it names."""

import re
import secrets
import zlib
from collections.abc import Callable

PARTITIONS = 16
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: nothing to mistake for something else
CODE_LENGTH = 7
ID = re.compile(rf"([RDF])(\d\d)-([{ALPHABET}]{{{CODE_LENGTH}}})")
WORDS = {"R": "request", "D": "delegation", "F": "second factor"}
"""What an id names, by its letter."""

Choose = Callable[[str], str]


def partition_of(requester: str) -> int:
    """Give the partition, 0 to PARTITIONS - 1, in which everything about a requester is kept."""
    return zlib.crc32(requester.encode()) % PARTITIONS


def new_request_id(requester: str, choose: Choose = secrets.choice) -> str:
    """Make an id such as `R07-4KX9TQZ`; `choose` picks one character of an alphabet."""
    code = "".join(choose(ALPHABET) for _ in range(CODE_LENGTH))
    return f"R{partition_of(requester):02d}-{code}"


def new_delegation_id(delegator: str, choose: Choose = secrets.choice) -> str:
    """Make the id of a delegation, such as `D07-4KX9TQZ`: it lies in the delegator's partition."""
    return f"D{new_request_id(delegator, choose)[1:]}"


def new_credential_id(person: str, choose: Choose = secrets.choice) -> str:
    """Make the id of a second factor, such as `F07-4KX9TQZ`: it lies in its person's partition."""
    return f"F{new_request_id(person, choose)[1:]}"


def read_request_id(text: str) -> str:
    """Bring an id as typed (any case, O for 0, I or L for 1, backticks) into its one form.

    Raises ValueError when it cannot be a request id.
    """
    read = _one_form(text)
    if not is_id(read) or read[0] != "R":
        raise ValueError(f"“{text[:40]}” is not a request id: they look like R07-4KX9TQZ.")
    return read


def read_recorded_id(text: str) -> str:
    """Bring the id of anything that has a story, as typed, into its one form: a request, a delegation, a factor.

    Raises ValueError when it cannot be one.
    """
    read = _one_form(text)
    if not is_id(read):
        right = (
            "requests look like R07-4KX9TQZ, delegations like D07-4KX9TQZ, second factors like F07-4KX9TQZ"
        )
        raise ValueError(f"“{text[:40]}” is not an id: {right}.")
    return read


def is_id(text: str) -> bool:
    """Tell whether a text is an id in its one form."""
    match = ID.fullmatch(text)
    return match is not None and int(match.group(2)) < PARTITIONS


def _one_form(text: str) -> str:
    cleaned = text.strip().strip("`").upper()
    return cleaned[:4] + cleaned[4:].translate(str.maketrans("OIL", "011"))


def partition_in(request_id: str) -> int:
    """Give the partition that an id carries."""
    return int(request_id[1:3])
