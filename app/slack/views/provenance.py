"""From where somebody asked and in which run of a CI, and how the bot knows it."""

from app.domain.provenance import IpFrom
from app.domain.request import Extension, Request
from app.slack.views.blocks import Block, verbatim
from app.slack.views.text import escape

KNOWN_BY = {
    IpFrom.API: "by a call of the API",
    IpFrom.CLI: "by `jit` in a terminal",
    IpFrom.CI: "by a job in CI",
    IpFrom.BROWSER_CHECK: "by a check in a browser",
}


def asked_from(asked: Request | Extension) -> str:
    """From where somebody asked, and how that is known; empty where it is not known."""
    if asked.ip_from is IpFrom.NONE:
        return ""
    proxy = ", told by a proxy" if asked.ip_told_by == "proxy" else ""
    return f"From `{escape(asked.ip)}`, known {KNOWN_BY[asked.ip_from]}{proxy}"


def asked_in_run(asked: Request | Extension) -> list[Block]:
    """The run of a CI that asked, on a line: what the CI signed, of which Slack parses nothing."""
    said = str(asked.run or "")
    return [verbatim(f"Signed by the CI: {said}")] if said else []
