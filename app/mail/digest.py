"""The daily digest as a mail: the same lines as `jit audit digest` prints."""

from app.audit.digest import Digest
from app.audit.digest_lines import digest_lines
from app.mail.inert import cut, inert
from app.mail.said import Part, Said

LINES = 40
"""Lines of each part that are shown; the command lists all."""
LINE = 300


def digest_mail(digest: Digest) -> Said:
    """What the digest says."""
    title, *rest = digest_lines(digest)
    *told, _, checkpoint = rest
    lead = " ".join(inert(line) for line in told if not line.startswith(" ") and line.endswith("."))
    return Said(
        subject=title,
        headline="Access digest",
        status=" ".join((inert(title.removeprefix("Access digest, ")), lead)).strip(),
        parts=tuple(_parts(told)),
        facts=(("Checkpoint", checkpoint.removeprefix("Checkpoint: ")),),
        instead="Keep the checkpoint: `jit audit verify --head` with it shows whether the log was changed since.",
        why="You get this because the policies name this address for the daily digest.",
    )


def _parts(lines: list[str]) -> list[Part]:
    """Take the titled parts out of the lines: each title stands after an empty line."""
    parts: list[tuple[str, list[str]]] = []
    for before, line in zip(["", *lines], lines, strict=False):
        if line.startswith("  "):
            parts[-1][1].append(inert(cut(line.strip(), LINE)))
        elif line and not before:
            parts.append((line, []))
    return [Part(title=title, lines=_some(told)) for title, told in parts if told]


def _some(lines: list[str]) -> tuple[str, ...]:
    left = len(lines) - LINES
    more = (f"… and {left} more: `jit audit digest` lists all",) if left > 0 else ()
    return (*lines[:LINES], *more)
