"""Contract: the schema accepts whatever the loader accepts, and refuses what it can know to be wrong.

Editors read scalars by type and the loader reads them as text, so both trees are tried. What only shows over
all files, or in arithmetic, is the loader's alone.
"""

import json
import re
from datetime import date, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from app.policy import PolicyError, shipped_policies
from app.policy.cases.reading import case_files
from app.policy.json_schema import cases_schema, policy_schema
from app.policy.json_shapes import DURATION, scalar
from app.policy.loading import policy_files
from app.policy.schema import SECTIONS, RuleSpec
from app.policy.shapes import text_up_to
from app.policy.yaml_file import BrokenFileError, parse
from tests.policy.sets import COMMON, RULES, draft_of

POLICIES, CASES = Draft7Validator(policy_schema()), Draft7Validator(cases_schema())
DOCS = Path(__file__).parents[3] / "docs"
RULE = "rules:\n  x: {effect: deny, message: No., "
MODELINE = re.compile(r"# yaml-language-server: \$schema=(\S+)\n")
WHOLE = """\
    people:
      ana: {name: Ana, slack: U0ANA, attributes: {team: payments, site: [ber, "1"]}, manager: ben}
      7: {name: 7, slack: U0BEN, email: ben@xn--bcher-kva.example, notify: [slack, email]}
    groups:
      a: [ana]
      b: {groups: [a], people: [ben]}
      c: []
      d: {slack: S0APPROVERS, refresh: 1m, max_age: 1h}
      e: {scim: "https://example.com/Groups/1", people: [ana]}
      f: {command: [members, --of, "7"]}
    rotas:
      turns: {people: [ana, ben], from: 2026-01-05, shift: 2w, handover: "09:00", zone: UTC,
              overrides: [{from: 2026-01-06T09:00, to: 2026-01-07T09:00, person: ben}]}
      pager: {pagerduty: [PI7DH85], refresh: 30s, max_age: 5m}
      genie: {opsgenie: Platform on call}
    calendars: {de: {dates: [2026-12-25, 2026-12-26]}}
    freezes:
      year-end: {from: 2026-12-18T18:00, to: "2027-01-04 08:00", zone: Europe/Berlin, reason: Nobody is there}
    environments: {prod: {title: Prod, channel: "#prüf", risk: high, lapse: 1h 30m, remind: never,
                          email: [ops@example.com]}}
    mail: {digest: [security@example.com]}
    actions:
      a: {title: A, environment: prod, resources: ["*", 7, a-1], default: 30 Min, longest: 1 Day, reason: optional,
          risk: ~}
    rules:
      x:
        effect: require
        mode: shadow
        risks: [low, critical]
        requester: {team: payments}
        sources: [slack, ci]
        networks: [10.0.0.0/8, "2001:db8::/32"]
        outside_networks: [192.0.2.0/24]
        ip_from: [cli, browser_check]
        times: [{weekdays: [mon-fri, sun], from: "09:00", to: "24:00", zone: UTC, except_dates: [2026-05-01],
                 calendars: [de]}]
        outside_times: [{zone: Europe/Berlin}]
        freezes: [year-end]
        longest: 2h
        ticket: "[A-Z]{2,6}-[0-9]{1,6}"
        at_most: {count: 3, per: day}
        more_than: {count: "3", per: 7d}
        concurrent: 2
        more_concurrent_than: 1
        when: [{id: short, cel: request.seconds < 600, message: It is short}]
        stages: [{name: a, quorum: 2, groups: [a], people: [ben], on_call: [turns], managers: 2,
                  approver: {team: [a, b]}, notify: []}]
        obligations: {up_to: 1h, single_use: true, ticket: INC, break_glass: "false", parallel: true, tell: [a],
                      escalation: [{after: 10m, to: {groups: [a], on_call: [pager]}}],
                      mfa: {approver: [webauthn, totp], requester: any, fresh: 10m}}
    permissions: {revoke: {groups: [a]}, audit: {people: [ben]}}
    delegation: {a: {groups: [a], people: [ben], to: [a], longest: 14d}}
    quiet:
      a: {groups: [a], people: [ben], environments: [prod], times: [{from: "22:00", to: "07:00", zone: Europe/Madrid}]}
    channels: {digest: "#security", admin: C0ADMIN}
    machines:
      gateway: {scopes: [check, consume, request, read]}
      ci:
        scopes: [read]
        oidc: {issuer: github, audience: "https://jit.example.com", repository_id: 7, environment: 7, ref: refs/heads/a,
               workflow_ref: "a/b@refs/heads/main", ref_protected: true, event: push, lasts: 2h}
      other: {scopes: [read], oidc: {issuer: "https://ci.example.com", audience: jit, subject: "a:b", project_id: "9"}}
    api: {decide: true}
    factors: {enrol: a, cooling_off: 1 day}
    triggers:
      a: {source: github, secret: JIT_TRIGGER_A, when: [{id: x, cel: event.a == 1, message: m}], once_per: event.id,
          request: {action: a, resource: a-1, for: 30m, reason: {cel: event.b}, as: {machine: gateway}}}
      b: {source: sns, topics: ["arn:aws:sns:eu-west-1:123456789012:audit"],
          when: [{id: x, cel: event.a, message: m}],
          request: {action: a, resource: {cel: event.b}, reason: INC, as: {person: {attribute: team, cel: event.c}}}}
      c: {source: hmac, secret: JIT_TRIGGER_C, when: [{id: x, cel: "true", message: m}],
          request: {action: a, resource: 7, reason: 7, as: {on_call: turns}}}
"""
WHOLE_CASES = """\
    defaults: {who: [ana, ben], reason: "", earlier: [], live: 0, source: slack}
    cases:
      a: {action: x, resource: [a, "7", b:c/d], for: [30m, 1 day], at: mon 2026-03-02 10:00 Europe/Berlin,
          ip: [unknown, 203.0.113.7, "2001:db8::7"], earlier: [1h], live: 3, expect: deny, rules: [], message: no}
      b: {expect: require, rules: [a, (catalogue)], stages: [{}, {name: a, quorum: 2, approvers: [a]}],
          at: [2026-03-02T10:00Z, "2026-03-02 10:00:01+01:00"], description: What it shows, shadow: deny,
          mfa: {approver: webauthn, fresh: 1h}}
      c: {expect: deny, mfa: {}}
"""


