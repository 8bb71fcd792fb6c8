"""Forms that nobody could have sent from the workspace: any person, any form, any values."""

import itertools
from typing import Any

from app.playground.delivery.envelope import Ack
from tests.workplace import Workplace

_count = itertools.count(1)


async def sends_form(
    work: Workplace, user: str, callback_id: str, metadata: str, values: dict[str, dict[str, Any]]
) -> Ack:
    """Deliver a submission by hand; `values` are elements by block."""
    person = work.user_id(user)
    view = {
        "id": f"V{next(_count):08d}",
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": metadata,
        "hash": "1.x",
        "title": {"type": "plain_text", "text": "x"},
        "blocks": [],
        "state": {"values": {block: {block: element} for block, element in values.items()}},
    }
    return await work.deliver(
        "interactive",
        {
            "type": "view_submission",
            "team": {"id": "T0DEMO", "domain": "harbour-demo"},
            "user": {"id": person, "username": user, "name": user, "team_id": "T0DEMO"},
            "api_app_id": work.app.app_id,
            "token": "x",
            "trigger_id": f"1.{next(_count)}.forged",
            "view": view,
            "response_urls": [],
        },
    )


def chosen(value: str) -> dict[str, Any]:
    """What a select comes back with."""
    return {"type": "static_select", "selected_option": {"value": value}}


def written(value: str | None) -> dict[str, Any]:
    """What a text field comes back with."""
    return {"type": "plain_text_input", "value": value}
