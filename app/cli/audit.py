"""`jit audit`: the log, read from its file, by those whom the file's rights let. Nothing here writes it."""

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer

from app.audit.chain import Head, read_head
from app.audit.digest import Digest, make_digest
from app.audit.digest_lines import digest_lines
from app.audit.live import live_in
from app.audit.log import AuditLog, AuditLogError, Recorded, Verified
from app.audit.story import StoryLine, story_lines
from app.domain.duration import parse_duration
from app.domain.events import event_json
from app.domain.ids import WORDS, read_recorded_id

T = TypeVar("T")
FILE = "audit.sqlite3"
DATA_HELP = (
    "The bot's data directory. Whoever may read the file audit.sqlite3 in it (made with mode 0600, for the "
    "bot's user alone) may read the log here; in Slack, policy says who may."
)
Data = Annotated[Path, typer.Option(envvar="JIT_DATA", help=DATA_HELP)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
DEFAULT_DATA = Path(".jit")

audit = typer.Typer(no_args_is_help=True, help="The audit log: stories, verification, digest.")


@audit.command()
def show(
    request_id: Annotated[
        str,
        typer.Argument(
            metavar="[ID]", help="A request, delegation (D07-…) or second factor (F07-…).", show_default=False
        ),
    ] = "",
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
    limit: Annotated[int, typer.Option(min=1, help="Without an ID: how many of the latest entries.")] = 20,
) -> None:
    """Show a request's whole story: who asked, why, which rule, who decided, what was given and taken."""
    wanted = _usage(lambda: read_recorded_id(request_id)) if request_id else ""
    entries, told = ask_log(data, lambda log: _shown(log, wanted, limit))
    if wanted and not entries:
        _fail(f"the audit log {data / FILE} has no {WORDS[wanted[0]]} {wanted}")
    if as_json:
        _print_json({"request_id": wanted or None, "entries": _documents(entries, told)})
    else:
        for line in told:
            about_it = "" if wanted else f"{line.request_id}  "
            typer.echo(f"{line.sequence:>7}  {about_it}{line}")


@audit.command()
def verify(
    data: Data = DEFAULT_DATA,
    head: Annotated[
        str, typer.Option(metavar="SIZE:HASH", help="A checkpoint taken before, as the digest shows it.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Check that no entry was edited, removed, inserted or moved.

    That entries were cut off at the end shows only against a checkpoint: give the last one that you know.
    """
    expected = _usage(lambda: read_head(head)) if head else None
    found = ask_log(data, lambda log: log.verify(expected))
    if as_json:
        _print_json(_verdict(found))
    if found.problem is not None:
        _fail(f"audit log {data / FILE}: {found.problem.what}")
    if not as_json:
        typer.echo(f"{found.head.size} entries, each as it was recorded. Checkpoint: {found.head}")


@audit.command()
def digest(
    since: Annotated[str, typer.Option(help="How far back, such as 24h or 7d.")] = "24h",
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Show what happened lately, as the daily digest does, from the log alone."""
    until = datetime.now(UTC)
    reach = _usage(lambda: parse_duration(since))
    made = ask_log(data, lambda log: _digest(log, until - reach, until))
    if as_json:
        _print_json({**made.model_dump(mode="json"), "checkpoint": made.checkpoint})
    else:
        typer.echo("\n".join(digest_lines(made)))


def _shown(log: AuditLog, request_id: str, limit: int) -> tuple[list[Recorded], Sequence[StoryLine]]:
    entries = log.story(request_id) if request_id else log.latest(limit)
    known = (log.asked(each) for each in {entry.event.request_id for entry in entries})
    names = {asked.requester.id: asked.requester.name for asked in known if asked}
    return entries, story_lines(entries, names)


def _digest(log: AuditLog, since: datetime, until: datetime) -> Digest:
    made = make_digest(
        log.between(since, until), (), since, until, log.head(), log.asked, unreviewed=log.unreviewed()
    )
    grants = [live_in(log.story(request_id)) for request_id in log.unended()]
    return made.with_live([grant for grant in grants if grant])


def ask_log(data: Path, question: Callable[[AuditLog], T]) -> T:
    """Ask the log, again if a bot began to write it meanwhile; tell what keeps it from answering."""
    while True:
        try:
            with closing(AuditLog(data / FILE, read_only=True)) as log:
                try:
                    answer = question(log)
                except AuditLogError:
                    if not log.is_outdated:
                        raise
                    continue
                if not log.is_outdated:
                    return answer
        except AuditLogError as error:
            _fail(str(error))


def _usage(read: Callable[[], T]) -> T:
    try:
        return read()
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


def _fail(why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(1)


def _print_json(document: object) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def _documents(entries: Sequence[Recorded], told: Sequence[StoryLine]) -> list[dict[str, Any]]:
    return [
        {
            "sequence": entry.sequence,
            "recorded_at": entry.recorded_at.isoformat(),
            "partition": entry.partition,
            "stream_id": entry.stream_id,
            "event": event_json.dump_python(entry.event, mode="json"),
            "previous": entry.previous,
            "hash": entry.hash,
            "told": [line.text for line in told if line.sequence == entry.sequence],
        }
        for entry in entries
    ]


def _verdict(found: Verified) -> dict[str, Any]:
    head: Head = found.head
    return {
        "ok": found.is_sound,
        "size": head.size,
        "head": str(head),
        "log_id": found.log_id,
        "problem": found.problem._asdict() if found.problem else None,
    }
