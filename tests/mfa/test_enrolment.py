"""Contract of enrolment: a session alone adds and removes nothing that counts, in any way, however it is raced.

Requests, approvals, grants and their use are the product's own, over a real store; so is everything else.
"""

import asyncio
import secrets
from datetime import timedelta
from typing import NamedTuple

import pyotp
import pytest

from app.domain.people import Principal
from app.domain.proof import API_TOKEN, SLACK_SESSION, Proof
from app.domain.refusals import BadInput, Refused
from app.domain.request import State
from app.mfa import totp
from app.mfa.enrolment import Enrolment
from app.playground.authenticator import Authenticator
from app.policy import PolicySource
from app.store import keys
from app.store.requests import RequestStore
from app.workflow import Wish, Workflow
from tests.granting import granter
from tests.mfa.holders import RP, Holder
from tests.workplace import policy_folder

HOUR = timedelta(hours=1)
ENROL = "enrol-factor"


class Rules(NamedTuple):
    enrol: str = ENROL
    cooling_off: timedelta = 24 * HOUR


def with_enrolment(policies):
    """Security approves who may add a factor, and the grant is good once; the shipped way would not load beside it."""
    del policies["factors"], policies["rules"]["enrol-factor"], policies["rules"]["enrol-factor-of-security"]
    policies["actions"][ENROL] = {
        "title": "Change a second factor of one's own",
        "environment": "production",
        "resources": ["*"],
        "default": "30m",
        "longest": "1h",
        "reason": "optional",
    }
    rule = {"actions": [ENROL], "groups": ["engineers"]}
    stages = [{"name": "security", "groups": ["security"]}]
    policies["rules"]["enrol"] = {
        "effect": "require",
        **rule,
        "stages": stages,
        "obligations": {"single_use": True, "break_glass": True},
    }


class Office:
    """Enrolment in an office where people ask and decide."""

    def __init__(self, connection, folder, change=with_enrolment):
        self.policies = PolicySource(policy_folder(folder, change))
        self.requests = RequestStore(connection.calls)
        self.workflow = Workflow(self.requests, lambda: self.policies.current)
        self.granter = granter(self.workflow, self.requests, connection.calls)
        self.rules = Rules()
        self._connection = connection

    def person(self, name) -> Principal:
        return self.policies.current.people[name]

    def holder(self, name) -> Holder:
        return Holder(self._connection, self.person(name))

    @property
    def enrolment(self) -> Enrolment:
        holder = self.holder("ana")
        return Enrolment(
            holder.store,
            holder.vault,
            holder.proving,
            lambda: self.rules,
            self.workflow,
            self.workflow.decisions_for,
        )

    async def grant(self, name, resource="", action=ENROL) -> str:
        """Somebody has a grant, which somebody else approved."""
        by = self.person(name)
        asked = await self.workflow.request(
            Wish(action=action, resource=resource or name, reason="INC-7"), by
        )
        if asked.state is State.PENDING:
            decider = next(p for p in self.policies.current.entitled(asked.verdict.stages[0]) if p != name)
            await self.workflow.approve(asked.id, self.person(decider))
        await self.begins(asked.id)
        return asked.id

    async def begins(self, request_id) -> None:
        await self.granter.settle(request_id)
        assert State.ACTIVE is (await self.requests.load(request_id)).request.state

    async def enrols(self, name, device, proof=None):
        """Go the whole way, as the page does."""
        by = self.person(name)
        begun = await self.enrolment.begin_key(by, "blue key", proof)
        return await self.enrolment.finish_key(by, begun.ticket, device.create(begun.options, RP.origin))


@pytest.fixture
def office(redis, tmp_path):
    return Office(redis, tmp_path / "policies")


async def refusal(doing) -> str:
    with pytest.raises(Refused) as told:
        await doing
    return told.value.code


async def proof_of(holder) -> Proof:
    """Prove oneself by the key that one has."""
    challenge = secrets.token_bytes(32)
    return await holder.proving.by_key(holder.by, await holder.touches(challenge), challenge)


