"""Recovery codes: ten, each good once, and only to add or remove a factor; never to approve anything.

A code is 80 random bits, so a plain hash of it cannot be turned back by trying.
"""

import hashlib
import re
import secrets

from app.domain.ids import ALPHABET, Choose
from app.domain.people import Principal

CODES = 10
CODE_LENGTH = 16


def new_codes(choose: Choose = secrets.choice) -> tuple[str, ...]:
    """Make codes as they are shown: `4KX9-TQZ2-…`, four times four characters."""
    return tuple(
        "-".join("".join(choose(ALPHABET) for _ in range(4)) for _ in range(4)) for _ in range(CODES)
    )


def digest_of(code: str, by: Principal) -> str:
    """Give the SHA-256, in hexadecimal, by which a code of a person is known; case, spaces, O, I, L do not matter."""
    read = re.sub(r"[\s-]", "", code.upper())[: CODE_LENGTH * 4].translate(str.maketrans("OIL", "011"))
    return hashlib.sha256(f"{by.id}\0{by.slack}\0{read}".encode()).hexdigest()