def typed(text: str) -> Any:
    """Read a text as an editor does: numbers and booleans are some, and dates are text (YAML 1.2)."""
    return _texts(yaml.safe_load(text))


def _texts(node: Any) -> Any:
    match node:
        case dict():
            return {str(key): _texts(value) for key, value in node.items()}
        case list():
            return [_texts(each) for each in node]
        case datetime() | date():
            return str(node)
        case _:
            return node


def complaints(validator: Draft7Validator, tree: Any) -> list[str]:
    return [
        f"{'.'.join(map(str, error.path))}: {error.message[:80]}" for error in validator.iter_errors(tree)
    ]


@pytest.mark.parametrize("validator", [POLICIES, CASES])
def test_is_a_schema(validator):
    """It is a schema by its own dialect."""
    Draft7Validator.check_schema(validator.schema)


@pytest.mark.parametrize(
    ("name", "schema"),
    [("policy.schema.json", policy_schema()), ("policy-cases.schema.json", cases_schema())],
)
def test_published(name, schema):
    """What is published is what the command prints: `jit policy schema [--cases] > docs/…`."""
    assert json.dumps(schema, ensure_ascii=False, indent=2) + "\n" == (DOCS / name).read_text()


def test_shipped_files():
    """Every file that ships is accepted, and refers to the schema by a path that leads there."""
    folder = shipped_policies()
    files = [(POLICIES, "policy.schema.json", path) for _, path in policy_files(folder)]
    files += [(CASES, "policy-cases.schema.json", path) for _, path in case_files(folder)]
    for validator, name, path in files:
        text = path.read_text()
        assert [] == complaints(validator, typed(text))
        assert [] == complaints(validator, parse(text, path.name).tree)
        assert (path.parent / MODELINE.match(text)[1]).resolve() == DOCS / name


