"""Contract: the doctor tells that rules go by addresses and that there is no page to show one; nothing else."""

import pytest

from app.doctor.finding import Grade
from app.doctor.pages import examine_pages
from app.settings import Settings
from tests.policy.sets import policy_of

ABOUT = "rules:\n  office: {effect: auto_approve, %s}\n"


def settings(**more: str) -> Settings:
    return Settings(SLACK_BOT_TOKEN="xoxb-1", SLACK_APP_TOKEN="xapp-1", **more)


@pytest.mark.parametrize(
    "key", ["networks: [10.0.0.0/8]", "ip_from: [cli]", "when: [{id: a, cel: 'ip != \"\"', message: m}]"]
)
def test_rules_about_addresses_take_a_page(key):
    """By key or in CEL; with an address for pages all is well."""
    policy = policy_of(ABOUT % key)
    (found,) = examine_pages(settings(), policy)

    assert (Grade.WARNING, True, True) == (
        found.grade,
        "office" in found.said,
        "JIT_PUBLIC_URL" in found.mend,
    )
    assert [] == examine_pages(settings(public_url="https://jit.example.com"), policy)


@pytest.mark.parametrize("key", ["longest: 1h", "networks: [10.0.0.0/8], mode: shadow"])
def test_others_take_none(key):
    """Nothing is told where no rule in force goes by an address."""
    assert [] == examine_pages(settings(), policy_of(ABOUT % key))
