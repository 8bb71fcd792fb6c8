"""Policy sets for tests: a small whole one, and ways to write, change and judge sets."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent

from app.policy import Ask, Policy
from app.policy.building import build
from app.policy.draft import Draft
from app.policy.loading import put_together
from app.policy.yaml_file import parse

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
COMMON = dedent("""\
    people:
      ana: {name: Ana Ruiz, slack: U0ANA, email: ana@example.com}
      ben: {name: Ben Okafor, slack: U0BEN}
      chloe: {name: Chloe Martin, slack: U0CHLOE}
      sam: {name: Sam Lindqvist, slack: U0SAM}
    groups:
      engineers: [ana, ben]
      dbas: [ben, chloe]
      security: [sam]
      nobody: []
    environments:
      production: {title: Production, channel: "#prod", risk: high, lapse: 2h}
      sandbox: {title: Sandbox, channel: C0SANDBOX, risk: low}
    actions:
      debug:
        title: Debug a database
        description: Reads one database.
        environment: production
        resources: [orders-db, payments-db, shard-*]
        default: 30m
        longest: 4h
      migrate:
        title: Migrate a database
        environment: production
        risk: critical
        resources: [orders-db]
        default: 1h
        longest: 1h
      try-out:
        title: Try something out
        environment: sandbox
        resources: ["*"]
        default: 5m
        longest: 1h
        shortest: 5s
        reason: optional
    permissions:
      revoke: {groups: [security]}
      audit: {groups: [security], people: [ben]}
    channels: {digest: "#security", admin: C0ADMIN}
""")
RULES = dedent("""\
    rules:
      ask-a-dba:
        effect: require
        actions: [debug, migrate]
        groups: [engineers]
        stages:
          - {name: dba, groups: [dbas]}
      sandbox-for-all:
        effect: auto_approve
        environments: [sandbox]
        groups: [engineers, dbas]
        longest: 30m
      payments-short:
        effect: deny
        resources: [payments-db]
        longer_than: 1h
        message: Nobody works on payments-db for more than 1 h.
""")


def draft_of(files: Mapping[str, str]) -> Draft:
    """Read texts as the files of one folder, in the order in which they are given."""
    return put_together([parse(text, name) for name, text in files.items()], [], "policies")


def with_address(policy: Policy, **addresses: str) -> Policy:
    """A policy in which people have addresses, though two have the same, as files may not say."""
    changed = {id_: policy.people[id_].model_copy(update={"email": each}) for id_, each in addresses.items()}
    return replace(policy, people={**policy.people, **changed})


def policy_of(rules: str = RULES, common: str = COMMON) -> Policy:
    """Build a policy from the text of its rules."""
    return build(draft_of({"common.yaml": common, "rules.yaml": rules}))


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files into a folder, which is made."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    return folder


def an_ask(
    policy: Policy,
    requester: str = "ana",
    action: str = "debug",
    resource: str = "orders-db",
    seconds: int = 1800,
    source: str = "slack",
) -> Ask:
    """Make an ask of someone whom the policy names."""
    return Ask(
        requester=policy.people[requester],
        action=action,
        resource=resource,
        seconds=seconds,
        reason="INC-7",
        source=source,
        at=NOW,
    )
