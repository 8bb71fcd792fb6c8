"""Contract: no sequence of verbs, by whatever people, ends in an active grant that lacks a required approval.

Nor in one that lacks a factor by which policy wants an approver, or its requester, to prove themselves.
A machine lets Hypothesis choose who does what to which request, on the real workflow over a real store, with the
shipped policies, and factors asked for on top. After each step it looks at every request from outside and compares
it with what it knows.
"""

import asyncio
from datetime import timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)
from hypothesis.stateful import run_state_machine_as_test as run_machine

from app.delegating import Delegating
from app.domain.duration import parse_duration
from app.domain.proof import API_TOKEN, SLACK_SESSION, Factor, Proof
from app.domain.refusals import Refused
from app.domain.request import FINAL, State
from app.domain.verdict import Outcome
from app.policy import PolicySource
from app.store.connection import connect
from app.store.delegations import DelegationStore
from app.store.proofs import ProofStore
from app.store.requests import RequestStore
from app.workflow import Wish, Workflow
from tests.granting import granter
from tests.workplace import policy_folder

PEOPLE = st.sampled_from(["ana", "ben", "chloe", "sam", "dev"])
WISHES = st.sampled_from([
    ("prod-db-debug", "orders-db", "30m"),
    ("prod-db-debug", "payments-db", "2h"),
    ("prod-db-migration", "orders-db", "30m"),
    ("prod-debug-session", "checkout", "10m"),
    ("prod-config-change", "routing", "30m"),
    ("prod-config-change", "feature-flags", "30m"),
    ("prod-restart-container", "checkout", "1h"),
    ("restart-container", "checkout", "10m"),
    ("restart-container", "checkout", "1h"),
    ("sandbox-admin", "sandbox-1", "1h"),
])  # fmt: skip
PROOFS = st.sampled_from(
    [SLACK_SESSION, SLACK_SESSION, API_TOKEN, *(Proof(kind=each.value) for each in Factor)]
)
FACTORS = {
    "prod-db-debug": {"approver": "webauthn"},
    "prod-db-migration": {"approver": ["webauthn", "totp"], "requester": "webauthn", "fresh": "10m"},
    "prod-debug-session": {"requester": ["totp", "oidc"]},
    "prod-restart-container": {"requester": "any", "fresh": "1m"},
}
WITH_FACTORS = st.sampled_from([
    ("prod-db-debug", "orders-db", "30m"),
    ("prod-db-migration", "orders-db", "30m"),
    ("prod-debug-session", "checkout", "10m"),
    ("prod-restart-container", "checkout", "1h"),
])  # fmt: skip
EARLY = ["lapse", "remind", "escalate", "warn", "expire", "finish", "begin_grant"]
HELD = {State.APPROVED, State.GRANTING, State.ACTIVE}


