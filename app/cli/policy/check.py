"""`jit policy check`: whether the files are one whole policy, and what a reviewer should look at."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from app.cli.policy.elsewhere import as_problems, with_members
from app.cli.policy.loading import AsJson, Loaded, Policies, load, print_json

if TYPE_CHECKING:
    from app.policy import Problem

SECTIONS = ("environments", "actions", "people", "groups", "rules")


def check(policies: Policies = None, as_json: AsJson = False) -> None:
    """Check all files: what is wrong goes to stderr, one a line, with file, line and key.

    What is allowed and yet hardly meant is a warning: rules that can never match, approvers nobody is in,
    actions nobody may ask for, approvals that cannot come, groups from elsewhere of which the bot does not
    know, or not lately, who is in them (as its Redis tells: JIT_REDIS_URL, or JIT_DATA while it runs).
    """
    loaded = load(policies, as_json)
    from app.policy.lint import lint  # noqa: PLC0415

    elsewhere = with_members(loaded.policy).warnings
    warnings = [*lint(loaded.draft), *as_problems(loaded.draft, elsewhere)]
    if as_json:
        print_json(_document(loaded, warnings))
    else:
        _tell(loaded.folder, loaded, warnings)


def _document(loaded: Loaded, warnings: "list[Problem]") -> dict[str, object]:
    return {
        "valid": True,
        "digest": loaded.policy.digest,
        "counts": _counts(loaded),
        "warnings": [warning._asdict() for warning in warnings],
    }


def _tell(folder: Path, loaded: Loaded, warnings: "list[Problem]") -> None:
    counts = ", ".join(f"{count} {section}" for section, count in _counts(loaded).items())
    typer.echo(f"{folder} is valid: {counts}.")
    typer.echo(f"Digest {loaded.policy.digest}")
    for warning in warnings:
        typer.echo(f"warning: {warning}")


def _counts(loaded: Loaded) -> dict[str, int]:
    return {section: len(loaded.draft.names(section)) for section in SECTIONS}
