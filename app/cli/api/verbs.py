"""`jit request | status | list | approve | deny | done | cancel | extend | revoke`."""

import secrets
from typing import Annotated, Any

import typer

from app.cli.api.client import Api
from app.cli.api.telling import GIVEN, AsJson, fail, line, plain, print_json, tell, waits_for, with_api
from app.cli.api.waiting import ENDING, caught, wait_for_it

Json = dict[str, Any]
Id = Annotated[str, typer.Argument(metavar="ID", help="A request, such as R07-4KX9TQZ.")]
Words = Annotated[list[str] | None, typer.Argument(metavar="[WHY]...", show_default=False)]


def request(
    action: Annotated[str, typer.Argument(help="What, such as prod-db-debug.")],
    resource: Annotated[str, typer.Argument(help="On what, such as orders-db.")],
    duration: Annotated[str, typer.Argument(help="For how long, such as 30m.")],
    reason: Annotated[list[str] | None, typer.Argument(metavar="[REASON]...", show_default=False)] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until it is settled; 0 only with access.")
    ] = False,
    within: Annotated[
        str, typer.Option("--within", help="With --wait: take it back when it takes longer, such as 20m.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Ask for access. Exit code 1 when policy denies it, and with --wait when it is not given.

    Stopped by a signal while it waits, it takes the request back.
    """
    seconds = seconds_in(within, "--within") if within else None
    body = ask_body(action, resource, duration, " ".join(reason or ()))

    async def ask(api: Api) -> Json:
        key = secrets.token_hex(16)
        if not wait:
            return await api.post("/v1/requests", body, key=key)
        with caught(ENDING) as stopped:  # from before it asks, so that nothing is left that nobody waits for
            asked = await api.post("/v1/requests", body, key=key)
            if asked["settled"]:
                return asked
            typer.echo(waits_for(asked), err=True)
            settled = await wait_for_it(api, asked, stopped, seconds)
            if settled is not None:
                return settled
            if stopped.empty():
                fail(f"{asked['id']}: no decision came within {within}")
            raise typer.Exit(128 + stopped.get_nowait())

    asked = with_api(ask)
    tell(asked, as_json)
    if asked["settled"] and asked["state"] != GIVEN:
        fail(not_given(asked))


def status(request_id: Id, as_json: AsJson = False) -> None:
    """Show where a request stands."""
    found = with_api(lambda api: api.get(path(request_id)))
    tell(found, as_json)
    if not as_json:
        if found["state"] == "pending":
            typer.echo(f"    {waits_for(found)}")
        typer.echo(plain(f"    {found['requester']['name']}: {found['reason'] or 'no reason given'}"))
        if found["ip"]:
            typer.echo(plain(f"    from {found['ip']} ({found['ip_from']})"))
        if found["digest"]:
            typer.echo(f"    for this alone: {found['bound_to']}\n    SHA-256: {found['digest']}")
        typer.echo(plain(f"    policy: {found['why']}"))
        for each in found["decisions"]:
            said = "approved" if each["approved"] else "denied"
            typer.echo(plain(f"    {each['by']['name']} {said} ({each['stage']}) {each['comment']}".rstrip()))


def list_(as_json: AsJson = False) -> None:
    """List your requests, and those that wait for your decision."""
    found = with_api(lambda api: api.get("/v1/requests"))
    if as_json:
        print_json(found)
        return
    for title, some in (
        ("Waiting for your decision", found["waiting_for_you"]),
        ("Your requests", found["requests"]),
    ):
        if some:
            typer.echo(title)
            for each in some:
                typer.echo(f"  {line(each)}")
    if not found["waiting_for_you"] and not found["requests"]:
        typer.echo("You have asked for nothing yet, and nothing waits for you.")


def approve(
    request_id: Id,
    comment: Words = None,
    duration: Annotated[
        str, typer.Option("--for", help="For so long alone, less than was asked, such as 15m.")
    ] = "",
    resource: Annotated[
        str, typer.Option(help="For this part alone of what was asked, such as orders-db/invoices.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Approve a request of somebody else, or less than it asks, where policy takes decisions through the API."""
    body: Json = {"comment": " ".join(comment or ())}
    if duration:
        body["seconds"] = seconds_in(duration, "--for")
    if resource:
        body["resource"] = resource
    _verb(request_id, "approve", body, as_json)


def seconds_in(duration: str, option: str) -> int:
    """Read what an option says of a time; what is none ends the command."""
    from app.domain.duration import parse_duration  # noqa: PLC0415  the other commands start without it

    try:
        return int(parse_duration(duration).total_seconds())
    except ValueError as error:
        fail(f"{option}: {error}", 2)


def deny(request_id: Id, comment: Words = None, as_json: AsJson = False) -> None:
    """Deny a request, and say why."""
    _verb(request_id, "deny", {"comment": " ".join(comment or ())}, as_json)


def done(request_id: Id, as_json: AsJson = False) -> None:
    """Give your access back."""
    _verb(request_id, "done", None, as_json)


def cancel(request_id: Id, as_json: AsJson = False) -> None:
    """Take your request back before access exists."""
    _verb(request_id, "cancel", None, as_json)


def extend(
    request_id: Id,
    duration: Annotated[str, typer.Argument(help="How much longer, such as 30m.")],
    reason: Words = None,
    as_json: AsJson = False,
) -> None:
    """Ask for more time; the end stays until somebody decides."""
    body = {"duration": duration, "reason": " ".join(reason or ()), "source": "cli"}
    _verb(request_id, "extend", body, as_json)


def revoke(request_id: Id, comment: Words = None, as_json: AsJson = False) -> None:
    """End someone's access: its requester, its approvers and security may."""
    _verb(request_id, "revoke", {"comment": " ".join(comment or ())}, as_json)


def _verb(request_id: str, verb: str, body: Json | None, as_json: bool) -> None:
    tell(with_api(lambda api: api.post(f"{path(request_id)}/{verb}", body)), as_json)


def ask_body(action: str, resource: str, duration: str, reason: str) -> Json:
    """What `POST /v1/requests` takes; without a duration it is the action's default."""
    body = {"action": action, "resource": resource, "reason": reason, "source": "cli"}
    return {**body, "duration": duration} if duration else body


def path(request_id: str) -> str:
    """The path of a request; what is no id is refused before it becomes part of one."""
    from app.domain.ids import read_request_id  # noqa: PLC0415  the other commands start without it

    try:
        return f"/v1/requests/{read_request_id(request_id)}"
    except ValueError as error:
        fail(str(error), 2)


def not_given(request: Json) -> str:
    """Why somebody who waited has no access."""
    said = request["comment"] or request["why"]
    return f"{request['id']} is {request['state'].replace('_', ' ')}: {said}"
