"""What policy says of email, taken from a draft: who is told by it, and what does not fit."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from app.policy.addresses import same_mailbox
from app.policy.draft import Draft
from app.policy.problems import Problem
from app.policy.ways import Way


def ways(draft: Draft) -> Mapping[str, frozenset[Way]]:
    """Give how people want to be told, by id; those who do not say it are left out."""
    return MappingProxyType({
        entry.name: frozenset(map(Way, spec.notify)) for entry, spec in draft.people if spec.notify
    })  # fmt: skip


def digest_readers(draft: Draft) -> tuple[str, ...]:
    """Give the addresses that get the digest."""
    return tuple(dict.fromkeys(each for entry, said in draft.mail if entry.name == "digest" for each in said))


def telling_misfits(draft: Draft) -> Iterator[Problem]:
    """Find people who want email and have no address, and two who have one together."""
    by_mailbox: dict[str, str] = {}
    for entry, person in draft.people:
        if Way.EMAIL in person.notify and not person.email:
            text = "names email, and there is no address; write email: with it, or leave email out"
            yield entry.problem(text, "notify")
        if not person.email:
            continue
        other = by_mailbox.setdefault(same_mailbox(person.email), entry.name)
        if other != entry.name:
            text = f"{person.email} is {other}'s already; who reads another's mail acts for both, give each their own"
            yield entry.problem(text, "email")
