"""Contract: metrics that others could read are pointed out, before anybody reads them."""

import pytest

from app.doctor.metrics import examine_metrics
from app.settings import Settings


def examined(**settings):
    return [
        finding.said
        for finding in examine_metrics(
            Settings(SLACK_BOT_TOKEN="xoxb-1", SLACK_APP_TOKEN="xapp-1", **settings)
        )
    ]


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"public_url": "https://jit.example.com"}, "JIT_PUBLIC_URL leads there"),
        ({"http_host": "10.1.2.3"}, "it listens at 10.1.2.3"),
        ({"http_host": "bot.internal"}, "it listens at bot.internal"),
    ],
)
def test_open(settings, why):
    """Where others come to the port, or a proxy leads them there."""
    [said] = examined(**settings)
    assert why in said


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"http_host": "::1"},
        {"public_url": "https://jit.example.com", "metrics_port": 9100},
        {"http_host": "10.1.2.3", "metrics_token": "a-token-of-this-test"},
    ],
)
def test_not_open(settings):
    """On loopback alone, behind a token, or at a port of its own nothing is said."""
    assert [] == examined(**settings)