async def test_a_first_key_by_somebodys_approval(office):
    """The grant is used up, recovery codes come with it, nothing counts before the cooling-off is over."""
    grant = await office.grant("ana")
    device = Authenticator()
    added = await office.enrols("ana", device)
    assert (10, "blue key", 24 * HOUR) == (
        len(added.codes),
        added.credential.label,
        added.credential.counts_from - added.credential.created_at,
    )
    assert State.ENDING is (await office.requests.load(grant)).request.state
    ana = office.holder("ana")
    event = next(e for e in await ana.told() if e.kind == "factor_added")
    assert (("grant", grant), added.credential.id) == (
        (event.proof.kind, event.proof.credential),
        event.request_id,
    )
    assert "cooling_off" == await refusal(ana.proving.ask_key(ana.by, b"x" * 32))
    assert "cooling_off" == await refusal(ana.proving.by_recovery_code(ana.by, added.codes[0]))
    assert "warrant_needed" == await refusal(office.enrolment.begin_key(ana.by, "another"))


async def test_a_session_alone_adds_nothing(office):
    """Neither it, nor a token, nor a proof that is old, of another kind, or of a factor that is not theirs."""
    ana, ben = office.holder("ana"), office.holder("ben")
    await ana.has_key()
    await ben.has_key()
    good, his = await proof_of(ana), await proof_of(ben)
    forged = [
        None,
        SLACK_SESSION,
        API_TOKEN,
        his,
        good.model_copy(update={"at": good.at - timedelta(minutes=5, seconds=1)}),
        good.model_copy(update={"at": good.at + HOUR}),
        good.model_copy(update={"at": None}),
        good.model_copy(update={"kind": "totp"}),
        good.model_copy(update={"kind": "oidc"}),
        good.model_copy(update={"kind": "grant", "credential": "R01-0000000"}),
    ]
    for proof in forged:
        assert "warrant_needed" == await refusal(office.enrolment.begin_key(ana.by, "k", proof))
        assert "warrant_needed" == await refusal(office.enrolment.begin_app(ana.by, "k", proof))
        assert "warrant_needed" == await refusal(office.enrolment.make_codes(ana.by, proof))
        held = (await ana.proving.holdings(ana.by)).credentials[0]
        assert "warrant_needed" == await refusal(office.enrolment.remove(ana.by, held.id, proof))
    assert {"warrant_needed"} == set(await ana.refused())
    with pytest.raises(Refused, match="/jit request enrol-factor ana"):
        await office.enrolment.check(ana.by)
    assert good == await office.enrolment.check(ana.by, good)


async def test_no_other_grant_will_do(office, tmp_path, redis):
    """One for somebody else's id, of somebody else, of another action, used, or that nobody else approved."""
    ana, ben = office.person("ana"), office.person("ben")
    await office.grant("ana", "ben")
    await office.grant("ben", "ana")
    assert "warrant_needed" == await refusal(office.enrolment.begin_key(ana, "k"))
    assert "warrant_needed" == await refusal(office.enrolment.begin_key(ben, "k"))
    glass = await office.workflow.request(Wish(action=ENROL, resource="ana"), ana)
    await office.workflow.break_glass(glass.id, ana, "locked out")
    await office.begins(glass.id)
    assert "warrant_needed" == await refusal(office.enrolment.begin_key(ana, "k"))
    used = await office.grant("ana")
    await office.workflow.consume(used, ana)
    assert "warrant_needed" == await refusal(office.enrolment.begin_key(ana, "k"))


@pytest.mark.parametrize(
    "rule",
    [{"effect": "auto_approve"}, {"obligations": {"single_use": False}}],
    ids=["by_template", "for_many_uses"],
)
async def test_a_policy_that_is_too_easy_lets_nobody(redis, tmp_path, rule):
    """What policy approves by itself is nobody's approval, and what is good for long is good for an attacker too."""

    def too_easy(policies):
        with_enrolment(policies)
        policies["rules"]["enrol"] |= rule
        if "effect" in rule:
            del policies["rules"]["enrol"]["stages"], policies["rules"]["enrol"]["obligations"]["break_glass"]

    office = Office(redis, tmp_path / "easy", too_easy)
    await office.grant("ana")
    assert "warrant_needed" == await refusal(office.enrolment.begin_key(office.person("ana"), "k"))


