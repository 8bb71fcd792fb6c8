"""Contract: a verb that policy holds to a factor is not done without one, whoever tries it, and however.

The stricter of the frozen verdict and the policy in force holds. Who may not do a thing is told that, and is asked for
no factor. A proof that was made for something else counts for as long as policy calls it fresh, and only to a click.
What takes its requester's proof waits for it, begins nothing without, and lapses.
"""

from datetime import timedelta

import pytest

from app.delegating import Delegating
from app.domain.confirming import CONFIRMED_WITHIN
from app.domain.deadlines import Deadline, deadlines
from app.domain.proof import API_TOKEN, SLACK_SESSION, Factor, Proof
from app.domain.proving import PROVEN_FOR_ITSELF, Purpose
from app.domain.refusals import (
    BadInput,
    FactorNeeded,
    NotAnApprover,
    NotByApi,
    NotPermitted,
    SelfApproval,
    WrongState,
)
from app.domain.request import State
from app.policy import PolicySource
from app.store.delegations import DelegationStore
from app.store.proofs import ProofStore
from app.store.requests import RequestStore
from app.store.stream import Stream
from app.workflow import Wish, Workflow
from tests.granting import granter
from tests.workplace import policy_folder, rewrite

KEY = Proof(kind="webauthn", credential="1a2b", ip="192.0.2.7")
CODE = Proof(kind="totp")
RULE = "prod-db-debug"


def asks_for(mfa, **more):
    """Change the shipped policies so that debugging a database obliges to this, and nothing else does."""

    def change(policy):
        policy["rules"][RULE]["obligations"] = {"mfa": mfa, **more}

    return change


class Office:
    """A workflow over an empty store, with a policy that a test may change."""

    def __init__(self, connection, folder, change):
        self.folder = folder
        self.policies = PolicySource(policy_folder(folder, change))
        self.store = RequestStore(connection.calls)
        self.stream = Stream(connection.calls, connection.waits)
        self.proofs = ProofStore(connection.calls)
        delegating = Delegating(
            DelegationStore(connection.calls), lambda: self.policies.current, self.is_there
        )
        self.workflow = Workflow(self.store, lambda: self.policies.current, delegating, self.proofs)
        self.granter = granter(self.workflow, self.store, connection.calls)

    async def is_there(self, _):
        return True

    def person(self, name):
        return self.policies.current.people[name]

    async def asked(self, **more):
        wish = Wish(action="prod-db-debug", resource="orders-db", reason="INC-7", **more)
        return await self.workflow.request(wish, self.person("ana"))

    async def approved(self, proof=SLACK_SESSION, **more):
        request = await self.asked(**more)
        return await self.workflow.approve(request.id, self.person("ben"), proof=proof)

    async def request(self, request_id):
        return (await self.store.load(request_id)).request

    async def state(self, request_id):
        return (await self.request(request_id)).state

    async def settled(self, request_id):
        await self.granter.settle(request_id)
        return await self.request(request_id)

    def repolicy(self, change):
        rewrite(self.folder, change)
        self.policies.refresh()
        assert "" == self.policies.problem


@pytest.fixture
def office(redis, tmp_path):
    """Make an office of a policy."""
    return lambda change: Office(redis, tmp_path / "policies", change)


# -- the approver's ------------------------------------------------------------------------------------


@pytest.mark.parametrize("proof", [SLACK_SESSION, API_TOKEN, CODE, Proof(kind="webauthn2")])
async def test_not_approved_without(office, proof):
    """A click, a token and another factor leave the request as it is; what is needed is told."""

    def change(policy):
        asks_for({"approver": "webauthn"})(policy)
        policy["api"] = {"decide": True}

    work = office(change)
    request = await work.asked()
    with pytest.raises(FactorNeeded) as refused:
        await work.workflow.approve(request.id, work.person("ben"), proof=proof)

    assert (request.id, (Factor.WEBAUTHN,), "approve") == (
        refused.value.request_id,
        refused.value.factors,
        refused.value.purpose,
    )
    assert f"Approving {request.id} takes a security key" in str(refused.value)
    assert request.model_copy(update={"version": 1}) == await work.request(request.id)
    assert (Factor.WEBAUTHN,) == await work.workflow.needed(request, Purpose.APPROVE)
    assert request.id == (await work.workflow.may_approve(request.id, work.person("ben"))).id


