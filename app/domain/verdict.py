"""What policy says of a request."""

from enum import StrEnum

from app.domain.value import Value


class Outcome(StrEnum):
    DENY = "deny"
    AUTO_APPROVE = "auto_approve"
    REQUIRE = "require"


class Stage(Value):
    """One step of approvals: who may approve, how many must, and who is told by name.

    `groups` and `people` are selectors: who is in them is asked again at every decision.
    `notify` is None when the approvers themselves are to be pinged.
    """

    name: str
    quorum: int = 1
    groups: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    notify: tuple[str, ...] | None = None


class Reason(Value):
    """A rule that policy looked at, whether it matched, and the expected against the actual where not."""

    rule: str
    effect: Outcome
    matched: bool
    because: str


class Verdict(Value):
    """The outcome with the rules it rests on and the digest of the policy that gave it."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    policy_digest: str
    stages: tuple[Stage, ...] = ()

    @property
    def rules(self) -> tuple[str, ...]:
        """Names of the rules that decided."""
        return tuple(r.rule for r in self.reasons if r.matched and r.effect is self.outcome)

    @property
    def message(self) -> str:
        """Why, in a sentence for the person who asked."""
        deciding = [r.because for r in self.reasons if r.matched and r.effect is self.outcome]
        return "; ".join(deciding) if deciding else "no rule allows it"
