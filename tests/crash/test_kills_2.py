"""A bot that is killed while people work, again and again: the half of the kills whose seeds begin here.

Contract: SIGKILL of the bot, alone or with its own Redis, between any two steps, loses no request, gives
nothing twice, leaves no card with buttons that do not work, and every end is announced once. See survival.py.
"""

import pytest

from tests.crash.survival import LONGEST, all_survive


@pytest.mark.timeout(LONGEST)
async def test_kills_leave_no_trace(tmp_path):
    """Whatever is killed when: once it is quiet, Slack, the audit log and Redis tell the one whole story."""
    await all_survive(tmp_path, half=1)
