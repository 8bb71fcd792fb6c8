"""What services and programs outside are asked and answer, in JSON: of `webhook` and `command` alike."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import AwareDatetime, Field, SecretStr, StringConstraints, ValidationError

from app.connectors.mark import Mark
from app.connectors.protocol import ConnectorFailed, Found, Granted, Secret, Spec, problem_line
from app.domain.request import Lease, Request

LARGEST = 1024 * 1024
"""Bytes of an answer; more is refused."""
SHOWN = 200
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")]
Line = Annotated[str, StringConstraints(max_length=SHOWN, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Call(StrEnum):
    """What is asked for."""

    GRANT = "grant"
    EXTEND = "extend"
    REVOKE = "revoke"
    CHECK = "check"
    LIST = "list"


class GrantAnswer(Spec):
    """What a grant is answered with; all may be left out. The secrets reach the requester once."""

    reference: Line = ""
    summary: Line = ""
    environment: dict[Variable, SecretStr] = Field(default_factory=dict, max_length=50)
    files: dict[Variable, SecretStr] = Field(default_factory=dict, max_length=50)

    def granted(self, connector: str, request: Request, key: str) -> Granted:
        """Give it as the granter takes it."""
        summary = self.summary or f"{request.action} on {request.resource}"
        secret = Secret(environment=self.environment, files=self.files)
        lease = Lease(connector=connector, reference=self.reference or key, summary=summary)
        return Granted(lease, secret if self.environment or self.files else None)


class Standing(Spec):
    """Access that stands."""

    key: str
    ends_at: AwareDatetime | None = None


class ListAnswer(Spec):
    """All that stands; what bears another installation's key is left alone."""

    grants: list[Standing] = Field(max_length=10_000)

    def found(self, place: str, mark: Mark) -> list[Found]:
        return [Found(each.key, place, each.ends_at) for each in self.grants if mark.request_in(each.key)]


def question(call: Call, mark: Mark, key: str = "", request: Request | None = None) -> bytes:
    """Write what is asked. `key` and `request` are left out where there is none."""
    asked: dict[str, Any] = {"call": call.value, "installation": mark.installation}
    if key:
        asked["key"] = key
    if request:
        asked |= {"request": _about(request), "parameters": _parameters(request)}
    return json.dumps(asked, ensure_ascii=True, separators=(",", ":")).encode()


def plan_line(request: Request) -> Sequence[str]:
    """Say what policy gives along, for approvers; nothing where it gives nothing."""
    given = _parameters(request)
    if not given:
        return ()
    said = json.dumps(given, ensure_ascii=False)
    return (f"with {said if len(said) <= SHOWN else said[: SHOWN - 1] + '…'}",)


A = TypeVar("A", bound=Spec)


def read(answer: bytes, form: type[A], who: str) -> A:
    """Read an answer. Raises ConnectorFailed, which names keys that are wrong and no values."""
    try:
        return form.model_validate_json(answer)
    except ValidationError as error:
        problems = [problem_line(each) for each in error.errors(include_input=False)[:3]]
        raise ConnectorFailed(f"{who} gave an answer that does not fit: {'; '.join(problems)}") from None


def one_line(said: str) -> str:
    """Shorten what others say to one line for people."""
    return " ".join("".join(each if each.isprintable() else " " for each in said).split())[:SHOWN]


def _parameters(request: Request) -> Mapping[str, Any]:
    return request.target.parameters if request.target else {}


def _about(request: Request) -> dict[str, Any]:
    who = request.requester
    return {
        "id": request.id,
        "action": request.action,
        "environment": request.environment,
        "resource": request.resource,
        "reason": request.reason,
        "requester": {"id": who.id, "name": who.name, "email": who.email},
        "starts_at": _text(request.starts_at),
        "ends_at": _text(request.ends_at),
    }


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
