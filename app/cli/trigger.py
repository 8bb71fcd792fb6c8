"""`jit trigger`: what an event from outside would lead to, without a bot."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.policy.elsewhere import with_members
from app.cli.policy.loading import AsJson, Policies, fail, load, misused, print_json

if TYPE_CHECKING:
    from datetime import datetime

    from app.gates.protocol import Read
    from app.policy import Policy
    from app.policy.triggers import Trigger

LARGEST = 1024 * 1024
SIGNS = {True: "holds", False: "does not hold"}

trigger = typer.Typer(no_args_is_help=True, help="Events from outside that open requests.")


@trigger.callback()
def of_triggers() -> None:
    """Events from outside that open requests."""


@trigger.command("test")
def show(
    file: Annotated[str, typer.Argument(help="The event as it is sent, in JSON; - reads it from stdin.")],
    name: Annotated[str, typer.Option("--trigger", help="Look at this trigger alone.")] = "",
    at: Annotated[
        str, typer.Option(help="When, such as “2026-03-02 10:00 Europe/Berlin”. Default: now.")
    ] = "",
    policies: Policies = None,
    as_json: AsJson = False,
) -> None:
    """Show what an event would do: which triggers it matches, what they would ask, and what policy says.

    Nothing is sent or opened, and no secret is needed: whether an event is genuine is not looked at. What the
    person asked for before is not known here, and Slack is not asked about them. Ends with 1 when no request
    would be opened.
    """
    policy = with_members(load(policies, as_json).policy).policy
    known = [each.name for each in policy.triggers]
    if name and name not in known:
        misused(f"--trigger {name[:64]}: the policies name {', '.join(known) or 'no triggers'}")
    body, now = _read(file), _at(at)
    looked = [_look(each, body, now, policy) for each in policy.triggers if not name or each.name == name]
    if as_json:
        print_json({"triggers": looked})
    else:
        for each in looked:
            _tell(each)
    if not any("request" in each for each in looked):
        fail("no request would be opened" if known else "the policies have no triggers")


def _look(trigger: "Trigger", body: bytes, now: "datetime", policy: "Policy") -> dict[str, Any]:
    """Look at an event through one trigger; gives what is to be told of it."""
    from app.domain.refusals import BadInput  # noqa: PLC0415  `jit --help` starts without pydantic
    from app.policy.trigger_event import NotAnEvent, event_of  # noqa: PLC0415

    told: dict[str, Any] = {"trigger": trigger.name, "source": trigger.source, "matches": False}
    try:
        event = event_of(trigger.source, body)
    except NotAnEvent as error:
        return told | {"why": f"the file {error}"}
    found = trigger.look(event, now)
    told["conditions"] = [each._asdict() for each in found]
    told["matches"] = all(each.holds for each in found)
    if event.is_late(now):
        return told | {"why": "it is not of now: the bot would refuse it as late (--at says another time)"}
    if not told["matches"]:
        return told
    try:
        return told | _request(trigger, event, now, policy)
    except BadInput as error:
        return told | {"why": str(error)}


def _request(trigger: "Trigger", event: Any, now: "datetime", policy: "Policy") -> dict[str, Any]:
    """Say what would be asked, and what policy says of it. Raises BadInput."""
    from app.domain.duration import format_duration  # noqa: PLC0415
    from app.policy.ask import Ask, History  # noqa: PLC0415
    from app.policy.explain import explain, explanation_lines  # noqa: PLC0415

    wanted = trigger.wanted(event, now, policy)
    gate = _gate(trigger, event)
    checked = policy.check(wanted.action, wanted.resource, wanted.duration, wanted.reason)
    asked = Ask(
        requester=wanted.by,
        action=checked.action.name,
        resource=checked.resource,
        seconds=int(checked.duration.total_seconds()),
        reason=checked.reason,
        source="trigger",
        at=now,
        history=History(),
    )
    explanation = explain(policy, asked)
    return {
        "request": {
            "as": wanted.by.id,
            "action": asked.action,
            "resource": asked.resource,
            "for": format_duration(checked.duration),
            "reason": asked.reason,
            "once_per": gate.key if gate else wanted.key,
        },
        **({"gate": {"name": gate.gate.name, "what": gate.gate.what}} if gate else {}),
        "outcome": str(policy.judge(asked).outcome),
        "explanation": list(explanation_lines(explanation)),
    }


def _gate(trigger: "Trigger", event: Any) -> "Read | None":
    """Read what waits at the trigger's gate, as the file of JIT_GATES pins it. Raises BadInput."""
    from app.connectors.settings import ConnectorsError  # noqa: PLC0415
    from app.domain.refusals import BadInput  # noqa: PLC0415
    from app.gates.registry import Gates  # noqa: PLC0415

    name = trigger.spec.gate
    if not name:
        return None
    file = os.environ.get("JIT_GATES")
    try:
        gates = Gates.open(Path(file) if file else None, seals=True)
    except ConnectorsError as error:
        fail(str(error))
    if why := gates.missing(name, trigger.source):
        raise BadInput(f"{why[0].upper()}{why[1:]}.")
    return gates.all[name].read(event)


def _tell(told: dict[str, Any]) -> None:
    typer.echo(f"{told['trigger']} ({told['source']}) {'matches' if told['matches'] else 'does not match'}")
    for each in told.get("conditions", ()):
        why = f": {each['why']}" if each["why"] else ""
        typer.echo(f"  {each['id']} {SIGNS[each['holds']]}{why}")
    if "request" in told:
        asked = told["request"]
        typer.echo(f"  asks as {asked['as']}: {asked['action']} {asked['resource']} for {asked['for']}")
        typer.echo(f"  reason: {asked['reason']}")
        typer.echo(f"  one request per: {asked['once_per']}")
        if "gate" in told:
            typer.echo(f"  answers at the gate {told['gate']['name']}: {told['gate']['what']}")
        for line in told["explanation"]:
            typer.echo(f"    {line}")
    elif "why" in told:
        typer.echo(f"  opens nothing: {told['why']}")


def _read(file: str) -> bytes:
    try:
        if file == "-":
            return sys.stdin.buffer.read(LARGEST + 1)
        with Path(file).open("rb") as opened:
            body = opened.read(LARGEST + 1)
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}; give a file that holds the event as JSON")
    if len(body) > LARGEST:
        fail(f"{file} is larger than 1 MiB, and so no event that is taken")
    return body


def _at(typed: str) -> "datetime":
    from datetime import UTC, datetime  # noqa: PLC0415

    from app.policy.instants import read_instant  # noqa: PLC0415

    try:
        return read_instant(typed) if typed else datetime.now(UTC)
    except ValueError as error:
        misused(f"--at {error}")
