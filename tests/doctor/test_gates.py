"""The doctor asks each gate's vendor whom it takes us for, and says what policy names and the settings lack."""

import pytest
from pydantic import SecretStr

from app.doctor.finding import Grade
from app.doctor.gates import examine_gates
from app.policy import PolicySource
from app.settings import Settings
from tests.gates.conftest import SECRET_KEYS, SECRETS, with_gates
from tests.gates.vendors import at_loopback, settings_of
from tests.workplace import policy_folder


@pytest.fixture
def policy(tmp_path):
    return PolicySource(policy_folder(tmp_path / "policies", with_gates)).current


def settings(file, **changed):
    given = {
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_APP_TOKEN": "xapp-1",
        "gates": file,
        "secret_keys": SECRET_KEYS,
        "JIT_TRIGGER_": {f"JIT_TRIGGER_{name}": SecretStr(value) for name, value in SECRETS.items()},
    }
    return Settings(**given | changed)


async def test_all_is_well(policy, tmp_path):
    """Each vendor says who we are."""
    async with at_loopback() as vendors:
        found = await examine_gates(settings(settings_of(vendors, tmp_path)), policy)
    assert {Grade.GOOD} == {each.grade for each in found}
    said = " ".join(each.said for each in found)
    assert "takes us for the App harbour-gate" in said
    assert "takes us for the user harbour-gate" in said


async def test_keys_that_are_missing(policy, tmp_path):
    """A private key, a token, a trigger's secret, keys for tokens: each is named."""
    async with at_loopback() as vendors:
        file = settings_of(vendors, tmp_path)
        (tmp_path / "app.pem").unlink()
        (tmp_path / "gitlab-token").write_text("glpat-another")
        found = await examine_gates(settings(file, JIT_TRIGGER_={}), policy)
        bad = [each.said for each in found if each.grade is Grade.BAD]
        without = await examine_gates(settings(file, secret_keys=None), policy)
    assert any("github: " in each and "app.pem cannot be read" in each for each in bad)
    assert any("gitlab: 127.0.0.1 answered 401" in each for each in bad)
    assert 3 == len([each for each in bad if "JIT_TRIGGER_" in each and "is not set" in each])
    assert ["JIT_SECRET_KEYS" in each.said for each in without] == [True]


async def test_gates_that_policy_names_alone(policy):
    """Without settings nothing is let through, and each trigger says so."""
    found = await examine_gates(settings(None), policy)
    assert 3 == len([each for each in found if "is set up; name it in the file of JIT_GATES" in each.said])
