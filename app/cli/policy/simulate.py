"""`jit policy simulate`: what a changed folder would have said of the requests that were made."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.policy.elsewhere import with_members
from app.cli.policy.loading import AsJson, Policies, load, misused, print_json

if TYPE_CHECKING:
    from app.policy.simulate import Simulation


def simulate(
    since: Annotated[str, typer.Option(help="How far back, such as 24h or 30d.")] = "30d",
    policies: Policies = None,
    against: Annotated[
        Path | None,
        typer.Option(
            help="Compare with this folder, say the one in force, and not with the recorded verdicts: "
            "then people who came to groups or left them show too."
        ),
    ] = None,
    data: Annotated[
        Path, typer.Option(envvar="JIT_DATA", help="The bot's data directory, where the audit log is.")
    ] = Path(".jit"),
    fail_on_change: Annotated[
        bool, typer.Option("--fail-on-change", help="Exit with 1 when a request would fare otherwise.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Replay recorded requests against a folder of policies: what would change, counted and listed.

    Of a request whose verdict would hang on what the record does not hold, such as an address, it is said
    that it cannot be told. Whoever asked is judged by the groups that the folder has.
    """
    from datetime import UTC, datetime  # noqa: PLC0415  `jit --help` starts without pydantic

    from app.cli.policy.recorded import recorded_events  # noqa: PLC0415
    from app.domain.duration import parse_duration  # noqa: PLC0415
    from app.policy.simulate import horizon, simulation_lines  # noqa: PLC0415
    from app.policy.simulate import simulate as simulated  # noqa: PLC0415

    now = datetime.now(UTC)
    try:
        begin = now - parse_duration(since)
    except ValueError as error:
        misused(str(error))
    policy = with_members(load(policies, as_json).policy, data).policy
    other = with_members(load(against, as_json).policy, data).policy if against else None
    events = recorded_events(data, begin - horizon(policy), now)
    found = simulated(policy, events, begin, other)
    if as_json:
        print_json(_document(found))
    else:
        for line in simulation_lines(found):
            typer.echo(line)
    if fail_on_change and found.changed:
        raise typer.Exit(1)


def _document(found: "Simulation") -> dict[str, Any]:
    return {
        "since": found.since.isoformat(),
        "digest": found.digest,
        "requests": len(found.replayed),
        "changes": [
            {"was": was, "would_be": would_be, "difference": what, "count": count}
            for (was, would_be, what), count in found.counts.items()
        ],
        "changed": [each.model_dump(mode="json") for each in found.changed],
        "cannot_be_told": [each.model_dump(mode="json") for each in found.unknown],
    }
