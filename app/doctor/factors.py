"""Second factors: whether those that policy asks for can be used, gotten, and are had by who has to approve."""

from collections.abc import Iterator
from contextlib import aclosing

from app.directory.status import address_of, as_told
from app.doctor.finding import Finding, bad, good, warning
from app.domain.proof import Factor, factors_in_words
from app.domain.refusals import Unavailable
from app.mfa.oidc.set_up import client_of
from app.policy import Policy
from app.policy.nearest import listed
from app.policy.rules import Rule
from app.settings import Settings
from app.store.connection import connect
from app.store.factors import Enrolled, FactorStore

PART = "factors"
SHOWN = 8
TAKES = {
    Factor.WEBAUTHN: "JIT_PUBLIC_URL",
    Factor.TOTP: "JIT_SECRET_KEYS",
    Factor.OIDC: "JIT_OIDC_… and JIT_PUBLIC_URL",
}
"""The settings without which a factor cannot be proved."""


async def examine_factors(settings: Settings, policy: Policy | None) -> list[Finding]:
    """Examine what rules ask for; nothing where none asks for a factor."""
    asking = _asking(policy) if policy else {}
    if policy is None or not asking:
        return []
    found = [*_usable(settings, asking), *_gettable(settings, policy, asking), *await _had(settings, policy)]
    return found or [good(PART, "whoever has to approve with a second factor has one")]


def _asking(policy: Policy) -> dict[str, tuple[Rule, tuple[Factor, ...]]]:
    """Rules in force by name, with all that they accept of approvers or requesters."""
    return {
        rule.name: (rule, accepted)
        for action in policy.actions.values()
        for rule in policy.rules_of(action)
        if not rule.shadow and (accepted := _accepted(rule))
    }


def _accepted(rule: Rule) -> tuple[Factor, ...]:
    obliged = rule.obligations
    asked = (*(obliged.mfa_approver or ()), *(obliged.mfa_requester or ())) if obliged else ()
    return tuple(factor for factor in Factor if factor in asked)


def _works(settings: Settings) -> frozenset[Factor]:
    """Factors that can be proved with these settings."""
    works = {
        Factor.WEBAUTHN: bool(settings.public_url),
        Factor.TOTP: settings.secret_keys is not None,
        Factor.OIDC: bool(settings.public_url) and client_of(settings) is not None,
    }
    return frozenset(factor for factor, does in works.items() if does)


def _usable(settings: Settings, asking: dict[str, tuple[Rule, tuple[Factor, ...]]]) -> Iterator[Finding]:
    works = _works(settings)
    for name, (_, accepted) in sorted(asking.items()):
        off = [factor for factor in accepted if factor not in works]
        if not off:
            continue
        needed = " or ".join(TAKES[factor] for factor in off)
        if len(off) == len(accepted):
            told = f"the rule {name} asks for {factors_in_words(accepted)}, which nobody can prove here"
            yield bad(PART, told, f"Set {needed}; until then what it asks for fails closed.")
        elif len(accepted) < len(Factor):  # `any` is whatever there is
            told = f"the rule {name} also accepts {factors_in_words(off)}, which nobody can prove here"
            yield warning(PART, told, f"Set {' and '.join(TAKES[factor] for factor in off)}.")


def _gettable(
    settings: Settings, policy: Policy, asking: dict[str, tuple[Rule, tuple[Factor, ...]]]
) -> Iterator[Finding]:
    """Keys and apps are enrolled on a page, the first of somebody by an approval that policy has to name."""
    own = {factor for _, accepted in asking.values() for factor in accepted} - {Factor.OIDC}
    if own and policy.factors is None:
        mend = "Write factors: {enrol: …} and the rule that lets people; docs/factors.md says how."
        yield warning(
            PART, "nobody gets a first factor: policy names no action by which it is enrolled", mend
        )
    if Factor.TOTP in own and settings.secret_keys is not None and not settings.public_url:
        yield warning(PART, "apps work, and nobody can enrol one without a page", "Set JIT_PUBLIC_URL.")


async def _had(settings: Settings, policy: Policy) -> list[Finding]:
    """Name approvers who have nothing that counts, as far as a Redis is at hand."""
    address = address_of(settings.redis_url, settings.data)
    if address is None:
        return []
    try:
        if policy.sources:
            policy, _, _ = await as_told(policy, address)
        wanted = {person for rule, _ in _asking(policy).values() for person in _approvers(policy, rule)}
        async with aclosing(connect(address)) as connection:
            store = FactorStore(connection.calls)
            enrolled = {person: await store.of(person) for person in sorted(wanted)}
    except Unavailable:
        return []  # told already
    works = _works(settings)
    return [
        _lacking(policy, rule, approvers, without)
        for _, (rule, _) in sorted(_asking(policy).items())
        if (approvers := _approvers(policy, rule))
        and (without := [each for each in approvers if not _has(policy, rule, each, enrolled[each], works)])
    ]


def _approvers(policy: Policy, rule: Rule) -> list[str]:
    if rule.obligations is None or not rule.obligations.mfa_approver:
        return []
    return sorted({person for stage in rule.stages for person in policy.entitled(stage)})


def _has(policy: Policy, rule: Rule, person: str, enrolled: Enrolled, works: frozenset[Factor]) -> bool:
    accepted = works.intersection((rule.obligations and rule.obligations.mfa_approver) or ())
    slack = policy.people[person].slack
    own = {each.factor for each in enrolled.credentials if each.slack == slack and each.counts(enrolled.now)}
    if policy.accounts.get(person):
        own.add(Factor.OIDC)
    return bool(accepted & own)


def _lacking(policy: Policy, rule: Rule, approvers: list[str], without: list[str]) -> Finding:
    names = listed([policy.people[person].name for person in without], SHOWN)
    whom = "nobody can approve" if len(without) == len(approvers) else "some cannot approve"
    mend = "Let each enrol one by /jit factors; a new one counts once the cooling-off is over."
    return warning(PART, f"by the rule {rule.name} {whom}, for want of a factor that counts: {names}", mend)
