"""Who of those who may approve has quiet hours when something is asked."""

from collections.abc import Iterable

from app.policy.ask import Ask
from app.policy.explain.explanation import Asked, Asleep
from app.policy.policy import Policy


def asleep(policy: Policy, ask: Ask, approvers: Iterable[Asked]) -> tuple[Asleep, ...]:
    """Give the approvers who are not pinged then, by id; none where the time cannot be told."""
    quiet, action = policy.quiet_hours, policy.actions.get(ask.action)
    if action is None or not quiet.has_any() or ask.at.tzinfo is None:
        return ()
    people = {person.id: person for stage in approvers for person in stage.people}
    try:
        return tuple(
            Asleep(
                person=person,
                entries=entries,
                until=quiet.ends(person.id, action.environment, ask.at),
            )
            for person in map(people.__getitem__, sorted(people))
            if (entries := quiet.named(person.id, action.environment, ask.at))
        )
    except (OverflowError, ValueError):  # at the ends of the calendar there are no windows
        return ()
