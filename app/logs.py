"""Structured logs on stderr: for people on a terminal, JSON elsewhere. Secrets are not logged anywhere."""

import logging
import sys
from collections import Counter

import structlog
from structlog.tracebacks import ExceptionDictTransformer

LINES: Counter[tuple[str, str]] = Counter()
"""Lines from warnings on since the process began, by level and event: our own names, of which there are few."""
MOST_EVENTS = 200
COUNTED = frozenset({"warning", "error", "critical"})


def count(_: object, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Count a line on its way; passes it on as it is."""
    level, event = str(line.get("level", "")), str(line.get("event", ""))
    if level in COUNTED:
        LINES[level, event if len(LINES) < MOST_EVENTS or (level, event) in LINES else "other"] += 1
    return line


def set_up(form: str, level: str) -> None:
    """Set up structlog and the libraries' loggers. `form` is auto, json or console.

    Tracebacks show no variables, as structlog's own do: tokens, credentials and codes stand in them.
    """
    for_people = form == "console" or (form == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if for_people
        else [
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ]
    )
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, count, *render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)
