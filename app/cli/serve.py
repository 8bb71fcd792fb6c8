"""`jit serve`: the bot."""

import asyncio
from typing import Annotated, NoReturn

import typer


def serve(
    role: Annotated[str, typer.Option(help="all, web (what people do) or worker (what follows)")] = "all",
) -> None:
    """Run the bot. Its settings are environment variables; one that is missing or malformed is named."""
    from app import main as wiring  # noqa: PLC0415  the other commands start without the bot's libraries
    from app.logs import set_up  # noqa: PLC0415
    from app.settings import SettingsError, read_settings  # noqa: PLC0415

    if role not in list(wiring.Role):
        typer.echo(f"--role {role}: it should be all, web or worker", err=True)
        raise typer.Exit(2)
    try:
        settings = read_settings()
    except SettingsError as error:
        _fail(error)
    set_up(settings.log_format, settings.log_level)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(wiring.serve(settings, wiring.Role(role)))
    except wiring.CANNOT_START as error:
        _fail(error)


def _fail(why: Exception) -> NoReturn:
    typer.echo(str(why), err=True)
    raise typer.Exit(1) from None


def _loop_factory() -> "type[asyncio.AbstractEventLoop] | None":
    try:
        import uvloop  # noqa: PLC0415  not there on every platform
    except ImportError:
        return None
    return uvloop.Loop
