"""A bot whose policies are those of docs/triggers.md, and triggers of the other sources beside them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

from tests.web.callers import Said, at_the_api, with_machines
from tests.web.triggers.senders import SECRETS, TOPIC, Amazon, signed

DOC = (Path(__file__).parents[3] / "docs/triggers.md").read_text(encoding="utf-8")
EXAMPLES = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", DOC, re.DOTALL)]
NAMES = {"eventbridge": "JIT_TRIGGER_AWS"}
ENVIRONMENT = {NAMES.get(name, f"JIT_TRIGGER_{name.upper()}"): value for name, value in SECRETS.items()}
ALWAYS = [{"id": "any", "cel": "true", "message": "Any."}]
MACHINE = {"machine": "deploy-ci"}


def trigger(source: str, cel: str, **request: Any) -> dict[str, Any]:
    where = {"topics": [TOPIC]} if source == "sns" else {"secret": f"JIT_TRIGGER_{source.upper()}"}
    asked = {"action": "prod-db-debug", "resource": "orders-db", "reason": "INC-7", "as": MACHINE} | request
    when = [{"id": "it", "cel": cel, "message": "It is the one."}]
    return {"source": source, **where, "when": when, "request": asked}


MORE = {
    "approved-merge": trigger(
        "gitlab", 'event.object_attributes.action == "approved" && event.project.id == 77',
        action="prod-db-migration", reason={"cel": "event.object_attributes.title"},
    ),
    "slow-database": trigger(
        "alertmanager", 'event.status == "firing"', resource={"cel": "event.commonLabels.database"},
    ),
    "deploy": trigger(
        "hmac", 'event.kind == "deploy"', resource={"cel": "event.database"},
        reason={"cel": '"Run " + string(event.run)'},
    ),
    "seen-by-sns": trigger("sns", 'event.detail.eventName == "ModifyDBInstance"'),
}  # fmt: skip


def with_triggers(policies: dict[str, Any]) -> None:
    with_machines(policies)
    for example in EXAMPLES:
        for section, entries in example.items():
            policies.setdefault(section, {}).update(entries)
    policies["triggers"].update(MORE)
    for rule in ("prod-db-debug", "prod-db-migration"):
        policies["rules"][rule]["people"] = ["deploy-ci"]


class Sending:
    """Sends events to a bot."""

    def __init__(self, callers: Any, amazon: Amazon) -> None:
        self.callers = callers
        self.work = callers.work
        self.amazon = amazon

    async def raw(
        self, source: str, body: bytes, headers: dict[str, str], kind: str = "application/json"
    ) -> Said:
        return await self.callers.nobody.call(
            "POST", f"/v1/triggers/{source}", data=body, headers={"Content-Type": kind} | headers
        )

    async def send(self, source: str, event: Any, secret: str = "") -> Said:
        """Send an event as its source does."""
        if source == "sns":
            return await self.raw(
                source, json.dumps(self.amazon.sign(event)).encode(), {}, "text/plain; charset=UTF-8"
            )
        body = json.dumps(event).encode()
        return await self.raw(source, body, signed(source, body, secret))

    async def requests(self) -> list[Any]:
        """Every request there is."""
        store = self.work.bot.store
        return [*await store.pending(), *await store.live()]


@pytest.fixture
async def sending(workplace, monkeypatch):
    """A bot that listens, with every secret in place, and Amazon's certificate served here."""
    amazon = Amazon()
    monkeypatch.setattr("app.bot.web._fetching", lambda http: amazon.fetch)
    secrets = {name: SecretStr(value) for name, value in ENVIRONMENT.items()}
    async with at_the_api(workplace(with_triggers), JIT_TRIGGER_=secrets) as callers:
        yield Sending(callers, amazon)
