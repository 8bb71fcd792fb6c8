"""The peer: a Bolt app with one command that does nothing, as a process of its own.

On uvloop, as the bot is, so that a ratio compares the apps and not their event loops.
"""

import asyncio
import os

import uvloop
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient


async def serve() -> None:
    """Acknowledge `/noop` until the process is ended."""
    client = AsyncWebClient(token=os.environ["BARE_BOT_TOKEN"], base_url=os.environ["BARE_API_URL"])
    app = AsyncApp(client=client, signing_secret="socket-mode-needs-none")

    @app.command("/noop")
    async def noop(ack: AsyncAck) -> None:
        await ack()

    handler = AsyncSocketModeHandler(app, os.environ["BARE_APP_TOKEN"], web_client=client)
    await handler.connect_async()
    await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())
