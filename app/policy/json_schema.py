"""The JSON Schema of the files, for editors: what the loader accepts, as far as JSON Schema can say it.

An editor reads a scalar by YAML 1.2's core schema, so `quorum: 2` is a number there and text here; where text
may look like a number or a boolean, both are allowed. What only shows over all files, such as a name that is
defined nowhere, no schema can say. Draft 7 is what editors' YAML servers know best.
"""

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from app.policy.cases.spec import AskedSpec, CaseSpec
from app.policy.catalogue import Permission
from app.policy.factor_shapes import FACTOR_KEYS
from app.policy.json_shapes import NAMES, PERSONS, list_of, scalar
from app.policy.machine_shapes import API_KEYS
from app.policy.rule_references import WRONG_WITH_DENY
from app.policy.schema import SECTIONS, GroupSpec
from app.policy.ways import MAIL_KEYS

DIALECT = "http://json-schema.org/draft-07/schema#"
ABOUT = {
    "people": "Who there is, by an id of your own that is never given to another.",
    "groups": "Groups of people, by name.",
    "rotas": "Who is on call: people in turn, or a schedule of PagerDuty or Opsgenie.",
    "calendars": "Dates on which windows of time are not open, such as holidays.",
    "freezes": "Spans of time that rules may speak of, such as the week before a release.",
    "environments": "Isolated places, each with the channel where its requests are decided.",
    "actions": "What can be asked for.",
    "rules": "Who gets what. What no rule gives is denied, a rule that denies wins, and order never matters.",
    "permissions": "Who may do what beside asking and approving.",
    "delegation": "Who may let whom decide in their place, and for how long at most.",
    "quiet": "When whom is not pinged; whoever is on call always is.",
    "channels": "Where the bot speaks to security.",
    "mail": "Addresses that get the daily digest.",
    "machines": "Machines that call the API, by name, and for what.",
    "api": "What people may do through the API.",
    "factors": "Which action lets somebody enrol a second factor, and how long until it counts.",
    "triggers": "Signed events from outside that open requests.",
}


def policy_schema() -> dict[str, Any]:
    """Give the schema of a policy file."""
    specs = {section: TypeAdapter(spec) for section, spec in SECTIONS.items()} | {
        "group": TypeAdapter(GroupSpec)
    }
    keys, _ = _schemas({key: TypeAdapter(shape) for key, shape in FACTOR_KEYS.items()})
    made, definitions = _schemas(specs)
    group = made.pop("group")
    made["groups"] = {"anyOf": [made["groups"], group]}
    sections = {
        section: {
            "description": ABOUT.get(section, ""),
            "type": "object",
            "propertyNames": PERSONS if section in {"people", "machines"} else NAMES,
            "additionalProperties": entry,
        }
        for section, entry in made.items()
    }
    sections["permissions"]["propertyNames"] = {"enum": sorted(Permission)}
    sections["channels"]["propertyNames"] = {"enum": ["admin", "digest"]}
    sections["mail"]["propertyNames"] = {"enum": sorted(MAIL_KEYS)}
    sections["api"]["propertyNames"] = {"enum": sorted(API_KEYS)}
    del sections["factors"]["propertyNames"]
    sections["factors"] |= {
        "properties": {key: keys[key] for key in FACTOR_KEYS},
        "additionalProperties": False,
    }
    _tie_keys(definitions)
    return _document("Policies of jit-approval", sections, definitions)


def cases_schema() -> dict[str, Any]:
    """Give the schema of a file of cases."""
    made, definitions = _schemas({"defaults": TypeAdapter(AskedSpec), "cases": TypeAdapter(CaseSpec)})
    definitions["AskedSpec"]["description"] = "What every case asks that does not say otherwise."
    cases = {
        "description": "Who asks for what, and what policy must say of it.",
        "type": "object",
        "propertyNames": NAMES,
        "additionalProperties": made["cases"],
    }
    title = "Cases of policies of jit-approval"
    return _document(title, {"defaults": made["defaults"], "cases": cases}, definitions)


def _document(title: str, sections: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    return {
        "$schema": DIALECT,
        "title": title,
        "type": "object",
        "additionalProperties": False,
        "properties": sections,
        "$defs": definitions,
    }


def _tie_keys(definitions: dict[str, Any]) -> None:
    """Say which keys go with which effect, and that somebody must be named, as the loader does."""
    none = {"type": "null"}
    no_eases = {
        "not": {"required": ["escalation"]},
        "properties": {
            "break_glass": {"enum": [False, "false"]},
            "parallel": {"enum": [False, "false"]},
            "mfa": {"not": {"required": ["approver"]}},
        },
    }
    definitions["RuleSpec"]["allOf"] = [
        {
            "if": _has_effect("require"),
            "then": {"required": ["stages"]},
            "else": {"not": {"required": ["stages"]}},
        },
        {
            "if": _has_effect("deny"),
            "then": {"required": ["message"], "properties": dict.fromkeys(WRONG_WITH_DENY, none)},
            "else": {"not": {"required": ["message"]}},
        },
        {
            "if": _has_effect("auto_approve"),
            "then": {"properties": {"obligations": {"anyOf": [none, no_eases]}}},
        },
    ]
    definitions["MfaSpec"]["anyOf"] = [{"required": ["approver"]}, {"required": ["requester"]}]
    for spec in ("StageSpec", "ToldSpec", "QuietSpec"):
        definitions[spec]["anyOf"] = [{"required": ["groups"]}, {"required": ["people"]}]


def _has_effect(word: str) -> dict[str, Any]:
    return {"required": ["effect"], "properties": {"effect": {"const": word}}}


def _schemas(specs: dict[str, TypeAdapter[Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    inputs: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = [
        (name, "validation", adapter) for name, adapter in specs.items()
    ]
    made, rest = TypeAdapter.json_schemas(inputs, schema_generator=_Schema, ref_template="#/$defs/{model}")
    return {name: made[name, "validation"] for name in specs}, rest.get("$defs", {})


class _Schema(GenerateJsonSchema):
    """Asks each shape what it accepts, and leaves out what helps no editor."""

    def function_plain_schema(self, schema: core_schema.PlainValidatorFunctionSchema) -> JsonSchemaValue:
        return scalar(schema["function"]["function"])

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        inner = self.generate_inner(schema["schema"])
        return list_of(schema["function"]["function"], inner)

    def tuple_schema(self, schema: core_schema.TupleSchema) -> JsonSchemaValue:
        return {"type": "array", "items": self.generate_inner(schema["items_schema"][0])}

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        fields = schema["cls"].model_fields
        made["required"] = [field.alias or name for name, field in fields.items() if field.validate_default]
        made.pop("title", None)
        for value in made["properties"].values():
            value.pop("title", None)
        if not made["required"]:
            del made["required"]
        return made