@pytest.mark.parametrize(
    "rule",
    [
        "{effect: deny, message: No., longest: ~, obligations: ~, concurrent: ~}",
        "{effect: auto_approve, obligations: {break_glass: false, up_to: 1h}}",
        "{effect: auto_approve, obligations: ~, ticket: ~}",
    ],
)
def test_keys_that_are_left_empty(rule):
    """A key without a value, where the loader takes it for one that is left out, is accepted."""
    draft_of({"common.yaml": COMMON, "a.yaml": f"rules: {{x: {rule}}}"})

    assert [] == complaints(POLICIES, typed(f"rules: {{x: {rule}}}"))


@pytest.mark.parametrize(
    ("validator", "text"),
    [(POLICIES, WHOLE), (POLICIES, COMMON + RULES), (POLICIES, "{}"), (CASES, WHOLE_CASES), (CASES, "{}")],
)
def test_every_key(validator, text):
    """Every key, in each of its forms, is accepted as the loader reads it and as an editor does."""
    assert [] == complaints(validator, typed(dedent(text)))
    assert [] == complaints(validator, parse(dedent(text), "a.yaml").tree)


def test_every_key_is_tried():
    """The file above has every section, and a rule with every key: one that is added must be in it."""
    tree = typed(dedent(WHOLE))

    assert set(SECTIONS) == set(tree)
    left_out = {
        "description",
        "environments",
        "actions",
        "resources",
        "groups",
        "people",
        "longer_than",
        "message",
    }
    assert {field.alias or key for key, field in RuleSpec.model_fields.items()} - left_out == set(
        tree["rules"]["x"]
    )


@pytest.mark.parametrize(
    "text",
    [
        "ruels: {}",
        "rules: []",
        "rules: {A: {effect: deny, message: No.}}",
        "rules: {x: {message: No.}}",
        "rules: {x: {effect: dney, message: No.}}",
        "rules: {x: {effect: deny}}",
        "rules: {x: {effect: require}}",
        "rules: {x: {effect: auto_approve, message: Yes.}}",
        "rules: {x: {effect: auto_approve, stages: [{name: a, groups: [dbas]}]}}",
        "rules: {x: {effect: require, stages: []}}",
        "rules: {x: {effect: require, stages: [{groups: [dbas]}]}}",
        "rules: {x: {effect: require, stages: [{name: a, groups: [dbas], quorum: 21}]}}",
        "rules: {x: {effect: require, stages: [{name: a, groups: [dbas], quorum: 0}]}}",
        "rules: {x: {effect: require, stages: [{name: a, groups: [dbas], quroum: 1}]}}",
        f"{RULE}longest: 1h}}",
        f"{RULE}at_most: {{count: 1, per: day}}}}",
        f"{RULE}concurrent: 1}}",
        f"{RULE}obligations: {{up_to: 1h}}}}",
        "rules: {x: {effect: auto_approve, obligations: {break_glass: true}}}",
        "rules: {x: {effect: auto_approve, obligations: {escalation: [{after: 1h, to: {groups: [dbas]}}]}}}",
        "rules: {x: {effect: require, stages: [{name: a, quorum: 1}]}}",
        f"{RULE}longer_than: 1 fortnight}}",
        f"{RULE}longer_than: 0m}}",
        f"{RULE}groups: []}}",
        f"{RULE}groups: engineers}}",
        f"{RULE}people: [system]}}",
        f"{RULE}actions: [Debug]}}",
        f"{RULE}resources: [a b]}}",
        f"{RULE}sources: [fax]}}",
        f"{RULE}mode: dry}}",
        f"{RULE}risks: [none]}}",
        f"{RULE}networks: [intranet]}}",
        f"{RULE}times: [{{weekdays: [monday], zone: UTC}}]}}",
        f"{RULE}times: [{{weekdays: [mon]}}]}}",
        f"{RULE}times: [{{from: '9:00', zone: UTC}}]}}",
        f"{RULE}at_most: {{count: 0, per: day}}}}",
        f"{RULE}at_most: {{count: 1, per: often}}}}",
        f"{RULE}concurrent: many}}",
        f"{RULE}requester: {{}}}}",
        f"{RULE}requester: {{Team: a}}}}",
        f"{RULE}when: [{{id: a, cel: 'true'}}]}}",
        f"{RULE}obligations: {{mfa: totp}}}}",
        "rules: {x: {effect: auto_approve, obligations: {mfa: {approver: sms}}}}",
        "rules: {x: {effect: auto_approve, obligations: {mfa: {approver: totp}}}}",
        "rules: {x: {effect: auto_approve, obligations: {mfa: {requester: []}}}}",
        "rules: {x: {effect: auto_approve, obligations: {mfa: {requester: totp, fresh: always}}}}",
        "rules: {x: {effect: auto_approve, obligations: {mfa: {fresh: 10m}}}}",
        "rules: {x: {effect: auto_approve, obligations: {mfa: {sms: totp}}}}",
        "factors: {enrol: [debug]}",
        "factors: {enrol: debug, cooling_off: soon}",
        "factors: {enrol: debug, warming_up: 1h}",
        f"{RULE}obligations: {{single_use: maybe}}}}",
        "people: {ana: {name: Ana}}",
        "people: {ana: {name: Ana, slack: ana}}",
        "people: {system: {name: S, slack: U0SYS}}",
        "people: {ana: {name: '', slack: U0ANA}}",
        "people: {ana: {name: " + "a" * 76 + ", slack: U0ANA}}",
        "people: {ana: {name: Ana, slack: U0ANA, email: nowhere}}",
        "groups: {a: ana}",
        "environments: {p: {title: P, channel: prod, risk: high}}",
        "environments: {p: {title: P, channel: '#prod', risk: extreme}}",
        "actions: {a: {title: A, environment: sandbox, resources: [a], default: 1h}}",
        "permissions: {rule: {groups: [security]}}",
        "channels: {alarms: '#a'}",
        "channels: {digest: '#A B'}",
        "freezes: {f: {from: tomorrow, to: 2026-01-01T00:00, zone: UTC, reason: x}}",
        "calendars: {c: {dates: [today]}}",
    ],
)
def test_refuses_what_the_loader_refuses(text):
    """What is wrong by itself is refused by both."""
    section = text.split(":")[0]
    common = "\n".join(line for line in COMMON.split("\n") if not line.startswith(f"{section}:"))
    with pytest.raises((PolicyError, BrokenFileError)):
        draft_of({"common.yaml": common if section == "channels" else COMMON, "a.yaml": text})
    assert complaints(POLICIES, typed(text))