async def test_without_an_action_in_policy_there_is_no_first_factor(office):
    """The sentence says what policy lacks."""
    for rules in (Rules(enrol=""), None):
        office.rules = rules
        with pytest.raises(Refused, match="policy names no action"):
            await office.enrolment.begin_key(office.person("ana"), "k")
    ana = office.holder("ana")
    await ana.has_key()
    added = (await office.enrols("ana", Authenticator(), await proof_of(ana))).credential
    assert 24 * HOUR == added.counts_from - added.created_at


async def test_one_grant_is_one_change_whoever_races(office):
    """Five pages are begun on one grant, and finish at once: one key is added."""
    await office.grant("ana")
    ana = office.person("ana")
    pages = [(await office.enrolment.begin_key(ana, f"k{n}"), Authenticator()) for n in range(5)]
    came = await asyncio.gather(
        *(office.enrolment.finish_key(ana, p.ticket, d.create(p.options, RP.origin)) for p, d in pages),
        return_exceptions=True,
    )
    assert 1 == sum(not isinstance(each, BaseException) for each in came)
    assert all(isinstance(each, Refused) for each in came if isinstance(each, BaseException))
    assert 1 == len((await office.holder("ana").store.of("ana")).credentials)


async def test_with_a_key_that_counts_one_adds_another(office):
    """By a fresh touch; recovery codes stay; what is new cools off though the old one counts."""
    ana = office.holder("ana")
    first = await ana.has_key()
    await ana.has_codes()
    added = await office.enrols("ana", Authenticator(), await proof_of(ana))
    assert () == added.codes
    held = await ana.proving.holdings(ana.by)
    assert ([first.id], 2) == ([c.id for c in held.that_count(first.factor)], len(held.credentials))


async def test_nothing_changes_while_a_decision_waits(office):
    """Begun or half done: whoever is to decide cannot prepare for it; afterwards it goes on."""
    ben = office.holder("ben")
    key = await ben.has_key()
    proof = await proof_of(ben)
    begun = await office.enrolment.begin_key(ben.by, "k", proof)
    app = await office.enrolment.begin_app(ben.by, "k", proof)
    waiting = await office.workflow.request(
        Wish(action="prod-db-debug", resource="orders-db", reason="INC-7"), office.person("ana")
    )
    device = Authenticator()
    answer = device.create(begun.options, RP.origin)
    for doing in (
        office.enrolment.begin_key(ben.by, "k", proof),
        office.enrolment.begin_app(ben.by, "k", proof),
        office.enrolment.finish_key(ben.by, begun.ticket, answer),
        office.enrolment.finish_app(ben.by, app.ticket, pyotp.TOTP(app.secret).now()),
        office.enrolment.remove(ben.by, key.id, proof),
        office.enrolment.make_codes(ben.by, proof),
    ):
        with pytest.raises(Refused, match=waiting.id) as told:
            await doing
        assert "decision_waits" == told.value.code
    assert ["decision_waits"] * 6 == await ben.refused()
    assert (key.id,) == tuple(c.id for c in (await ben.store.of("ben")).credentials)
    await office.workflow.deny(waiting.id, ben.by, "no")
    assert "TOTP" not in str(await office.enrols("ben", Authenticator(), proof))


async def test_more_time_that_waits_is_a_decision_too(office):
    """Whoever may give more time changes no factor until somebody has decided."""
    request_id = await office.grant("ana", "orders-db", "prod-db-debug")
    ben = office.person("ben")
    assert [] == await office.workflow.decisions_for(ben)
    await office.workflow.extend(request_id, office.person("ana"), timedelta(minutes=30), "not done", "x")
    assert [request_id] == await office.workflow.decisions_for(ben)
    assert "decision_waits" == await refusal(office.enrolment.begin_key(ben, "k"))


