"""`jit doctor`: what is wrong with this installation, and how to mend it."""

import json
from typing import Annotated

import typer

SIGN = {"good": "✓", "warning": "!", "bad": "✗"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    reconcile: Annotated[
        bool, typer.Option("--reconcile", help="Compare targets with live grants, and remove what has none.")
    ] = False,
) -> None:
    """Look at settings, policy, Redis, Slack, email and the clock; say what is wrong and how to mend it.

    Exit code 0 when nothing keeps the bot from working; warnings alone do not count.
    """
    import asyncio  # noqa: PLC0415  the other commands start without all this

    from app.doctor import Grade, examine  # noqa: PLC0415

    findings = asyncio.run(examine(reconcile=reconcile))
    if as_json:
        typer.echo(json.dumps({"findings": [finding._asdict() for finding in findings]}, ensure_ascii=False))
    else:
        for finding in findings:
            typer.echo(f"{SIGN[finding.grade]} {finding.part}: {finding.said}")
            if finding.mend:
                typer.echo(f"    {finding.mend}")
    bad = sum(finding.grade is Grade.BAD for finding in findings)
    if bad:
        typer.echo(f"{bad} of {len(findings)} findings keep the bot from working", err=True)
        raise typer.Exit(1)