async def test_approved_with(office):
    """The factor approves, and the decision says which, of what credential, from where."""
    work = office(asks_for({"approver": ["totp", "webauthn"]}))
    request = await work.approved(KEY)

    assert (State.APPROVED, KEY) == (request.state, request.decisions[0].proof)


async def test_also_for_less(office):
    """Approving for a shorter time is approving."""
    work = office(asks_for({"approver": "webauthn"}))
    request, ben = await work.asked(), work.person("ben")
    with pytest.raises(FactorNeeded):
        await work.workflow.approve(request.id, ben, "", timedelta(minutes=5))
    shorter = await work.workflow.approve(request.id, ben, "", timedelta(minutes=5), KEY)

    assert (State.APPROVED, 300, KEY) == (shorter.state, shorter.seconds, shorter.decisions[0].proof)


async def test_also_as_a_delegate(office):
    """A delegate proves themselves, and their vote says for whom it is."""
    work = office(asks_for({"approver": "webauthn"}))
    request, sam = await work.asked(), work.person("sam")
    now = await work.store.now()
    await work.workflow.delegate(work.person("ben"), sam, now + timedelta(hours=2))
    with pytest.raises(FactorNeeded):
        await work.workflow.approve(request.id, sam)
    approved = await work.workflow.approve(request.id, sam, proof=KEY)

    assert ("ben", KEY) == (approved.decisions[0].behalf.id, approved.decisions[0].proof)


async def test_also_for_more_time(office):
    """More time takes the approver's factor like the access did; denying it does not."""
    work = office(asks_for({"approver": "webauthn"}))
    request = await work.settled((await work.approved(KEY)).id)
    await work.workflow.extend(request.id, work.person("ana"), timedelta(minutes=30), "more")
    ben, chloe = work.person("ben"), work.person("chloe")
    with pytest.raises(FactorNeeded) as refused:
        await work.workflow.decide_extension(request.id, ben, approved=True)
    longer = await work.workflow.decide_extension(request.id, ben, approved=True, proof=KEY)
    await work.workflow.extend(request.id, work.person("ana"), timedelta(minutes=30), "and more")
    denied = await work.workflow.decide_extension(request.id, chloe, approved=False, comment="no")

    assert ("more_time", request.seconds + 1800, longer.seconds) == (
        refused.value.purpose,
        longer.seconds,
        denied.seconds,
    )


async def test_denying_takes_none(office):
    """No is no, by whatever it is said."""
    work = office(asks_for({"approver": "webauthn"}))
    request = await work.asked()

    assert State.DENIED is (await work.workflow.deny(request.id, work.person("ben"), "no")).state


@pytest.mark.parametrize(
    ("who", "proof", "refusal"),
    [
        ("ana", KEY, SelfApproval),
        ("ana", SLACK_SESSION, SelfApproval),
        ("dev", SLACK_SESSION, NotAnApprover),
        ("ben", API_TOKEN, NotByApi),
    ],
)
async def test_who_may_not_is_asked_for_none(office, who, proof, refusal):
    """Whoever may not approve is told so, with a factor and without: no page opens for them."""
    work = office(asks_for({"approver": "webauthn"}))
    request = await work.asked()
    with pytest.raises(refusal):
        await work.workflow.approve(request.id, work.person(who), proof=proof)