async def test_a_ticket_is_of_one_person_one_kind_and_one_use(office):
    """Somebody else's, a made-up one, one of the other kind, one again: all are as none."""
    ana, ben = office.holder("ana"), office.holder("ben")
    for holder in (ana, ben):
        await holder.has_key()
    proof = await proof_of(ana)
    begun, device = await office.enrolment.begin_key(ana.by, "k", proof), Authenticator()
    answer = device.create(begun.options, RP.origin)
    renamed = ana.by.model_copy(update={"slack": "U0OTHER"})
    gone = [
        office.enrolment.finish_key(ben.by, begun.ticket, answer),
        office.enrolment.finish_key(ana.by, "made-up", answer),
        office.enrolment.finish_app(ana.by, begun.ticket, "123456"),
        office.enrolment.finish_key(renamed, begun.ticket, answer),
        office.enrolment.finish_key(ana.by, begun.ticket, answer),
    ]
    assert ["enrolment_gone"] * 5 == [await refusal(each) for each in gone]
    another = await office.enrolment.begin_key(ana.by, "k", proof)
    assert "other_challenge" == await refusal(office.enrolment.finish_key(ana.by, another.ticket, answer))


async def test_the_same_key_twice(office):
    """It is told to be there, whichever way it comes back."""
    ana = office.holder("ana")
    await ana.has_key()
    proof = await proof_of(ana)
    begun = [await office.enrolment.begin_key(ana.by, "k", proof) for _ in range(2)]
    device, twin = Authenticator(), Authenticator()
    await office.enrolment.finish_key(ana.by, begun[0].ticket, device.create(begun[0].options, RP.origin))
    seed = next(iter(device.keys))
    answer = twin.create(begun[1].options, RP.origin, credential_id=seed)
    assert "already_enrolled" == await refusal(office.enrolment.finish_key(ana.by, begun[1].ticket, answer))


async def test_ten_and_no_more_whoever_races(office):
    """And of apps two, as each makes a guess more likely to be right."""
    ana = office.holder("ana")
    for _ in range(8):
        await ana.has_key(device=Authenticator())
    first = (await ana.store.of("ana")).credentials[0]
    proof = Proof(kind="webauthn", credential=first.id, at=await ana.now())
    pages = [(await office.enrolment.begin_key(ana.by, "k", proof), Authenticator()) for _ in range(6)]
    came = await asyncio.gather(
        *(office.enrolment.finish_key(ana.by, p.ticket, d.create(p.options, RP.origin)) for p, d in pages),
        return_exceptions=True,
    )
    assert ["too_many_factors"] * 4 == [each.code for each in came if isinstance(each, Refused)]
    assert 10 == len((await ana.store.of("ana")).credentials)
    assert "too_many_factors" == await refusal(office.enrolment.begin_key(ana.by, "k", proof))
    ben = office.holder("ben")
    for _ in range(2):
        app = await ben.has_app(totp.new_secret())
    proof = Proof(kind="totp", credential=app.id, at=await ben.now())
    with pytest.raises(Refused, match="2 authenticator apps"):
        await office.enrolment.begin_app(ben.by, "k", proof)


async def test_an_app_is_added_by_its_first_code(office):
    """A mistyped one may be typed again; the code that added it approves nothing."""
    office.rules = Rules(cooling_off=timedelta())
    ana = office.holder("ana")
    await ana.has_key()
    begun = await office.enrolment.begin_app(ana.by, " my   phone ", await proof_of(ana))
    assert (True, True) == (begun.secret in begun.uri, begun.qr_svg.startswith("<svg"))
    wrong = f"{(int(await ana.code(begun.secret)) + 1) % 10**6:06}"
    assert "wrong_code" == await refusal(office.enrolment.finish_app(ana.by, begun.ticket, wrong))
    off = await ana.code(begun.secret, timedelta(minutes=10))
    assert "clock_off" == await refusal(office.enrolment.finish_app(ana.by, begun.ticket, off))
    code = await ana.code(begun.secret)
    added = await office.enrolment.finish_app(ana.by, begun.ticket, code)
    assert ("my phone", 10) == (added.credential.label, len(added.codes))
    assert "code_used" == await refusal(ana.proving.by_code(ana.by, code))
    assert "totp" == (await ana.proving.by_code(ana.by, await ana.code(begun.secret, totp.STEP))).kind
    kept = str(await office._connection.calls.hgetall(keys.factors("ana")))
    assert begun.secret not in kept


