"""Contract: docs/policies.md says what is so: its examples are one whole set, and it names every key there is."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.domain.proof import Factor
from app.domain.verdict import Obligations, Outcome, Verdict
from app.policy.ask import Ask, History
from app.policy.building import build
from app.policy.cel import VARIABLES
from app.policy.factors import FactorPolicy
from app.policy.lint import lint
from app.policy.schema import SECTIONS, Spec
from tests.policy.sets import draft_of

TEXT = (Path(__file__).parents[2] / "docs/policies.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
DRAFT = draft_of({f"example-{number}.yaml": text for number, text in enumerate(EXAMPLES)})
POLICY = build(DRAFT)
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOTHING_YET = History()


def judged(action: str, resource: str, minutes: int, who: str = "ana", **changed: object) -> Verdict:
    ask = Ask(
        requester=POLICY.people[who],
        action=action,
        resource=resource,
        seconds=minutes * 60,
        reason="INC-7: slow",
        source="cli",
        at=MONDAY,
    )
    return POLICY.judge(ask.model_copy(update=changed))


def test_examples_are_one_set():
    """The examples, as the files of one folder, are whole and nothing in them is worth a warning but numbers."""
    assert 12 == len(EXAMPLES)
    assert [] == [str(problem) for problem in lint(DRAFT) if "can never be fulfilled" not in problem.text]


@pytest.mark.parametrize(
    ("changed", "outcome", "said"),
    [
        ({"ip": "10.1.2.3"}, Outcome.REQUIRE, "group engineers may ask"),
        ({"ip": "192.0.2.1"}, Outcome.DENY, "Databases are debugged from the office network"),
        ({}, Outcome.DENY, "Databases are debugged from the office network (this counts as met: "),
        ({"source": "slack"}, Outcome.REQUIRE, "group engineers may ask"),
        (
            {"source": "slack", "reason": "slow"},
            Outcome.DENY,
            "debug-db needs a ticket like [A-Z]{2,10}-[0-9]{1,6}",
        ),
        (
            {"source": "slack", "seconds": 7201},
            Outcome.DENY,
            "debug-db may be asked for up to 2 h, and you ask f",
        ),
    ],
)
def test_the_first_example(changed, outcome, said):
    """A ticket, a limit, and the office network or Slack, as the text says."""
    verdict = judged("debug-db", "orders-db", 30, "ben", **changed)

    assert outcome is verdict.outcome
    assert verdict.message.startswith(said)
    if outcome is Outcome.REQUIRE:
        assert [{"ana"}] == [POLICY.entitled(stage) for stage in verdict.stages]


@pytest.mark.parametrize(
    ("minutes", "changed", "outcome"),
    [
        (30, {"history": NOTHING_YET}, Outcome.AUTO_APPROVE),
        (30, {"history": History(asked=(MONDAY - timedelta(hours=23),) * 2, live=1)}, Outcome.AUTO_APPROVE),
        (30, {"history": History(asked=(MONDAY - timedelta(hours=23),) * 3)}, Outcome.REQUIRE),
        (30, {"history": History(asked=(MONDAY - timedelta(hours=24),) * 3)}, Outcome.AUTO_APPROVE),
        (30, {"history": History(live=2)}, Outcome.REQUIRE),
        (30, {}, Outcome.REQUIRE),
        (31, {"history": NOTHING_YET}, Outcome.REQUIRE),
        (30, {"history": NOTHING_YET, "at": MONDAY + timedelta(hours=8)}, Outcome.REQUIRE),
    ],
)
def test_the_second_example(minutes, changed, outcome):
    """A template within its limits is approved at once, and past any of them one colleague is asked, once."""
    verdict = judged("restart", "checkout", minutes, **changed)

    assert outcome is verdict.outcome
    assert len(verdict.stages) == (outcome is Outcome.REQUIRE)


def test_the_expression_of_the_second_example():
    """Billing is for the payments team; whose team is not known is kept out too."""
    ana, ben = (judged("restart", "billing-api", 5, who, history=NOTHING_YET) for who in ("ana", "ben"))

    assert Outcome.AUTO_APPROVE is ana.outcome
    assert "Billing is restarted by the payments team" == ben.message
    assert Outcome.DENY is judged("restart", "billing-api", 5, "sam").outcome


def test_the_third_example():
    """A freeze denies, and a rule in shadow is recorded."""
    frozen = judged("migrate-db", "orders-db", 60, at=datetime(2026, 12, 31, 12, tzinfo=UTC))
    long = judged("migrate-db", "orders-db", 150)

    assert "No database is migrated at the end of the year" == frozen.message
    assert (Outcome.REQUIRE, Outcome.DENY) == (long.outcome, long.shadow)
    assert long.obligations.single_use


def test_the_example_with_factors():
    """A critical migration is approved with a key and begun with a proof; enrolling takes two people, and one use."""
    critical = judged("migrate-db", "orders-db", 60).obligations
    enrolling = judged("enrol-factor", "ben", 30, "ben")

    assert ((Factor.WEBAUTHN,), (Factor.WEBAUTHN, Factor.TOTP), 600) == (
        critical.mfa_approver,
        critical.mfa_requester,
        critical.fresh_seconds,
    )
    assert ([2], True, None) == (
        [stage.quorum for stage in enrolling.stages],
        enrolling.obligations.single_use,
        enrolling.obligations.mfa_approver,
    )
    assert FactorPolicy("enrol-factor", timedelta(hours=24)) == POLICY.factors
    assert Obligations() == judged("restart", "checkout", 5, history=NOTHING_YET).obligations


def test_every_key_is_named():
    """Whatever a file may hold stands in the reference, and so does every variable of CEL."""
    keys = set(SECTIONS) | {
        field.alias or name
        for spec in Spec.__subclasses__()
        if spec.__module__ == Spec.__module__
        for name, field in spec.model_fields.items()
    }

    assert [] == sorted(
        key for key in keys | VARIABLES.keys() if not re.search(rf"\b{re.escape(key)}\b", TEXT)
    )
