"""`jit login` and `jit logout`: a token for this machine, confirmed in Slack; no secret passes through there."""

import asyncio
import getpass
import hashlib
import os
import secrets
import socket
from typing import Annotated
from urllib.parse import urlsplit

import typer

from app.cli.api.client import Api, Refusal
from app.cli.api.login_file import NotSignedIn, SignedIn, forget, read_saved, save, signed_in
from app.cli.api.telling import fail

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def login(
    server: Annotated[
        str,
        typer.Option(
            envvar="JIT_SERVER", help="Where the bot's HTTP side is, such as https://jit.example.com."
        ),
    ] = "",
    device: Annotated[str, typer.Option(help="What this machine calls itself in Slack.")] = "",
) -> None:
    """Sign this machine in: prints a short code, which you type in Slack as `/jit login CODE`."""
    address = server.rstrip("/") or _known_server()
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        fail(f"--server {address or 'is missing'}: it should look like https://jit.example.com", 2)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        typer.echo("warning: over http anybody on the way can take the token; use https", err=True)
    try:
        token, person = asyncio.run(_login(address, device or _device()))
    except Refusal as refusal:
        fail(str(refusal))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    typer.echo(f"Signed in as {person}. The token is in {save(SignedIn(address, token))}")


def logout() -> None:
    """Revoke this machine's token, and forget it."""

    async def end() -> None:
        async with Api.of(signed_in()) as api:
            await api.post("/v1/logout")

    try:
        asyncio.run(end())
    except NotSignedIn as nothing:
        fail(str(nothing))
    except Refusal as refusal:
        if refusal.code not in {"token_refused", "not_known"}:  # else it does nothing any more in any case
            fail(
                f"{refusal}\nThe token is not revoked and stays here; `/jit tokens` in Slack revokes it too."
            )
    forget()
    typer.echo("Signed out.")


async def _login(server: str, device: str) -> tuple[str, str]:
    verifier = secrets.token_urlsafe(32)
    challenge = hashlib.sha256(verifier.encode()).hexdigest()
    async with Api(server) as api:
        asked = await api.post("/v1/login", {"device": device, "challenge": challenge})
        code = asked["code"]
        typer.echo(f"Type in Slack, within {asked['expires_in'] // 60} minutes:\n\n    /jit login {code}\n")
        typer.echo(
            "It works once, for this machine alone. Never type a code that somebody sends you.", err=True
        )
        while True:
            found = await api.post("/v1/login/token", {"code": code, "verifier": verifier})
            if found["token"]:
                return found["token"], found["person"]
            await asyncio.sleep(asked["interval"])


def _known_server() -> str:
    try:
        saved = read_saved()
    except NotSignedIn:
        return ""
    return saved.server if saved else ""


def _device() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
