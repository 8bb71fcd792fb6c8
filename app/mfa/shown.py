"""What a page shows of a request, in words and as a digest, so that a proof holds for nothing else.

The digest is SHA-256 over canonical JSON (RFC 8785 for what occurs here: sorted keys, no spaces, UTF-8).
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta

from app.domain.duration import format_duration
from app.domain.request import Request
from app.domain.visible import shown
from app.store.pages import Page, Task

VERBS: Mapping[Task, str] = {
    Task.APPROVE: "Approve",
    Task.DENY: "Deny",
    Task.MORE_TIME: "Approve more time",
    Task.CONFIRM: "Start",
    Task.GLASS: "Break the glass",
    Task.EXTEND: "Ask for more time",
    Task.REVIEW: "Review",
    Task.FACTORS: "Change second factors",
    Task.CREDENTIALS: "Show the credentials of",
}


def facts(request: Request, page: Page) -> tuple[tuple[str, str], ...]:
    """Everything that a decision rests on, each with its name, in the order in which a person reads it."""
    lines = [
        ("Request", request.id),
        ("Who", request.requester.name),
        ("What", f"{request.action_title or request.action} ({request.action})"),
        ("On", request.resource),
        ("Where", request.environment),
        ("How long", format_duration(request.duration)),
        ("Why", request.reason or "No reason given."),
        ("Risk", request.risk),
    ]
    if request.binding:
        lines.append(("For this alone", shown(request.binding)))
        lines.append(("SHA-256", request.binding.digest))
    if less := page.detail("less"):
        lines.append(("You give", format_duration(timedelta(seconds=int(less)))))
    if narrower := page.detail("resource"):
        lines.append(("You give", narrower))
    if more := request.extension:
        lines.append(("More time", f"{format_duration(timedelta(seconds=more.seconds))}: {more.reason}"))
    if why := page.detail("why"):
        lines.append(("Emergency", why))
    if (more or request).run:
        lines.append(("Signed by the CI", str((more or request).run)))
    if request.ip:
        lines.append(("From", request.ip))
    return tuple(lines)


def sentence(request: Request, page: Page) -> str:
    """What it is about, in one sentence."""
    who, what = request.requester.name, request.action_title or request.action
    if page.person == request.requester.id:
        return f"You asked for {what} on {request.resource}."
    return f"{who} asks for {what} on {request.resource}."


def digest_of(request: Request, page: Page) -> str:
    """Digest what a page shows of a request, and for whom and what it is; 64 hexadecimal digits."""
    told = {
        "person": page.person,
        "task": page.task,
        "facts": facts(request, page),
        "requester": request.requester.id,
        "seconds": request.seconds,
        "policy": request.verdict.policy_digest,
        "start_at": request.start_at.isoformat() if request.start_at else "",
        "extension": request.extension.name if request.extension else "",
        "details": page.details,
    }
    canonical = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def challenge_of(page: Page) -> bytes:
    """Give what a security key is to sign: 32 bytes that no other page has."""
    return hashlib.sha256(f"{page.digest}:{page.nonce}".encode()).digest()
