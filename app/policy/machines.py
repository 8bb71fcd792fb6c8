"""What policy says of the API, taken from a draft: machines and their scopes, and whether people decide by it."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from app.domain.token import Scope
from app.policy.draft import Draft
from app.policy.problems import Problem


def scopes_by_machine(draft: Draft) -> Mapping[str, frozenset[Scope]]:
    """Give what each machine may call the API for."""
    return MappingProxyType({
        entry.name: frozenset(map(Scope, spec.scopes)) for entry, spec in draft.machines
    })  # fmt: skip


def decides_by_api(draft: Draft) -> bool:
    """Tell whether people may decide through the API; not, where nothing is said."""
    return any(entry.name == "decide" and said for entry, said in draft.api)


def machine_misfits(draft: Draft) -> Iterator[Problem]:
    """Find machines that could be mistaken for people: in records an id is one or the other."""
    for entry, _ in draft.machines:
        if entry.name in draft.names("people"):
            yield entry.problem("is the id of a person too; give the machine another name")
