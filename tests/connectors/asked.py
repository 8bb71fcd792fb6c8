"""Requests as connectors get them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.ids import new_request_id
from app.domain.request import Request, State
from app.domain.verdict import Outcome, Verdict
from tests.people import ANA


def granting(seconds: float = 600, **changed: Any) -> Request:
    """A request that is being given since now."""
    now = datetime.now(UTC)
    fields = {
        "id": new_request_id("ana"),
        "state": State.GRANTING,
        "requester": ANA,
        "action": "prod-db-debug",
        "environment": "production",
        "resource": "orders-db",
        "seconds": max(1, int(seconds)),
        "reason": "INC-7",
        "risk": "high",
        "channel": "#prod",
        "source": "api",
        "verdict": Verdict(outcome=Outcome.REQUIRE, reasons=(), policy_digest="d"),
        "created_at": now,
        "lapses_at": now + timedelta(hours=1),
        "starts_at": now,
        "ends_at": now + timedelta(seconds=seconds),
    }
    return Request(**fields | changed)
