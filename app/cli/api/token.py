"""`jit token`: machines' tokens, made where the bot's store can be reached. Policy says which there may be."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from app.cli.api.telling import AsJson, fail, print_json
from app.domain.duration import parse_duration
from app.domain.token import OF_MACHINES, Scope, Token

if TYPE_CHECKING:
    from app.tokens import Tokens

T = TypeVar("T")
Data = Annotated[Path, typer.Option(envvar="JIT_DATA", help="The bot's data directory.")]
RedisUrl = Annotated[
    str, typer.Option(envvar="JIT_REDIS_URL", help="The bot's Redis, where it is not its own.")
]
Policies = Annotated[Path | None, typer.Option(envvar="JIT_POLICIES", help="The folder of policies.")]
DATA = Path(".jit")
OPERATOR = "operator"

token = typer.Typer(no_args_is_help=True, help="Tokens of machines that call the API.")


@token.command()
def create(
    name: Annotated[str, typer.Option("--as", help="A machine that the policies name in `machines`.")],
    scope: Annotated[
        list[str], typer.Option(help=f"Of {', '.join(OF_MACHINES)}; may be given several times.")
    ],
    lasts: Annotated[str, typer.Option(help="For how long, up to a year.")] = "90d",
    label: Annotated[str, typer.Option(help="Where it is used.")] = "",
    data: Data = DATA,
    redis_url: RedisUrl = "",
    policies: Policies = None,
    as_json: AsJson = False,
) -> None:
    """Make a token. It is printed once and kept nowhere: put it where the machine's secrets are."""
    unknown = sorted(set(scope) - set(OF_MACHINES))
    if unknown:
        fail(f"--scope {unknown[0]}: it should be one of {', '.join(OF_MACHINES)}", 2)
    try:
        lasting = parse_duration(lasts)
    except ValueError as error:
        fail(f"--lasts: {error}", 2)
    scopes = [Scope(each) for each in scope]
    made = _ask(
        data, redis_url, policies, lambda tokens: tokens.make_for_machine(name, scopes, lasting, label)
    )
    if as_json:
        print_json({"token": made.text, **_shown(made.token)})
    else:
        typer.echo(made.text)
        typer.echo(f"{made.token.id}: {_line(made.token)}", err=True)


@token.command("list")
def list_(
    name: Annotated[str, typer.Option("--as", help="A machine, or the id of a person.")],
    data: Data = DATA,
    redis_url: RedisUrl = "",
    policies: Policies = None,
    as_json: AsJson = False,
) -> None:
    """List the tokens of a machine or a person."""
    found = _ask(data, redis_url, policies, lambda tokens: tokens.of(name))
    if as_json:
        print_json({"tokens": [_shown(each) for each in found]})
        return
    for each in found:
        typer.echo(f"{each.id}: {_line(each)}")


@token.command()
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID")],
    data: Data = DATA,
    redis_url: RedisUrl = "",
    policies: Policies = None,
) -> None:
    """End a token at once."""
    _ask(data, redis_url, policies, lambda tokens: tokens.end_by_id(token_id, OPERATOR))
    typer.echo(f"{token_id} does nothing from now on.")


def _ask(data: Path, redis_url: str, policies: Path | None, do: "Callable[[Tokens], Awaitable[T]]") -> T:
    from app.cli.api.token_store import ask_tokens  # noqa: PLC0415  the other commands start without it

    return ask_tokens(data, redis_url, policies, do)


def _shown(token: Token) -> dict[str, object]:
    return token.model_dump(mode="json", exclude={"digest", "slack"})


def _line(token: Token) -> str:
    used = f"last used {token.used_at:%Y-%m-%d %H:%M} UTC" if token.used_at else "never used"
    label = f"{token.label}, " if token.label else ""
    return f"{label}{', '.join(token.scopes)}; {used}; until {token.expires_at:%Y-%m-%d %H:%M} UTC"
