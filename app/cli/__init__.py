"""The `jit` command. Exit codes: 0 done, 1 refused or failed (why on stderr), 2 wrong usage."""

import typer

from app.cli.audit import audit
from app.cli.demo import demo
from app.cli.doctor import doctor
from app.cli.policy import policy
from app.cli.serve import serve

jit = typer.Typer(
    name="jit",
    help="Just-in-time approval from Slack: privileges for one action, for as long as it takes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
jit.command()(demo)
jit.command()(serve)
jit.command()(doctor)
jit.add_typer(policy, name="policy")
jit.add_typer(audit, name="audit")


def main() -> None:
    """Run the command."""
    jit()
