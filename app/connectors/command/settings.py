"""What the settings say of a program: its words for each call, fixed ones and placeholders that are whole words."""

import re
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from app.connectors.protocol import Spec
from app.connectors.settings import SecretRef
from app.connectors.told import Call, Variable

OF_REQUEST = frozenset({"resource", "action", "environment", "requester", "reason"})
KEY = "key"
PLACEHOLDER = re.compile(r"\{([a-z]+)\}")
ASKED = {
    Call.GRANT: OF_REQUEST | {KEY},
    Call.EXTEND: OF_REQUEST | {KEY},
    Call.REVOKE: frozenset({KEY}),
    Call.CHECK: frozenset[str](),
    Call.LIST: frozenset[str](),
}
"""Placeholders by call. A revocation has its key alone: of what is left over nobody knows the request."""


def _words(call: Call) -> AfterValidator:
    def checked(words: list[str]) -> list[str]:
        if not PurePosixPath(words[0]).is_absolute() or "{" in words[0]:
            raise ValueError(
                "the first word is the program: write its whole path, such as /usr/local/bin/doors"
            )
        for word in words:
            found = PLACEHOLDER.fullmatch(word)
            if found and found[1] not in ASKED[call]:
                known = ", ".join(f"{{{each}}}" for each in sorted(ASKED[call])) or "none"
                raise ValueError(f"{word} is not known here; known are: {known}")
            if not found and ("{" in word or "}" in word):
                raise ValueError(f"{word} mixes braces with text; a placeholder is a word of its own")
            if "\0" in word:
                raise ValueError("a word has a NUL character, which no program takes")
        return words

    return AfterValidator(checked)


Length = Field(min_length=1, max_length=50)
Grant = Annotated[list[str], Length, _words(Call.GRANT)]
Extend = Annotated[list[str], Length, _words(Call.EXTEND)]
Revoke = Annotated[list[str], Length, _words(Call.REVOKE)]
Check = Annotated[list[str], Length, _words(Call.CHECK)]
List = Annotated[list[str], Length, _words(Call.LIST)]


class Settings(Spec):
    """`environment`: what the programs get beside PATH and LANG, by references to secrets.

    `dashes`: whether a value of a placeholder may begin with a dash, which a program could read as an option: only
    for programs whose words have `--` before them. `timeout`: seconds; then all that the program started is killed.
    """

    grant: Grant
    extend: Extend
    revoke: Revoke
    check: Check
    lists: List = Field(alias="list")
    environment: dict[Variable, SecretRef] = Field(default_factory=dict, max_length=50)
    dashes: bool = False
    timeout: float = Field(20.0, gt=0, le=25)

    def words(self, call: Call) -> list[str]:
        """Give the words of a call, placeholders not yet filled in."""
        match call:
            case Call.GRANT:
                return self.grant
            case Call.EXTEND:
                return self.extend
            case Call.REVOKE:
                return self.revoke
            case Call.CHECK:
                return self.check
            case Call.LIST:
                return self.lists


class Parameters(Spec):
    """Whatever the program knows; it is handed on as it is written."""

    model_config = ConfigDict(frozen=True, extra="allow")
