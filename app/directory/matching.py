"""Which people of the policy a source means.

By ids first: the person's own id, the Slack user's id, an id of the source's that is an attribute of the person;
only where none of these is anybody's, by address, in any case of letters. Whatever could mean two people makes
the whole answer unusable: a guess might let the wrong one in. Who is not in the policy is left out, for they
can neither ask nor decide.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType

from app.directory.found import Found, Mention, SourceFailed
from app.policy import Policy
from app.policy.outside import Roll


class People:
    """The people of one policy, by all that sources may call them."""

    def __init__(self, policy: Policy) -> None:
        self._ids: Mapping[str, object] = policy.people
        self._by_slack = {person.slack: person.id for person in policy.people.values()}
        self._by_email: dict[str, set[str]] = defaultdict(set)
        for person in policy.people.values():
            if person.email:
                self._by_email[person.email.casefold()].add(person.id)
        self._by_attribute: dict[tuple[str, str], set[str]] = defaultdict(set)
        for known, attributes in policy.attributes.items():
            for key, words in attributes.items():
                for word in words:
                    self._by_attribute[key, word].add(known)

    def roll(self, found: Found, as_of: datetime) -> Roll:
        """Give the people whom a source means. Raises SourceFailed where that is ambiguous."""
        managers: dict[str, str] = {}
        for led, leads in found.managers:
            person, manager = self.one(led), self.one(leads)
            if person and manager and managers.setdefault(person, manager) != manager:
                raise SourceFailed(f"gives {person} two managers, {managers[person]} and {manager}")
        members = frozenset(filter(None, map(self.one, found.members)))
        return Roll(members, as_of, MappingProxyType(managers))

    def one(self, mention: Mention) -> str | None:
        """Give the id of the person whom a source means; None where that is nobody. Raises SourceFailed."""
        by_id = {each for each in mention.ids if each in self._ids}
        by_id.update(self._by_slack[each] for each in mention.slack if each in self._by_slack)
        by_id.update(*(self._by_attribute.get(each, ()) for each in mention.attributes))
        return _only(mention, by_id or self._with_addresses(mention.emails))

    def _with_addresses(self, emails: Iterable[str]) -> set[str]:
        return set[str]().union(*(self._by_email.get(email.casefold(), ()) for email in emails))


def _only(mention: Mention, found: set[str]) -> str | None:
    if len(found) > 1:
        raise SourceFailed(f"names {mention}, which could be {' or '.join(sorted(found))}; nobody is guessed")
    return next(iter(found), None)
