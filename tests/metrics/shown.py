"""Reading what a scrape shows."""

import asyncio
from collections.abc import Iterable
from typing import Any

from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from app.playground.hands import PATIENCE
from tests.web.callers import Callers


async def scraped(callers: Callers) -> dict[str, Metric]:
    """Scrape a bot; gives what it shows, by name."""
    said = await callers.nobody.get("/metrics")
    assert 200 == said.status
    return families(said.body)


async def until(callers: Callers, name: str, wanted: float, **labels: str) -> Any:
    """Scrape until a gauge has a value: looks at the store are shared for a second."""
    ends = asyncio.get_running_loop().time() + PATIENCE
    while value(shown := await scraped(callers), name, **labels) != wanted:
        assert asyncio.get_running_loop().time() < ends, f"{name} is still {value(shown, name, **labels)}"
        await asyncio.sleep(0.05)
    return shown


def families(text: str) -> dict[str, Any]:
    """Read the text form, by name; counters without `_total`, as the library reads them."""
    return {family.name: family for family in text_string_to_metric_families(text)}


def value(shown: dict[str, Metric], name: str, **labels: str) -> float:
    """Add up the samples of a name that have these labels."""
    found = [
        sample.value
        for family in shown.values()
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]
    return sum(found)


def labels_in(shown: Iterable[Metric]) -> set[str]:
    """Every value of every label."""
    return {text for family in shown for sample in family.samples for text in sample.labels.values()}
