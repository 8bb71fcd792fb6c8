"""Whether an address that is not known decides something: which rules hang on one, and what they could come to."""

from collections.abc import Iterator, Sequence

from app.domain.verdict import Outcome
from app.policy.conditions import Condition, Facts
from app.policy.place_conditions import AddressKnownFrom, InNetwork
from app.policy.rules import Rule
from app.policy.when import When


def is_about_address(condition: Condition) -> bool:
    """Tell whether a condition looks at the address, by a key of its own or in CEL."""
    if isinstance(condition, When):
        return condition.expression.speaks_of_address
    return isinstance(condition, InNetwork | AddressKnownFrom)


def hangs_on_address(rule: Rule, facts: Facts) -> bool:
    """Tell whether a rule matches but for its conditions on an address that is not known."""
    permits, waits = rule.effect is Outcome.AUTO_APPROVE, False
    for condition in rule.conditions:
        found = condition.look(facts)
        if found.holds:
            continue
        if not found.known and is_about_address(condition):
            waits = True
        elif found.known or permits:
            return False
    return waits


def could_match(rules: Sequence[Rule], facts: Facts) -> Iterator[list[Rule]]:
    """Give the sets of rules that could match if the address were known, `rules` being those in force, in order.

    Not every set of those that hang on it, for these are too many: the one that lets most through, and that and
    the one of today, each with one of the rules the other way round.
    """
    open_ = [rule for rule in rules if hangs_on_address(rule, facts)]
    if not open_:
        return
    hanging = {rule.name for rule in open_}
    fixed = {rule.name for rule in rules if rule.name not in hanging and rule.look(facts).matched}
    permitting = {rule.name for rule in open_ if rule.effect is Outcome.AUTO_APPROVE}
    most, today = fixed | permitting, fixed | (hanging - permitting)
    for matched in [most, *(each ^ {name} for name in sorted(hanging) for each in (most, today))]:
        yield [rule for rule in rules if rule.name in matched]
