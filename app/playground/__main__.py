"""`python -m app.playground`: the local workspace alone, for an app of your own."""

import argparse
import asyncio
import contextlib
from pathlib import Path

from app.playground import AppRegistration, Options, Playground, demo_workspace


def main() -> None:
    """Run until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m app.playground", description=__doc__)
    parser.add_argument("--port", type=int, default=8800, help="where to listen on loopback (0: any)")
    parser.add_argument("--name", default="JIT", help="the app's name, where the manifest has none")
    parser.add_argument(
        "--manifest", type=Path, help="a Slack app manifest (YAML or JSON); none: all is allowed"
    )
    parser.add_argument("--request-url", help="deliver by signed HTTP to this address instead of Socket Mode")
    parser.add_argument(
        "--paced", action="store_true", help="about one message a second to a channel, as Slack"
    )
    given = parser.parse_args()
    app = AppRegistration(name=given.name, manifest=given.manifest, request_url=given.request_url)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(
            _run(Playground(demo_workspace(), [app], port=given.port, options=Options(paced=given.paced)))
        )


async def _run(playground: Playground) -> None:
    async with playground:
        app = playground.apps[0]
        lines = (
            f"Workspace       {playground.url}",
            f"Web API         {playground.api_url}",
            f"Bot token       {app.bot_token}",
            f"App-level token {app.app_token}",
            f"Signing secret  {app.signing_secret}",
        )
        print("\n".join(lines), flush=True)  # noqa: T201  the command's output
        await asyncio.Event().wait()


if __name__ == "__main__":
    main()