async def test_the_stricter_of_then_and_now(office):
    """What the policy asked then holds though it asks no more, and what it asks now holds though it did not then."""
    work = office(asks_for({"approver": ["webauthn", "totp"]}))
    then, ben = await work.asked(), work.person("ben")
    work.repolicy(lambda policy: policy["rules"][RULE].pop("obligations"))
    with pytest.raises(FactorNeeded) as lenient:
        await work.workflow.approve(then.id, ben)
    now = await work.asked()
    work.repolicy(asks_for({"approver": "webauthn"}))
    with pytest.raises(FactorNeeded):
        await work.workflow.approve(now.id, ben, proof=CODE)
    with pytest.raises(FactorNeeded):
        await work.workflow.approve(then.id, ben, proof=CODE)

    assert (Factor.WEBAUTHN, Factor.TOTP) == lenient.value.factors
    assert State.APPROVED is (await work.workflow.approve(now.id, ben, proof=KEY)).state


async def test_what_nobody_can_meet(office):
    """Where then and now accept nothing in common, nobody approves, and is told why."""
    work = office(asks_for({"approver": "totp"}))
    request = await work.asked()
    work.repolicy(asks_for({"approver": "webauthn"}))
    for proof in (KEY, CODE, SLACK_SESSION):
        with pytest.raises(FactorNeeded, match="there is none, so nobody can"):
            await work.workflow.approve(request.id, work.person("ben"), proof=proof)

    assert () == await work.workflow.needed(request, Purpose.APPROVE)


# -- fresh ---------------------------------------------------------------------------------------------


async def test_each_is_proved_for_itself(office):
    """Without `fresh` a proof counts for the one decision that it was made for."""
    work = office(asks_for({"approver": "webauthn"}))
    await work.approved(KEY)
    with pytest.raises(FactorNeeded):
        await work.approved()


async def test_fresh_proofs_count(office):
    """With it a click counts as the latest proof does, which the decision names; a token, and others, do not."""
    work = office(asks_for({"approver": "webauthn", "fresh": "10m"}, single_use=True))
    await work.approved(KEY)
    second = await work.approved()
    third = await work.asked()
    for who, proof in (("chloe", SLACK_SESSION), ("ben", API_TOKEN)):
        work.repolicy(lambda policy: policy.update(api={"decide": True}))
        with pytest.raises(FactorNeeded):
            await work.workflow.approve(third.id, work.person(who), proof=proof)

    proof = second.decisions[0].proof
    assert (KEY.credential, KEY.ip, True) == (proof.credential, proof.ip, proof.at is not None)


async def test_not_for_longer(office):
    """A proof that is older than that, of another factor, or forgotten, is none."""
    work = office(asks_for({"approver": "webauthn", "fresh": "10m"}))
    now, ben = await work.store.now(), work.person("ben")
    for old in (KEY.model_copy(update={"at": now - timedelta(minutes=11)}), CODE):
        await work.proofs.remember("ben", old, now)
        with pytest.raises(FactorNeeded):
            await work.approved()
    await work.proofs.remember("ben", KEY, now)
    await work.proofs.forget("ben")
    with pytest.raises(FactorNeeded):
        await work.workflow.approve((await work.asked()).id, ben)
    await work.proofs.remember("ben", KEY.model_copy(update={"at": now - timedelta(minutes=9)}), now)

    assert State.APPROVED is (await work.approved()).state


async def test_a_proof_that_comes_late(office):
    """One that is given as made for this, and was made long ago, is an old one."""
    work = office(asks_for({"approver": "webauthn"}))
    late = KEY.model_copy(update={"at": await work.store.now() - PROVEN_FOR_ITSELF - timedelta(seconds=1)})
    with pytest.raises(FactorNeeded):
        await work.approved(late)


# -- the requester's -----------------------------------------------------------------------------------


