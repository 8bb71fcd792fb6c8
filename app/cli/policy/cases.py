"""`jit policy test`: the cases beside the policies."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.policy.loading import AsJson, Policies, fail, fail_on, load, print_json

if TYPE_CHECKING:
    from app.policy.cases import Result, Run


def run(
    policies: Policies = None,
    junit: Annotated[
        Path | None, typer.Option(help="Write the results to this file too, as JUnit XML.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run the cases in tests/ of the policy folder: who asks for what, and what policy must say.

    Exit code 0 when all is as expected; 1 with a diff for each case that is not, or when the files of
    policies or cases are broken, or there are no cases.
    """
    loaded = load(policies, as_json)
    from app.policy import PolicyError  # noqa: PLC0415
    from app.policy.cases import read_cases, run_cases  # noqa: PLC0415

    try:
        cases = read_cases(loaded.folder, loaded.draft, loaded.policy)
    except PolicyError as error:
        fail_on(error, as_json)
    run = run_cases(loaded.policy, cases)
    if junit is not None:
        _write_junit(junit, run)
    if as_json:
        print_json(_document(run))
    else:
        _tell(run)
    if run.failures:
        raise typer.Exit(1)


def _write_junit(path: Path, run: "Run") -> None:
    from app.policy.cases.junit import junit  # noqa: PLC0415

    try:
        path.write_text(junit(run), encoding="utf-8")
    except OSError as error:
        fail(f"{path}: cannot be written ({error.strerror}); name a file in a folder that is there")


def _tell(run: "Run") -> None:
    from app.policy.cases.told import failure_lines, summary_lines  # noqa: PLC0415

    colours = {"  - ": typer.colors.GREEN, "  + ": typer.colors.RED}
    for result in run.failures:
        for line in failure_lines(result):
            typer.secho(line, fg=colours.get(line[:4]))
        typer.echo()
    for line in summary_lines(run):
        typer.echo(line)


def _document(run: "Run") -> dict[str, Any]:
    return {
        "ok": not run.failures,
        "cases": len({(result.case.file, result.case.name) for result in run.results}),
        "asks": len(run.results),
        "failures": [_failure(result) for result in run.failures],
        "rules_no_case_is_decided_by": list(run.untested),
    }


def _failure(result: "Result") -> dict[str, Any]:
    return {
        "file": result.case.file,
        "line": result.case.line,
        "case": result.case.name,
        "mismatches": [mismatch._asdict() for mismatch in result.mismatches],
        "explanation": result.explanation.model_dump(mode="json") if result.explanation else None,
    }