class Company(RuleBasedStateMachine):
    """People at work on one store; `url` is set by the test."""

    url = ""
    folder = Path()
    requests = Bundle("requests")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.policy = PolicySource(self.folder).current
        self.connection = connect(self.url)
        self.run(self.connection.calls.flushall())
        self.store = RequestStore(self.connection.calls)
        self.away: set[str] = set()
        delegating = Delegating(DelegationStore(self.connection.calls), lambda: self.policy, self.is_there)
        self.workflow = Workflow(
            self.store, lambda: self.policy, delegating, ProofStore(self.connection.calls)
        )
        self.granter = granter(self.workflow, self.store, self.connection.calls)
        self.seen: dict[str, State] = {}

    def teardown(self) -> None:
        self.run(self.connection.aclose())
        self.loop.close()

    def run(self, doing):
        return self.loop.run_until_complete(doing)

    async def is_there(self, person):
        return person.id not in self.away

    def tries(self, doing):
        """Do something; being refused is an answer."""
        try:
            return self.run(doing)
        except Refused:
            return None

    @initialize(target=requests, wish=WITH_FACTORS)
    def something_is_asked(self, wish):
        """Else most of a run goes by before there is anything to do."""
        return self.asks("ana", wish)

    @rule(target=requests, who=PEOPLE, wish=WISHES)
    def asks(self, who, wish):
        action, resource, duration = wish
        wanted = Wish(
            action=action, resource=resource, duration=parse_duration(duration), reason="CHG-7: why"
        )
        request = self.tries(self.workflow.request(wanted, self.policy.people[who]))
        return request.id if request else multiple()

    @rule(request_id=requests, who=PEOPLE, proof=PROOFS)
    def approves(self, request_id, who, proof):
        self.tries(self.workflow.approve(request_id, self.policy.people[who], proof=proof))

    @rule(request_id=requests, choice=st.integers(0, 3), proof=PROOFS)
    def somebody_entitled_approves(self, request_id, choice, proof):
        """Chance alone rarely gets through the stages; this is how people get on."""
        stages = self.run(self.store.load(request_id)).request.open_stages
        able = sorted(self.policy.entitled(stages[0])) if stages else ["ben"]
        self.approves(request_id, able[choice % len(able)], proof)
        self.the_granter_works(request_id)

    @rule(request_id=requests, who=PEOPLE)
    def denies(self, request_id, who):
        self.tries(self.workflow.deny(request_id, self.policy.people[who], "no"))

    @rule(request_id=requests, who=PEOPLE | st.none(), proof=PROOFS)
    def confirms(self, request_id, who, proof):
        """Most often it is the requester who tries."""
        person = self.policy.people[who] if who else self.run(self.store.load(request_id)).request.requester
        self.tries(self.workflow.confirm(request_id, person, proof))
        self.the_granter_works(request_id)

    @rule(request_id=requests, proof=PROOFS)
    def all_goes_its_way(self, request_id, proof):
        """Everybody does what is theirs, with one and the same proof: what is not let through must stop here."""
        for choice in range(3):
            self.somebody_entitled_approves(request_id, choice, proof)
        self.confirms(request_id, None, proof)

    @rule(request_id=requests, who=PEOPLE, verb=st.sampled_from(["cancel", "done", "revoke"]))
    def ends(self, request_id, who, verb):
        self.tries(getattr(self.workflow, verb)(request_id, self.policy.people[who]))

    @rule(request_id=requests, who=PEOPLE, more=st.sampled_from(["5m", "1h", "9h"]), proof=PROOFS)
    def wants_more_time(self, request_id, who, more, proof):
        person = self.policy.people[who]
        self.tries(self.workflow.extend(request_id, person, parse_duration(more), "more", proof=proof))

    @rule(request_id=requests, who=PEOPLE, approved=st.booleans(), proof=PROOFS)
    def decides_on_more_time(self, request_id, who, approved, proof):
        person = self.policy.people[who]
        before = self.run(self.store.load(request_id)).request.extension
        decided = self.tries(
            self.workflow.decide_extension(request_id, person, approved=approved, comment="so", proof=proof)
        )
        if decided and approved:
            bound = before.verdict.obligations
            is_fresh = bool(bound.fresh_seconds) and proof == SLACK_SESSION
            assert bound.mfa_approver is None or is_fresh or proof.factor in bound.mfa_approver

    @rule(
        request_id=requests, who=PEOPLE, less=st.sampled_from(["30s", "5m", "29m", "30m", "9h"]), proof=PROOFS
    )
    def approves_for_less(self, request_id, who, less, proof):
        person = self.policy.people[who]
        self.tries(self.workflow.approve(request_id, person, "", parse_duration(less), proof))

    @rule(request_id=requests, who=PEOPLE, part=st.sampled_from(["checkout", "../routing", "", "a/b"]))
    def approves_a_part(self, request_id, who, part):
        asked = self.run(self.store.load(request_id)).request.asked_resource
        approving = self.workflow.approve(request_id, self.policy.people[who], resource=f"{asked}/{part}")
        self.tries(approving)

    @rule(who=PEOPLE, to=PEOPLE, hours=st.sampled_from([0, 1, 24, 24 * 20]))
    def delegates(self, who, to, hours):
        people, now = self.policy.people, self.run(self.store.now())
        self.tries(self.workflow.delegate(people[who], people[to], now + timedelta(hours=hours)))

    @rule(who=PEOPLE)
    def decides_again_themselves(self, who):
        self.tries(self.workflow.end_delegation(self.policy.people[who]))

    @rule(who=PEOPLE)
    def leaves_or_comes_back(self, who):
        self.away ^= {who}

    @rule(request_id=requests, who=PEOPLE, number=st.none() | st.integers(1, 3))
    def talks(self, request_id, who, number):
        person = self.policy.people[who]
        if number is None:
            self.tries(self.workflow.ask(request_id, person, "why?"))
        else:
            self.tries(self.workflow.answer(request_id, person, number, "so"))

    @rule(request_id=requests, who=PEOPLE, proof=PROOFS)
    def breaks_the_glass(self, request_id, who, proof):
        self.tries(self.workflow.break_glass(request_id, self.policy.people[who], "it burns", proof))

    @rule(request_id=requests, who=PEOPLE)
    def reviews(self, request_id, who):
        self.tries(self.workflow.review(request_id, self.policy.people[who], "seen"))

    @rule(request_id=requests)
    def the_granter_works(self, request_id):
        self.run(self.granter.settle(request_id))

    @rule(request_id=requests, verb=st.sampled_from(EARLY))
    def time_and_targets_are_early(self, request_id, verb):
        self.tries(getattr(self.workflow, verb)(request_id))

    @rule(request_id=consumes(requests))
    def is_forgotten(self, request_id):
        """Look at other requests from here on."""

    @invariant()
    def no_access_without_its_approvals(self):
        for request_id in self.seen.keys() | self._ids():
            request = self.run(self.store.load(request_id)).request
            before = self.seen.get(request_id)
            assert before not in FINAL or before is request.state
            self.seen[request_id] = request.state
            assert self.run(self.store.has_grant(request_id)) == (request.state is State.ACTIVE)
            assert not any(decision.counts_for(request.requester) for decision in request.decisions)
            if request.state not in HELD:
                continue
            assert request.verdict.outcome is not Outcome.DENY
            self.is_proved(request)
            if request.glass:
                assert request.verdict.obligations.break_glass
                assert request.glass.review is None
                continue
            assert len({decision.by.id for decision in request.decisions}) == len(request.decisions)
            by_stage = [
                {(d.behalf or d.by).id for d in request.approvals(stage)} for stage in request.verdict.stages
            ]
            for stage, by in zip(request.verdict.stages, by_stage, strict=True):
                assert len(by) >= stage.quorum
                assert by <= self.policy.entitled(stage)
            assert sum(map(len, by_stage)) == len(set().union(*by_stage))
            if request.ends_at:
                assert request.ends_at == request.starts_at + request.duration
                assert request.duration <= self.policy.actions[request.action].longest

    def is_proved(self, request):
        """Each approval, and the beginning, rest on a factor that the verdict accepts, made when it may be."""
        bound = request.verdict.obligations
        fresh = timedelta(seconds=bound.fresh_seconds or 0)
        for decision in request.decisions:
            if bound.mfa_approver is not None and decision.approved:
                assert decision.proof.factor in bound.mfa_approver
                assert decision.proof.at is None or decision.at - decision.proof.at <= fresh
        if bound.mfa_requester is not None and request.state in {State.GRANTING, State.ACTIVE}:
            assert request.confirmed.factor in bound.mfa_requester

    def _ids(self) -> set[str]:
        pending, live = self.run(self.store.pending()), self.run(self._live())
        return {request.id for request in (*pending, *live)}

    async def _live(self):
        return [request async for request in self.store.each_live()]


def asking_for_factors(policy):
    for name, mfa in FACTORS.items():
        policy["rules"][name].setdefault("obligations", {})["mfa"] = mfa


def test_no_sequence_of_verbs_gets_round_an_approval(redis_server, tmp_path):
    """Whoever does what in whatever order, on real parts."""
    Company.url = f"unix://{redis_server.socket}"
    Company.folder = policy_folder(tmp_path / "policies", asking_for_factors)
    run_machine(Company, settings=settings(max_examples=40, stateful_step_count=30, deadline=None))
