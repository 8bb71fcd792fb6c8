"""What the commands of `jit policy` share: where policies are, and how it is told that they are broken."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, NoReturn

import typer

if TYPE_CHECKING:
    from app.policy import Policy, PolicyError
    from app.policy.draft import Draft

Policies = Annotated[
    Path | None,
    typer.Option(envvar="JIT_POLICIES", help="The folder of policies. Default: the ones that ship."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


class Loaded(NamedTuple):
    """A folder, and what it says."""

    folder: Path
    draft: "Draft"
    policy: "Policy"


def load(policies: Path | None, as_json: bool) -> Loaded:
    """Load the policies of a folder, or end with 1 and all that is wrong on stderr, one a line."""
    from app.policy import PolicyError, shipped_policies  # noqa: PLC0415  `jit --help` starts without pydantic
    from app.policy.building import build  # noqa: PLC0415
    from app.policy.loading import read_policies  # noqa: PLC0415

    folder = policies or shipped_policies()
    try:
        draft = read_policies(folder)
        return Loaded(folder, draft, build(draft))
    except PolicyError as error:
        fail_on(error, as_json)


def fail_on(error: "PolicyError", as_json: bool) -> NoReturn:
    """Tell what is wrong with files, and end with 1."""
    if as_json:
        problems = [problem._asdict() for problem in error.problems]
        print_json({"valid": False, "problems": problems})
    fail(str(error))


def fail(why: str) -> NoReturn:
    """Say why on stderr, and end with 1."""
    typer.echo(why, err=True)
    raise typer.Exit(1) from None


def misused(why: str) -> NoReturn:
    """Say on stderr what was typed wrongly, and end with 2."""
    typer.echo(why, err=True)
    raise typer.Exit(2) from None


def print_json(document: object) -> None:
    """Print one JSON document."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
