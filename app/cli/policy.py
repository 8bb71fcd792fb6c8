"""`jit policy`: the policies, without Slack."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from app.policy import Policy, PolicyError, Problem
    from app.policy.draft import Draft

policy = typer.Typer(no_args_is_help=True, help="The policies, without Slack.")


@policy.command()
def check(
    policies: Annotated[
        Path | None,
        typer.Option(envvar="JIT_POLICIES", help="The folder of policies. Default: the ones that ship."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Check all files: what is wrong goes to stderr, one a line, with file, line and key."""
    from app.policy import PolicyError, shipped_policies  # noqa: PLC0415  `jit --help` starts without pydantic
    from app.policy.building import build  # noqa: PLC0415
    from app.policy.lint import lint  # noqa: PLC0415
    from app.policy.loading import read_policies  # noqa: PLC0415

    folder = policies or shipped_policies()
    try:
        draft = read_policies(folder)
    except PolicyError as error:
        _fail(error, as_json)
    found, warnings = build(draft), lint(draft)
    if as_json:
        typer.echo(json.dumps(_document(found, draft, warnings), ensure_ascii=False))
    else:
        _tell(folder, found, draft, warnings)


def _fail(error: "PolicyError", as_json: bool) -> NoReturn:
    if as_json:
        problems = [problem._asdict() for problem in error.problems]
        typer.echo(json.dumps({"valid": False, "problems": problems}, ensure_ascii=False))
    typer.echo(str(error), err=True)
    raise typer.Exit(1) from None


def _document(found: "Policy", draft: "Draft", warnings: "list[Problem]") -> dict[str, object]:
    return {
        "valid": True,
        "digest": found.digest,
        "counts": _counts(draft),
        "warnings": [warning._asdict() for warning in warnings],
    }


def _tell(folder: Path, found: "Policy", draft: "Draft", warnings: "list[Problem]") -> None:
    counts = ", ".join(f"{count} {section}" for section, count in _counts(draft).items())
    typer.echo(f"{folder} is valid: {counts}.")
    typer.echo(f"Digest {found.digest}")
    for warning in warnings:
        typer.echo(f"warning: {warning}")


def _counts(draft: "Draft") -> dict[str, int]:
    sections = ("environments", "actions", "people", "groups", "rules")
    return {section: len(draft.names(section)) for section in sections}
