"""`jit demo`: the whole product on one machine, with a workspace of its own."""

import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from app.cli.bot import BotProcess
    from app.cli.demo_postgres import DemoPostgres, Programs
    from app.playground import Playground

PORT = 8800
TO_TRY = """\
Open the page. You are Ana: type  /jit request  in #general.
Then become Ben, go to #prod-approvals and click Approve. Ctrl-C ends it all.

With a second factor, by the key in your laptop or an authenticator app on your phone:
  as Ben  /jit request enrol-factor ben 10m My key   then as Sam approve it in #prod-approvals
  as Ben  /jit factors                               the button opens Ben's own page: add a key or an app
  as Ana  /jit request prod-secrets-read checkout-keys 10m INC-7    then approve it as Ben"""

IN_A_DATABASE = """\
Production's databases are real: once Ben has approved  /jit request prod-db-debug orders-db 30m INC-7
«Get credentials» on Ana's message leads to what psql reads. When Ana is done, or time is up, her session ends."""
GOES_WITHOUT = "is not part of it this time"


def demo(
    port: Annotated[int, typer.Option(help="Where the workspace's page is, on loopback (0: any).")] = PORT,
    data: Annotated[
        Path | None, typer.Option(help="Where the bot keeps its data. Default: a temporary folder.")
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Play the main story without a browser, then exit.")
    ] = False,
    postgres: Annotated[
        bool, typer.Option(help="Start a PostgreSQL of the demo's own, where one is installed.")
    ] = True,
) -> None:
    """Try it all: a local workspace in the browser, the real bot, its own Redis. Nothing else is needed.

    Where PostgreSQL is installed, production's databases are real ones: a grant is a role of one's own.

    With --once the main story is played by people of the workspace, unattended; each step is printed when it
    is seen to happen, and the exit code is 0 only if every step was.
    """
    import asyncio  # noqa: PLC0415  the other commands start without all this

    with tempfile.TemporaryDirectory(prefix="jit-demo-", ignore_cleanup_errors=True) as temporary:
        folder = data or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            asyncio.run(_demo(0 if once and port == PORT else port, folder, once=once, postgres=postgres))
        except KeyboardInterrupt:
            typer.echo("\nStopped.", err=True)


async def _demo(port: int, data: Path, *, once: bool, postgres: bool) -> None:
    from app.cli.demo_postgres import HOW_TO_GET_IT, NoPostgres, find_postgres  # noqa: PLC0415
    from app.playground import AppRegistration, Playground, demo_workspace  # noqa: PLC0415
    from app.shipped import shipped  # noqa: PLC0415

    playground = Playground(demo_workspace(), [AppRegistration(manifest=shipped("manifest.yml"))], port=port)
    try:
        await playground.__aenter__()
    except OSError as error:
        _fail(f"cannot listen on port {port}: {error.strerror}. Choose another: jit demo --port {port + 1}")
    try:
        if not once:
            typer.echo(f"Workspace  {playground.url}")
        try:
            await _with_bot(playground, data, find_postgres() if postgres else None, once=once)
        except NoPostgres as why:
            typer.echo(f"PostgreSQL {GOES_WITHOUT}: {why}. For real roles: {HOW_TO_GET_IT}")
            await _with_bot(playground, data, None, once=once)
    finally:
        await playground.__aexit__(None, None, None)


async def _with_bot(playground: "Playground", data: Path, programs: "Programs | None", *, once: bool) -> None:
    """Run a bot, and beside it a PostgreSQL where its programs are given. Raises NoPostgres before anything is done."""
    from app.cli.bot import BotProcess, environment, running  # noqa: PLC0415
    from app.cli.demo_postgres import demo_postgres  # noqa: PLC0415
    from app.cli.demo_settings import demo_settings  # noqa: PLC0415

    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(demo_postgres(programs, data)) if programs else None
        told = demo_settings(data, database=server.database if server else None)
        settings = environment(playground, data, told)
        bot = await stack.enter_async_context(running(BotProcess(settings, data / "bot.log")))
        if server:
            await server.ready()  # the bot has begun meanwhile, and waits for it as for any target
        await (_play(playground, data, server) if once else _stay(playground, bot, server))


async def _stay(playground: "Playground", bot: "BotProcess", server: "DemoPostgres | None") -> None:
    """Say how to begin, and run until the bot ends or Ctrl-C."""
    import asyncio  # noqa: PLC0415

    import aiohttp  # noqa: PLC0415

    from app.playground.hands import Hands  # noqa: PLC0415

    ended = asyncio.create_task(bot.ended())
    async with aiohttp.ClientSession() as session:
        ready = asyncio.create_task(Hands(playground.url, session).until_connected())
        await asyncio.wait({ready, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            await ready
            typer.echo(f"Ready. Log: {bot.log}")
            typer.echo(TO_TRY)
            if server:
                typer.echo(f"\n{IN_A_DATABASE}")
    status = await ended
    _fail(f"the bot ended by itself with status {status}; its last words:\n{bot.last_words()}")


async def _play(playground: "Playground", data: Path, server: "DemoPostgres | None") -> None:
    """Play the main story; each step is printed when it was seen."""
    import aiohttp  # noqa: PLC0415

    from app.cli.story import MainStory  # noqa: PLC0415
    from app.cli.story_database import DatabaseStory  # noqa: PLC0415
    from app.cli.visitor import Visitor  # noqa: PLC0415
    from app.playground.hands import Hands, NotSeenError, NotTakenError  # noqa: PLC0415

    async with aiohttp.ClientSession() as session:
        hands, visitor = Hands(playground.url, session), Visitor(session)
        stories: list[MainStory | DatabaseStory] = [MainStory(hands, typer.echo, visitor)]
        if server:
            stories.append(DatabaseStory(hands, typer.echo, visitor, server))
        for story in stories:
            try:
                await story.play()
            except (NotSeenError, NotTakenError) as error:
                typer.echo(f"✗ {story.step}", err=True)
                _fail(f"{error}\nThe bot's log ends with:\n{_end_of(data / 'bot.log')}")
    typer.echo(f"All {sum(story.steps for story in stories)} steps were seen to happen.")


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-12:])


def _fail(why: str) -> None:
    typer.echo(why, err=True)
    raise typer.Exit(1)