async def test_waits_for_its_requester(office):
    """What is approved begins nothing until its requester confirms, and then it begins."""
    work = office(asks_for({"requester": ["webauthn", "totp"]}))
    approved = await work.approved()
    waiting = await work.settled(approved.id)
    again = await work.settled(approved.id)

    assert (State.APPROVED, True, (Factor.WEBAUTHN, Factor.TOTP)) == (
        waiting.state,
        waiting.waits_for_requester,
        waiting.confirms_with,
    )
    assert waiting == again
    assert {Deadline.LAPSE: waiting.confirms_by} == deadlines(waiting)
    assert not await work.store.has_grant(approved.id)
    confirmed = await work.workflow.confirm(approved.id, work.person("ana"), CODE)
    active = await work.settled(approved.id)
    assert (CODE, False, State.ACTIVE, CODE) == (
        confirmed.confirmed,
        confirmed.waits_for_requester,
        active.state,
        active.confirmed,
    )


@pytest.mark.parametrize(
    ("who", "proof", "refusal"),
    [
        ("ben", KEY, NotPermitted),
        ("sam", KEY, NotPermitted),
        ("ana", SLACK_SESSION, FactorNeeded),
        ("ana", API_TOKEN, FactorNeeded),
        ("ana", CODE, FactorNeeded),
    ],
)
async def test_confirmed_by_nothing_else(office, who, proof, refusal):
    """Nobody confirms for the requester, and no session, token or other factor does."""
    work = office(asks_for({"requester": "webauthn"}))
    request = await work.settled((await work.approved()).id)
    with pytest.raises(refusal):
        await work.workflow.confirm(request.id, work.person(who), proof)

    assert State.APPROVED is (await work.settled(request.id)).state


@pytest.mark.parametrize("state", ["pending", "active", "cancelled", "not asked for"])
async def test_confirmed_when_it_is_asked(office, state):
    """There is nothing to confirm before it is approved, once it is live or over, or where nothing is asked."""
    work = office(
        asks_for({"requester": "webauthn"} if state != "not asked for" else {"approver": "webauthn"})
    )
    ana = work.person("ana")
    request = await (work.asked() if state == "pending" else work.approved(KEY))
    if state == "active":
        await work.workflow.confirm(request.id, ana, KEY)
        await work.settled(request.id)
    if state == "cancelled":
        await work.workflow.cancel(request.id, ana)
    for confirming in (
        work.workflow.confirm(request.id, ana, KEY),
        work.workflow.may_confirm(request.id, ana),
    ):
        with pytest.raises(BadInput if state == "not asked for" else WrongState):
            await confirming


async def test_what_it_reads(office):
    """A page may ask whether somebody could confirm, and by what; afterwards nothing is needed."""
    work = office(asks_for({"requester": "oidc"}))
    request = await work.settled((await work.approved()).id)
    assert request == await work.workflow.may_confirm(request.id, work.person("ana"))
    assert (Factor.OIDC,) == await work.workflow.needed(request, Purpose.CONFIRM)
    assert None is await work.workflow.needed(request, Purpose.APPROVE)
    with pytest.raises(NotPermitted):
        await work.workflow.may_confirm(request.id, work.person("ben"))
    confirmed = await work.workflow.confirm(request.id, work.person("ana"), Proof(kind="oidc"))
    assert None is await work.workflow.needed(confirmed, Purpose.CONFIRM)


async def test_lapses_unconfirmed(office):
    """After a quarter of an hour it lapses, not earlier, and cannot be confirmed after."""
    work = office(asks_for({"requester": "webauthn"}))
    waiting = await work.settled((await work.approved()).id)
    with pytest.raises(WrongState):
        await work.workflow.lapse(waiting.id)
    work.store.load = late(work.store.load, CONFIRMED_WITHIN)
    with pytest.raises(WrongState, match="not confirmed in time"):
        await work.workflow.confirm(waiting.id, work.person("ana"), KEY)
    work.store.save = early(work.store.save, CONFIRMED_WITHIN)
    lapsed = await work.workflow.lapse(waiting.id)

    assert State.LAPSED is lapsed.state
    with pytest.raises(WrongState, match="Ana Ruiz did not confirm it in time"):
        await work.workflow.confirm(waiting.id, work.person("ana"), KEY)


