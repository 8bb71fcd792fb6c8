"""Which run of a CI asked, as the CI signed it. It is recorded and shown, and nothing is decided by it."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, Field

from app.domain.value import Value
from app.domain.visible import in_quotes, is_plain

LONGEST = 255
"""Characters that are kept of each text."""
CUT = "…"


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("holds signs that are not seen; make it by Run.said")
    return text


Said = Annotated[str, Field(max_length=LONGEST), AfterValidator(_printable)]


class Run(Value):
    """A run's project, numbers, commit, workflow and the one who started it; empty is what the CI did not say.

    Texts stand as between the quotes of JSON, so that each reads in one way only: somebody names branches and files.
    """

    project: Said = ""
    run: Said = ""
    """GitHub's run, GitLab's pipeline."""
    attempt: Said = ""
    job: Said = ""
    commit: Said = ""
    actor: Said = ""
    """By their id."""
    workflow: Said = ""
    """The file that says what is run, with its branch."""

    @classmethod
    def said(cls, texts: Mapping[str, str]) -> Self:
        """Make it of what a CI said, whatever it is, by the names of fields."""
        return cls(**{name: _kept(text) for name, text in texts.items()})

    def __str__(self) -> str:
        """Say it in one line: `project octo/deploy, run 30433642, commit 0f1e2d3c`."""
        known = ((name, getattr(self, name)) for name in type(self).model_fields)
        return ", ".join(f"{name} {_word(text)}" for name, text in known if text)


def _kept(text: str) -> str:
    """What is kept of a text: its signs as they are seen, none of them cut in half."""
    kept = ""
    for sign in text[: LONGEST + 1]:
        seen = in_quotes(sign)
        if len(kept) + len(seen) > LONGEST - len(CUT):
            return kept + CUT
        kept += seen
    return kept


def _word(text: str) -> str:
    return text if is_plain(text) else f'"{text}"'
