"""What is said of delegations: to the one who delegates, and to the delegate."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from app.domain.delegation import Delegation
from app.domain.events import Delegated, DelegationEnded
from app.domain.people import Principal
from app.domain.until import EXAMPLES
from app.slack.views.text import escape, moment

ORDER = f"The order is `/jit delegate @person until Friday 18:00` ({EXAMPLES}), or `/jit delegate off`."


def delegated(delegation: Delegation, zone: tzinfo) -> str:
    """The answer to a delegation, with its end as it was understood."""
    return (
        f"🤝 *{escape(delegation.delegate.name)}* may decide in your place until "
        f"{moment(delegation.until)} ({in_words(delegation.until, zone)}): wherever you may, but neither on your "
        "requests nor on their own. `/jit delegate off` ends it."
    )


def ended(delegation: Delegation | None) -> str:
    """The answer to the end of one."""
    if delegation is None:
        return "Nobody decides in your place; there is nothing to end."
    return f"🤝 {escape(delegation.delegate.name)} no longer decides in your place."


def shown(by: Principal, held: Sequence[Delegation], zone: tzinfo) -> str:
    """One's own delegation, and those of others to oneself."""
    given = [
        f"• *{escape(each.delegate.name)}* decides in your place until {_until(each, zone)}"
        for each in held
        if each.delegator.is_same_person(by)
    ]
    taken = [
        f"• You decide in the place of *{escape(each.delegator.name)}* until {_until(each, zone)}"
        for each in held
        if each.delegate.is_same_person(by)
    ]
    return "\n".join([*(given or ["• Nobody decides in your place."]), *taken[:20], ORDER])


def told_to_delegate(event: Delegated | DelegationEnded) -> str:
    """What a delegate is told."""
    name = escape(event.delegator.name)
    if isinstance(event, DelegationEnded):
        return f"🤝 You no longer decide in the place of *{name}*."
    return (
        f"🤝 *{name}* lets you decide in their place until {moment(event.until)}. Their cards name you from now "
        "on; you decide neither on their requests nor on your own."
    )


def in_words(at: datetime, zone: tzinfo) -> str:
    """A time as its author would say it, in their zone: `Friday 27 November, 18:00 Europe/London`."""
    here = at.astimezone(zone)
    return f"{here:%A} {here.day} {here:%B}, {here:%H:%M} {zone}"


def _until(delegation: Delegation, zone: tzinfo) -> str:
    return f"{moment(delegation.until)} ({in_words(delegation.until, zone)})"
