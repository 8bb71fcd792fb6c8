"""An explanation as a value: what was asked, the verdict, each rule with its conditions, the ways to pass."""

from datetime import datetime

from app.domain.people import Principal
from app.domain.value import Value
from app.domain.verdict import Outcome, Verdict
from app.policy.ask import Ask


class Looked(Value):
    """One condition that was looked at. `change` would make it hold; empty where it does, or nothing can.

    What is not `known` counts as met in a rule that denies or requires, and as not met in any other.
    """

    key: str
    holds: bool
    known: bool = True
    expected: str
    actual: str
    change: str = ""


class RuleLooked(Value):
    """A rule that could have matched, with each of its conditions; `message` is that of one that denies.

    A `shadow` rule has no effect.
    """

    rule: str
    effect: Outcome
    matched: bool
    message: str
    conditions: tuple[Looked, ...]
    shadow: bool = False


class Asked(Value):
    """A stage, and the people who may approve it now: never the one who asks."""

    stage: str
    quorum: int
    people: tuple[Principal, ...]


class Asleep(Value):
    """Someone who may approve, and is not pinged: by these quiet hours, until then; None is not foreseen."""

    person: Principal
    entries: tuple[str, ...]
    until: datetime | None


class Way(Value):
    """What would have made it pass: `rule` permits it then, or does not deny it any more; "": the catalogue.

    `ask`, by someone in `groups`, is what would be judged after all changes and `then` what policy would say;
    both are None where that cannot be made up.
    """

    rule: str
    changes: tuple[str, ...]
    ask: Ask | None = None
    groups: tuple[str, ...] = ()
    then: Verdict | None = None
    approvers: tuple[Asked, ...] = ()


class Explanation(Value):
    """A verdict with all that it rests on. `groups`: those that the requester is in."""

    ask: Ask
    groups: tuple[str, ...]
    verdict: Verdict
    rules: tuple[RuleLooked, ...]
    approvers: tuple[Asked, ...]
    asleep: tuple[Asleep, ...] = ()
    ways: tuple[Way, ...]
