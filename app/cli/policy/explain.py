"""`jit policy explain`: why policy says what it says of an ask, hypothetical or recorded."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.policy.elsewhere import with_members
from app.cli.policy.loading import AsJson, Policies, load, misused, print_json

if TYPE_CHECKING:
    from app.policy.explain import Explanation

USAGE = (
    "say whose ask to explain: jit policy explain --as PERSON ACTION RESOURCE [DURATION], "
    "or give a request's id, such as R07-4KX9TQZ"
)


def explain(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="ID | ACTION RESOURCE [DURATION]", help="A recorded request, or what would be asked."
        ),
    ],
    who: Annotated[str, typer.Option("--as", help="Who would ask: a person of the policy.")] = "",
    reason: Annotated[str, typer.Option(help="Why it would be asked.")] = "",
    source: Annotated[str, typer.Option(help="The way in, such as api. Default: slack.")] = "",
    at: Annotated[
        str, typer.Option(help="When, such as “2026-03-02 10:00 Europe/Berlin”. Default: now.")
    ] = "",
    ip: Annotated[str, typer.Option(help="The address it would come from. Default: not known.")] = "",
    live: Annotated[
        int | None, typer.Option(min=0, help="How many grants they hold already. Default: none.")
    ] = None,
    earlier: Annotated[
        list[str] | None, typer.Option(help="How long before they asked for it too, such as 2h. Repeatable.")
    ] = None,
    policies: Policies = None,
    data: Annotated[
        Path, typer.Option(envvar="JIT_DATA", help="The bot's data directory, where recorded requests are.")
    ] = Path(".jit"),
    as_json: AsJson = False,
) -> None:
    """Explain a verdict: which rules, which conditions, who may approve, what would have made it pass.

    The ask may be a hypothetical one, or a request of the audit log: then the verdict as it was stands
    beside what the present policy says.
    """
    from app.cli.policy.hypothetical import Hypothetical  # noqa: PLC0415  `jit --help` starts without pydantic
    from app.policy.explain import explain as explained  # noqa: PLC0415

    typed = Hypothetical(who, reason, source, at, ip, live, earlier)
    if len(words) == 1:
        if options := typed.typed():
            misused(f"{options[0]} goes with a hypothetical ask: leave it out, or {USAGE}")
        _explain_recorded(words[0], data, policies, as_json)
    elif len(words) > 3 or not who:
        misused(USAGE)
    else:
        policy = with_members(load(policies, as_json).policy, data).policy
        _show(explained(policy, typed.ask(policy, words)), as_json)


def _explain_recorded(typed: str, data: Path, policies: Path | None, as_json: bool) -> None:
    from app.cli.policy.deputies import deputies_of, deputy_lines  # noqa: PLC0415
    from app.cli.policy.recorded import recorded_request  # noqa: PLC0415
    from app.policy.explain import explain as explained  # noqa: PLC0415
    from app.policy.explain.lines import recorded_lines  # noqa: PLC0415
    from app.policy.simulate import unknowns  # noqa: PLC0415

    policy = with_members(load(policies, as_json).policy, data).policy
    event, ask = recorded_request(typed, data, policy)
    unknown = unknowns(policy, event, ask)
    deputies = deputies_of(event.request_id, policy, data)
    if as_json:
        was = event.verdict.model_dump(mode="json")
        _show(
            explained(policy, ask),
            as_json,
            request_id=event.request_id,
            was=was,
            unknown=unknown,
            deputies=deputies,
        )
        return
    typer.echo(f"{event.request_id} as it was judged, by policy {event.verdict.policy_digest[:12]}")
    for line in recorded_lines(event.verdict):
        typer.echo(f"  {line}")
    typer.echo("\nBy the policy of now")
    _show(explained(policy, ask), as_json)
    for line in deputy_lines(deputies):
        typer.echo(line)
    if unknown:
        typer.echo(f"The record does not tell: {', '.join(unknown)}.")


def _show(explanation: "Explanation", as_json: bool, **beside: Any) -> None:
    from app.policy.explain import explanation_lines  # noqa: PLC0415

    if as_json:
        print_json(beside | explanation.model_dump(mode="json"))
        return
    for line in explanation_lines(explanation):
        typer.echo(line)
