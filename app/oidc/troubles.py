"""What keeps an issuer, or a token, from being believed; who calls says it in their own words."""


class IssuerTrouble(Exception):  # noqa: N818  derived from below
    """`what` goes on where the issuer's name ends."""

    def __init__(self, issuer: str, what: str) -> None:
        super().__init__(f"{issuer} {what}")
        self.issuer = issuer
        self.what = what


class IssuerAway(IssuerTrouble):
    """The issuer cannot be reached, or fails."""


class IssuerMisfit(IssuerTrouble):
    """The issuer answers, but not as OpenID Connect asks."""


class NotSigned(Exception):  # noqa: N818  an answer
    """A token is malformed, or signed by no key or algorithm that is taken; `str()` goes on after «the token»."""