async def test_removing(office):
    """What counts takes a proof, and one's own alone can be removed; codes go with the last."""
    ana, ben = office.holder("ana"), office.holder("ben")
    key, his = await ana.has_key(), await ben.has_key()
    await ana.has_codes()
    proof = await proof_of(ana)
    assert "unknown_credential" == await refusal(office.enrolment.remove(ana.by, his.id, proof))
    assert key.id == (await office.enrolment.remove(ana.by, key.id, proof)).id
    assert ((), 0) == (await ana.proving.holdings(ana.by))[:2]
    assert "unknown_credential" == await refusal(office.enrolment.remove(ana.by, key.id, proof))
    assert "warrant_needed" == await refusal(office.enrolment.begin_key(ana.by, "k", proof))
    removed = next(e for e in await ana.told() if e.kind == "factor_removed")
    assert (key.id, proof) == (removed.request_id, removed.proof)


async def test_what_does_not_count_yet_is_removed_at_once(office):
    """Who hears of a key that is not theirs needs nothing else to be rid of it, not even while one waits."""
    ben = office.holder("ben")
    strange = await ben.has_key(HOUR)
    await office.workflow.request(
        Wish(action="prod-db-debug", resource="orders-db", reason="INC-7"), office.person("ana")
    )
    assert strange.id == (await office.enrolment.remove(ben.by, strange.id)).id


async def test_a_recovery_code_lets_one_add_a_key_again(office):
    """Somebody who lost the key adds another with a code, and then removes the lost one."""
    office.rules = Rules(cooling_off=timedelta())
    ana = office.holder("ana")
    lost = await ana.has_key()
    codes = await ana.has_codes()
    device = Authenticator()
    await office.enrols("ana", device, await ana.proving.by_recovery_code(ana.by, codes[0]))
    proof = await ana.proving.by_recovery_code(ana.by, codes[1])
    await office.enrolment.remove(ana.by, lost.id, proof)
    new = await office.enrolment.make_codes(ana.by, await proof_of_device(ana, device))
    assert "wrong_recovery_code" == await refusal(ana.proving.by_recovery_code(ana.by, codes[2]))
    assert (10, "recovery") == (len(new), (await ana.proving.by_recovery_code(ana.by, new[0])).kind)


async def proof_of_device(holder, device) -> Proof:
    holder.device = device
    return await proof_of(holder)


async def test_an_id_with_a_new_holder_starts_with_nothing(office):
    """What the earlier holder left is removed as the new one adds their first, who gets codes of their own."""
    before = Holder(office._connection, office.person("ana").model_copy(update={"slack": "U0BEFORE"}))
    await before.has_key()
    old = await before.has_codes()
    await office.grant("ana")
    added = await office.enrols("ana", Authenticator())
    ana = office.holder("ana")
    assert (10, [added.credential.id]) == (
        len(added.codes),
        [c.id for c in (await ana.store.of("ana")).credentials],
    )
    assert "wrong_recovery_code" == await refusal(ana.proving.by_recovery_code(ana.by, old[0]))


async def test_labels_are_plain_and_short(office):
    """Whatever is typed is shown to people and in the log."""
    ana = office.holder("ana")
    await ana.has_key()
    proof = await proof_of(ana)
    with pytest.raises(BadInput, match="plain text"):
        await office.enrolment.begin_key(ana.by, "a\u202eb", proof)
    begun = await office.enrolment.begin_key(ana.by, "x" * 200, proof)
    added = await office.enrolment.finish_key(
        ana.by, begun.ticket, Authenticator().create(begun.options, RP.origin)
    )
    assert "x" * 40 == added.credential.label
