"""Who may decide what waits, as something that can be kept and compared: by stage, and by rung of the escalation."""

import hashlib
from collections.abc import Iterable, Mapping

from app.domain.reminding import as_stage, ladder
from app.domain.request import Request, State
from app.domain.verdict import Stage
from app.policy.policy import Policy

NAMED = 50
"""So many people are kept by name; of more a digest is, which tells that somebody else is among them and not who."""
DIGEST = "#"
Deciders = Mapping[str, tuple[str, ...]]


class Deciding:
    """Who may decide by one policy, as it knows people at one moment; each stage is looked up once."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._known: dict[Stage, tuple[str, ...]] = {}

    def of(self, request: Request) -> Deciders:
        """Give the ids of who may decide each stage, of the request and of more time, and who is on each rung."""
        found = {f"stage:{stage.name}": self._people(stage) for stage in request.verdict.stages}
        found |= {
            f"rung:{n}": self._people(as_stage(rung)) for n, rung in enumerate(ladder(request), start=1)
        }
        if extension := request.extension:
            named = {
                f"more:{extension.name}:{each.name}": self._people(each) for each in extension.verdict.stages
            }
            found |= named
        return found

    def _people(self, stage: Stage) -> tuple[str, ...]:
        people = self._known.get(stage)
        if people is None:
            people = self._known[stage] = _kept(self._policy.entitled(stage))
        return people


def _kept(people: Iterable[str]) -> tuple[str, ...]:
    ordered = sorted(people)
    if len(ordered) <= NAMED:
        return tuple(ordered)
    return (DIGEST + hashlib.sha256("\n".join(ordered).encode()).hexdigest()[:16],)


def open_now(request: Request) -> Iterable[str]:
    """Name what is to be decided now: open stages, and the rungs that are reached."""
    if extension := request.extension:
        return [f"more:{extension.name}:{stage.name}" for stage in extension.open_stages]
    if request.state is not State.PENDING:
        return []
    stages = [f"stage:{stage.name}" for stage in request.open_stages]
    return [*stages, *(f"rung:{n}" for n in range(1, request.rungs + 1))]


def came(before: Deciders, now: Deciders, request: Request) -> tuple[str, ...] | None:
    """Give who may decide now and could not before, as far as they are kept by name; None where nothing changed.

    What was not kept before is no change.
    """
    waits = [part for part in open_now(request) if part in now]
    if all(before.get(part, now[part]) == now[part] for part in waits):
        return None
    could = {person for part in waits for person in before.get(part, now[part])}
    can = {person for part in waits for person in now[part]}
    if any(person.startswith(DIGEST) for person in could | can):
        return ()
    return tuple(sorted(can - could))
