"""What a call needs a grant for: checked to be what a grant can be for at all, before it is looked up anywhere."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}", re.ASCII)
"""Names of people and actions in policy. Nothing in one ends a key, a query or a header early."""
LONGEST_RESOURCE = 128
GRANT = re.compile(r"R\d\d-[0-9A-HJKMNP-TV-Z]{7}", re.ASCII)


DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


class NoNeed(ValueError):  # noqa: N818  an answer
    """No grant can be for this; `part` is `subject`, `action`, `resource`, `command`, `parameters` or `digest`."""

    def __init__(self, part: str, why: str) -> None:
        super().__init__(f"{part} {why}")
        self.part = part


@dataclass(frozen=True)
class Need:
    """Who (`subject`, a person's id in policy) wants to do which `action` on which `resource`. Raises NoNeed.

    `digest`: of the exact command or parameters, in hexadecimal; empty where it is not told.
    """

    subject: str
    action: str
    resource: str
    digest: str = ""

    def __post_init__(self) -> None:
        for part in ("subject", "action"):
            value: object = getattr(self, part)
            if not isinstance(value, str) or not NAME.fullmatch(value):
                raise NoNeed(part, "is no name of policy's: a to z, 0 to 9 and -, up to 64 characters")
        resource: object = self.resource  # whatever a service's callable gave
        if not isinstance(resource, str) or not 1 <= len(resource) <= LONGEST_RESOURCE:
            raise NoNeed("resource", f"has not 1 to {LONGEST_RESOURCE} characters")
        if (
            not resource.isprintable()
        ):  # controls, line ends, halves of characters, signs that turn text around
            raise NoNeed("resource", "holds characters that cannot be seen")
        digest: object = self.digest
        if digest != "" and not (isinstance(digest, str) and DIGEST.fullmatch(digest)):
            raise NoNeed("digest", "is no SHA-256: 64 signs of 0 to 9 and a to f")


class Held(NamedTuple):
    """A grant that permits it now. `ends_at` has a zone. `offline`: told by a token, without a look.

    `digest`: of the one command or the parameters that it is for; empty where it is for all that its action does.
    """

    grant: str
    ends_at: datetime
    single_use: bool = False
    offline: bool = False
    digest: str = ""
