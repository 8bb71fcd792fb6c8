"""What policy says of a request."""

from collections.abc import Iterable
from enum import StrEnum
from functools import reduce

from app.domain.proof import Factor
from app.domain.value import Value


class Outcome(StrEnum):
    DENY = "deny"
    AUTO_APPROVE = "auto_approve"
    REQUIRE = "require"


class Stage(Value):
    """One step of approvals: who may approve, how many must, and who is told by name.

    `groups` and `people` are selectors: who is in them is asked again at every decision. With `approver`,
    only those of them count who have, of each attribute, one of the values.
    `groups` has on-call rotas too: who is on call now is a group. `managers` names those so many levels above
    the requester, whose id is in `managers_of`; 0 names none.
    `notify` is None when the approvers themselves are to be pinged.
    """

    name: str
    quorum: int = 1
    groups: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    approver: tuple[tuple[str, tuple[str, ...]], ...] = ()
    managers: int = 0
    managers_of: str = ""
    notify: tuple[str, ...] | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """What the stage names, in words: groups, people, and the requester's managers."""
        if not self.managers:
            return (*self.groups, *self.people)
        levels = "the manager" if self.managers == 1 else f"{self.managers} levels of managers"
        return (*self.groups, *self.people, f"{levels} of {self.managers_of or 'the requester'}")


class Rung(Value):
    """One step of an escalation: who may decide too, and is told, `after` so many seconds without a decision.

    They count like those whom the stages name, and as little on their own request; a stage's quorum stays.
    """

    after: int
    groups: tuple[str, ...] = ()
    people: tuple[str, ...] = ()


class Obligations(Value):
    """What holds for a request that policy lets through, beside its stages. The defaults oblige to nothing.

    Policy itself holds to `up_to` (seconds) and `tickets` (patterns that are all in the reason): a request
    that does not fit is denied. The rest is recorded here, and it is the workflow that holds to it: the grant
    is used up by one use (`single_use`); stages are open all at once (`parallel`) instead of one after the
    other; the requester may go past the stages in an emergency (`break_glass`); groups and people to be told
    of a grant (`tell`); who may decide too when nobody does (`escalation`).

    A person proves to be it by one of `mfa_approver` before they approve, and by one of `mfa_requester` before
    access begins; None asks for none, and an empty one is what nobody can meet. `fresh_seconds` is how old a proof
    may be that was made for something else: 0 where each is made for itself, None where none is asked for.
    """

    up_to: int | None = None
    single_use: bool = False
    tickets: tuple[str, ...] = ()
    break_glass: bool = False
    parallel: bool = False
    tell: tuple[str, ...] = ()
    escalation: tuple[Rung, ...] = ()
    mfa_approver: tuple[Factor, ...] | None = None
    mfa_requester: tuple[Factor, ...] | None = None
    fresh_seconds: int | None = None

    def and_also(self, other: "Obligations") -> "Obligations":
        """Give the least strict obligations that are at least as strict as both.

        A join of a semilattice in each part. The shorter time holds; what one demands (single use, tickets,
        people to tell, steps of the escalation) is demanded; what makes things easier (stages at once, break
        glass) must be allowed by both; a factor must be one that both accept, and as fresh as either asks. So the
        order in which rules are put together never matters.
        """
        limits = [each.up_to for each in (self, other) if each.up_to is not None]
        ages = [each.oldest_proof for each in (self, other) if each.oldest_proof is not None]
        return Obligations(
            up_to=min(limits, default=None),
            single_use=self.single_use or other.single_use,
            tickets=tuple(sorted({*self.tickets, *other.tickets})),
            break_glass=self.break_glass and other.break_glass,
            parallel=self.parallel and other.parallel,
            tell=tuple(sorted({*self.tell, *other.tell})),
            escalation=tuple(sorted({*self.escalation, *other.escalation}, key=_order)),
            mfa_approver=_accepted_by_both(self.mfa_approver, other.mfa_approver),
            mfa_requester=_accepted_by_both(self.mfa_requester, other.mfa_requester),
            fresh_seconds=min(ages, default=None),
        )

    @property
    def oldest_proof(self) -> int | None:
        """How old a proof may be that was made for something else, in seconds; None where none is asked for."""
        asks = self.mfa_approver is not None or self.mfa_requester is not None
        return (self.fresh_seconds or 0) if asks else None

    def in_order(self) -> "Obligations":
        """Give the same obligations in the one form in which equal ones are equal: sets are in order."""
        return self.and_also(self)


def _accepted_by_both(
    one: tuple[Factor, ...] | None, other: tuple[Factor, ...] | None
) -> tuple[Factor, ...] | None:
    """Factors that both accept, in their one order; None accepts anything, a mere session among it."""
    if one is None and other is None:
        return None
    return tuple(factor for factor in Factor if all(each is None or factor in each for each in (one, other)))


def strictest(obligations: Iterable[Obligations]) -> Obligations:
    """Put obligations together; none at all oblige to nothing."""
    each = tuple(obligations)
    return reduce(Obligations.and_also, each) if each else Obligations()


def _order(rung: Rung) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    return rung.after, rung.groups, rung.people


class Reason(Value):
    """A rule that policy looked at, whether it matched, and the expected against the actual where not.

    A `shadow` rule is looked at and recorded, and has no effect.
    """

    rule: str
    effect: Outcome
    matched: bool
    because: str
    shadow: bool = False


class Verdict(Value):
    """The outcome with the rules it rests on and the digest of the policy that gave it.

    `shadow` is what the outcome would be with the shadow rules in force, where that is another.
    """

    outcome: Outcome
    reasons: tuple[Reason, ...]
    policy_digest: str
    stages: tuple[Stage, ...] = ()
    obligations: Obligations = Obligations()
    shadow: Outcome | None = None

    @property
    def rules(self) -> tuple[str, ...]:
        """Names of the rules that decided."""
        return tuple(reason.rule for reason in self._deciding)

    @property
    def message(self) -> str:
        """Why, in a sentence for the person who asked."""
        return "; ".join(reason.because for reason in self._deciding) or "no rule allows it"

    @property
    def _deciding(self) -> tuple[Reason, ...]:
        return tuple(r for r in self.reasons if r.matched and not r.shadow and r.effect is self.outcome)
