"""Contract: tokens that policy lets people have, and that the bot cannot sign, are found before anybody asks."""

import pytest
from pydantic import SecretStr

from app.doctor.offline import examine_offline
from app.policy import PolicySource
from app.settings import Settings
from tests.client.issuing import KEYS, offline
from tests.workplace import policy_folder

WHOLE = {"signing_keys": SecretStr(KEYS[0]), "public_url": "https://jit.example.com"}


def examined(tmp_path, change, **settings):
    policy = PolicySource(policy_folder(tmp_path / "policies", change)).current
    given = Settings(SLACK_BOT_TOKEN="xoxb-1", SLACK_APP_TOKEN="xapp-1", **settings)
    return [str(finding) for finding in examine_offline(given, policy)]


def with_machines(policies):
    policies["machines"] = {}
    offline(policies)


@pytest.mark.parametrize("lacking", list(WHOLE))
def test_what_is_lacking(tmp_path, lacking):
    """The setting that is lacking is named, and the action."""
    [said] = examined(tmp_path, with_machines, **{name: WHOLE[name] for name in WHOLE if name != lacking})
    assert "prod-db-debug" in said
    assert f"Set JIT_{lacking.upper()}," in said


def test_nothing_is_lacking(tmp_path):
    """With both it is well; where no action asks for it nothing is said."""
    [said] = examined(tmp_path, with_machines, **WHOLE)
    assert "signed for prod-db-debug" in said
    assert [] == examined(tmp_path, lambda policies: None)
