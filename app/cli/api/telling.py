"""How the verbs tell what they did: lines for people, one document with `--json`; a no in one line on stderr."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, NoReturn, TypeVar

import typer

from app.cli.api.client import Api, Refusal
from app.cli.api.job import job_of
from app.cli.api.login_file import NotSignedIn, signed_in

Json = dict[str, Any]
T = TypeVar("T")
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
GIVEN = "active"


def with_api(do: Callable[[Api], Awaitable[T]]) -> T:
    """Do something as whoever is signed in; a no ends the command with 1, and says why on stderr."""

    async def run() -> T:
        async with await _as_whoever() as api:
            return await do(api)

    try:
        return asyncio.run(run())
    except (Refusal, NotSignedIn) as refusal:
        fail(str(refusal))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


async def _as_whoever() -> Api:
    """Call as the job of CI that this is, else as whoever is signed in."""
    job = job_of()
    if job is None:
        return Api.of(signed_in())
    return Api(job.server, await job.sign_in(), job.sign_in if job.can_again else None)


def fail(why: str, code: int = 1) -> NoReturn:
    """Say why on stderr, and end."""
    typer.echo(plain(why), err=True)
    raise typer.Exit(code)


def print_json(document: object) -> None:
    """Print one JSON document."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))


def tell(request: Json, as_json: bool) -> None:
    """Tell where a request stands."""
    if as_json:
        print_json(request)
    else:
        typer.echo(line(request))


def line(request: Json) -> str:
    """A request in a line."""
    part = f" of {request['resource_asked']}" if request["resource_asked"] != request["resource"] else ""
    what = f"{request['action']} on {request['resource']}{part} for {request['duration']}"
    until = f", until {request['ends_at']}" if request["state"] == GIVEN else ""
    why = f": {request['comment']}" if request["comment"] else ""
    return plain(f"{request['id']}  {request['state'].replace('_', ' ')}{until}  {what}{why}")


def waits_for(request: Json) -> str:
    """Whom a request waits for, in a line."""
    stages = [f"{each['quorum'] - each['approvals']} of {each['stage']}" for each in request["waits_for"]]
    return f"{request['id']} waits for {' and '.join(stages) or 'its start'}"


def plain(text: str) -> str:
    """Leave out what a terminal would act on: people's words are shown, not obeyed."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "�" for sign in text)