async def test_policy_asks_more_meanwhile(office):
    """A confirmation by what is not enough any more is asked for anew."""
    work = office(asks_for({"requester": ["webauthn", "totp"]}))
    request, ana = await work.settled((await work.approved()).id), work.person("ana")
    await work.workflow.confirm(request.id, ana, CODE)
    work.repolicy(asks_for({"requester": "webauthn"}))
    asked = await work.settled(request.id)
    assert (State.APPROVED, (Factor.WEBAUTHN,)) == (asked.state, asked.confirms_with)
    await work.workflow.confirm(request.id, ana, KEY)

    assert State.ACTIVE is (await work.settled(request.id)).state


async def test_at_its_start(office):
    """What starts later is confirmed when it starts, or a little before; approval alone asks for nothing yet."""
    work = office(asks_for({"requester": "webauthn"}))
    start = await work.store.now() + timedelta(minutes=30)
    request = await work.settled((await work.approved(start_at=start)).id)
    ana = work.person("ana")
    assert (State.SCHEDULED, None) == (request.state, request.confirms_by)
    with pytest.raises(BadInput, match="does not start yet"):
        await work.workflow.confirm(request.id, ana, KEY)
    work.store.load = late(work.store.load, timedelta(minutes=30))
    work.store.save = early(work.store.save, timedelta(minutes=30))
    waiting = await work.settled(request.id)
    assert (State.SCHEDULED, True) == (waiting.state, waiting.waits_for_requester)
    await work.workflow.confirm(request.id, ana, KEY)

    assert State.GRANTING is (await work.workflow.begin_grant(request.id)).state


# -- breaking the glass, and more time by oneself -------------------------------------------------------


async def test_breaking_the_glass(office):
    """Where the requester is to prove themselves, they do it as they break the glass, and it begins at once."""
    work = office(asks_for({"requester": "webauthn"}, break_glass=True))
    request, ana = await work.asked(), work.person("ana")
    with pytest.raises(NotPermitted):
        await work.workflow.break_glass(request.id, work.person("ben"), "it burns")
    with pytest.raises(FactorNeeded) as refused:
        await work.workflow.break_glass(request.id, ana, "it burns")
    assert ("break_glass", State.PENDING) == (refused.value.purpose, await work.state(request.id))
    await work.workflow.break_glass(request.id, ana, "it burns", KEY)

    assert State.ACTIVE is (await work.settled(request.id)).state


async def test_more_time_is_no_side_door(office):
    """More time that takes a factor by which the access was not confirmed takes it as it is asked for."""

    def change(policy):
        policy["rules"]["long"] = {
            "effect": "require",
            "actions": ["prod-db-debug"],
            "longer_than": "40m",
            "stages": policy["rules"][RULE]["stages"],
            "obligations": {"mfa": {"requester": "webauthn"}},
        }

    work = office(change)
    request, ana = await work.settled((await work.approved()).id), work.person("ana")
    assert State.ACTIVE is request.state
    with pytest.raises(FactorNeeded) as refused:
        await work.workflow.extend(request.id, ana, timedelta(minutes=30), "more")
    asked = await work.workflow.extend(request.id, ana, timedelta(minutes=30), "more", proof=KEY)

    assert ("extend", KEY, True) == (refused.value.purpose, asked.confirmed, asked.extension is not None)


def late(load, by):
    """The store's clock, so much later."""

    async def loaded(request_id):
        found = await load(request_id)
        return found._replace(now=found.now + by)

    return loaded


def early(save, by):
    """Write as of the clock that the store itself has."""

    async def saved(request, event, read_at):
        return await save(request, event, read_at - by)

    return saved
