"""`jit policy schema`: the JSON Schema of the files, for editors."""

from typing import Annotated

import typer

from app.cli.policy.loading import print_json


def schema(
    cases: Annotated[
        bool, typer.Option("--cases", help="Of the files of cases in tests/, and not of the policies.")
    ] = False,
) -> None:
    """Print the JSON Schema of the policy files, by which editors complete and check while one types.

    Refer to it at the top of each file: # yaml-language-server: $schema=policy.schema.json
    """
    from app.policy.json_schema import cases_schema, policy_schema  # noqa: PLC0415  `jit --help` is quick

    print_json(cases_schema() if cases else policy_schema())
