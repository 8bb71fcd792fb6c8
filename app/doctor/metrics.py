"""Metrics: whether others than those who run the bot can read them."""

from app.connectors.addresses import is_loopback
from app.doctor.finding import Finding, warning
from app.settings import Settings

PART = "metrics"


def examine_metrics(settings: Settings) -> list[Finding]:
    """Examine who reaches `/metrics`; nothing where nobody does, or has to say who they are."""
    if settings.metrics_port is not None or settings.metrics_token is not None:
        return []
    reached = "JIT_PUBLIC_URL leads there" if settings.public_url else f"it listens at {settings.http_host}"
    if not settings.public_url and is_loopback(settings.http_host):
        return []
    return [
        warning(
            PART,
            f"/metrics is open to everyone who reaches the bot's HTTP port ({reached})",
            "Set JIT_METRICS_TOKEN, or JIT_METRICS_PORT for a port of its own (docs/metrics.md).",
        )
    ]