@pytest.mark.parametrize(
    "text",
    [
        "case: {}",
        "cases: {x: {who: ana}}",
        "cases: {x: {expect: allow}}",
        "cases: {x: {expect: deny, whom: ana}}",
        "cases: {x: {expect: deny, who: []}}",
        "cases: {x: {expect: deny, for: soon}}",
        "cases: {x: {expect: deny, at: noon}}",
        "cases: {x: {expect: deny, ip: here}}",
        "cases: {x: {expect: deny, live: -1}}",
        "cases: {x: {expect: deny, earlier: 1h}}",
        "cases: {x: {expect: require, stages: [{approver: [a]}]}}",
        "defaults: {expect: deny}",
    ],
)
def test_refuses_cases_that_are_wrong(text):
    """Unknown keys and values of a wrong shape are refused."""
    assert complaints(CASES, typed(text))


@given(st.from_regex(r"[0-9a-zA-Z ]{0,12}", fullmatch=True) | st.from_regex(r"\d{1,4} ?[smhdSMHD][a-z]{0,6}"))
def test_durations(text):
    """Whatever the loader takes for a duration the schema does."""
    try:
        SECTIONS["environments"].model_fields["lapse"].metadata[0].func(text)
    except ValueError:
        return
    assert Draft7Validator(DURATION).is_valid(text)


@given(st.text(alphabet="a \n\té", max_size=12))
def test_prose(text):
    """The length of text is counted as the loader counts it: white space between words is one."""
    validate = text_up_to(4)
    try:
        validate(text)
        fits = True
    except ValueError:
        fits = False

    assert fits == Draft7Validator(scalar(validate)).is_valid(text)
