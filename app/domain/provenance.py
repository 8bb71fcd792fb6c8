"""How the bot came to know a requester's address. It is always one that the server saw, never one it was told."""

from enum import StrEnum


class IpFrom(StrEnum):
    """By whose connection an address is known.

    `api`, `cli` and `ci` are what a caller of the API says of itself: a label. `browser_check` is the browser that
    opened the link which the requester was given in Slack. `none`: no address is known, as Slack tells none.
    """

    API = "api"
    CLI = "cli"
    CI = "ci"
    BROWSER_CHECK = "browser_check"
    NONE = "none"


_OF_SOURCE = {
    "slack": IpFrom.BROWSER_CHECK,
    "api": IpFrom.API,
    "trigger": IpFrom.API,
    "cli": IpFrom.CLI,
    "ci": IpFrom.CI,
}


def ip_from(source: str, ip: str) -> IpFrom:
    """Tell how an address is known, by the way in (`source`); where that is not known, nor is the address's."""
    return _OF_SOURCE.get(source, IpFrom.NONE) if ip else IpFrom.NONE
