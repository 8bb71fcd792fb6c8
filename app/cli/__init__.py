"""The `jit` command. Exit codes: 0 done, 1 refused or failed (why on stderr), 2 wrong usage."""

import typer

from app.cli.api.login import login, logout
from app.cli.api.run import run
from app.cli.api.token import token
from app.cli.api.verbs import approve, cancel, deny, done, extend, list_, request, revoke, status
from app.cli.audit import audit
from app.cli.demo import demo
from app.cli.doctor import doctor
from app.cli.policy import policy
from app.cli.serve import serve
from app.cli.trigger import trigger

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
for verb in (request, status, approve, deny, done, cancel, extend, revoke, run, login, logout):
    jit.command()(verb)
jit.command("list")(list_)
jit.add_typer(token, name="token")
jit.add_typer(policy, name="policy")
jit.add_typer(audit, name="audit")
jit.add_typer(trigger, name="trigger")


def main() -> None:
    """Run the command."""
    jit()
