"""What a one-time page shows, what a link leads to, and every way in which a page is no use."""

from collections.abc import Sequence
from typing import NamedTuple

from app.domain.people import Principal
from app.domain.proof import Factor, factors_in_words
from app.domain.refusals import Refused
from app.domain.request import Request
from app.mfa.shown import facts, sentence
from app.store.pages import Page


class Shown(NamedTuple):
    """What a page shows, and by what the person can prove themselves there."""

    page: Page
    request: Request
    by: Principal
    accepted: tuple[Factor, ...]
    key_options: str
    """Options of `navigator.credentials.get` as JSON; empty where no key of theirs counts."""
    takes_code: bool
    by_oidc: bool

    @property
    def facts(self) -> Sequence[tuple[str, str]]:
        """Everything that the decision rests on."""
        return facts(self.request, self.page)

    @property
    def sentence(self) -> str:
        """What it is about."""
        return sentence(self.request, self.page)

    @property
    def in_words(self) -> str:
        """The factors of which one will do."""
        return factors_in_words(self.accepted)


class Link(NamedTuple):
    """A page that was made: its token, its address (empty where there are no pages), and what it shows."""

    token: str
    url: str
    page: Page
    shown: Shown


class PageRefused(Refused):
    """The page is no use. The attempt is recorded where it is known whose it was."""

    code = "page_refused"


class PageGone(PageRefused):
    """There is no page with this token, or none any more."""

    code = "page_gone"

    def __init__(self) -> None:
        super().__init__(
            "A page is open for 5 minutes; this one is gone, or never was one. "
            "Click again in Slack: you get a new one."
        )


class PageUsed(PageRefused):
    """The page was taken: by another tab, or by whoever replays what was sent."""

    code = "page_used"

    def __init__(self) -> None:
        super().__init__("This page has been used, and works once. Slack shows where the request stands.")


class NotAccepted(PageRefused):
    """The factor is none of those that policy takes for this."""

    code = "factor_not_accepted"

    def __init__(self, accepted: Sequence[Factor]) -> None:
        super().__init__(f"This takes {factors_in_words(accepted)}. Nothing was done.")


class NotYours(PageRefused):
    """Somebody sent what was made for another."""

    code = "page_of_another"

    def __init__(self) -> None:
        super().__init__("That was made for somebody else, and nobody can use it for them.")
