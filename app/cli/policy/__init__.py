"""`jit policy`: the policies, without Slack."""

import typer

from app.cli.policy.cases import run
from app.cli.policy.check import check
from app.cli.policy.explain import explain
from app.cli.policy.schema import schema
from app.cli.policy.simulate import simulate

policy = typer.Typer(no_args_is_help=True, help="The policies, without Slack.")
policy.command()(check)
policy.command("test")(run)
policy.command()(explain)
policy.command()(simulate)
policy.command()(schema)
