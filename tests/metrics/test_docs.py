"""docs/metrics.md: every metric that there is, none that there is not, and alerts that would fire.

Contract: the tables name what a scrape shows, with its labels. The rules are read as Prometheus reads their files, and
name metrics, labels and values that exist.
"""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from app.playground.hands import PATIENCE
from tests.metrics.shown import families, until
from tests.metrics.test_scrape import callers, whole_story, workplace  # noqa: F401  their fixtures
from tests.workplace import Workplace, at_work

DOCS = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
ROW = re.compile(r"^\| (`jit_\w+`(?:, `jit_\w+`)*) \|([^|]*)\|", re.MULTILINE)
SUFFIXES = {"counter": "_total", "histogram": "", "gauge": ""}
ELSEWHERE = {"jit_slack_connected": set()}
"""What a bot over HTTP has not."""


def documented() -> dict[str, set[str]]:
    """Give the labels of each metric of the tables."""
    return {
        name: set(re.findall(r"`(\w+)`", labels))
        for names, labels in ROW.findall(DOCS)
        for name in re.findall(r"`(jit_\w+)`", names)
    }


def shown_with_labels(shown: dict[str, Any]) -> dict[str, set[str]]:
    """Give the labels of each metric of a scrape, as the tables name them."""
    found: dict[str, set[str]] = {}
    for family in shown.values():
        if family.name.startswith("jit_"):
            labels = {label for sample in family.samples for label in sample.labels} - {"le"}
            found[family.name + SUFFIXES.get(family.type, "")] = labels
    return found


async def test_the_tables_are_what_a_scrape_shows(callers):  # noqa: F811
    """Names and labels, both ways; only what has not happened in the story has no labels to compare."""
    await whole_story(callers)
    shown = await until(callers, "jit_store_up", 1.0)
    while "jit_policy_in_force_timestamp_seconds" not in shown:  # the bot notes it when it has begun
        shown = await until(callers, "jit_store_up", 1.0)
    found, told = shown_with_labels(shown), documented()
    assert told.keys() == found.keys() | ELSEWHERE.keys()
    assert {name: told[name] for name, labels in found.items() if labels} == {
        name: labels for name, labels in found.items() if labels
    }
    silent = {name for name, labels in found.items() if not labels and told[name]}
    assert silent <= {"jit_store_errors_total", "jit_log_lines_total"}


@pytest.fixture
def workplace_by_socket(redis, redis_server, tmp_path):
    """A workplace over Socket Mode."""
    return Workplace(f"unix://{redis_server.socket}", tmp_path / "data")


async def test_a_bot_over_socket_mode_says_whether_it_is_connected(workplace_by_socket):
    """And serves its metrics like any other."""
    async with at_work(workplace_by_socket) as at_socket:
        transport = httpx.ASGITransport(app=at_socket.bot.web())
        async with httpx.AsyncClient(transport=transport, base_url="http://bot", timeout=PATIENCE) as http:
            shown = families((await http.get("/metrics")).text)
    assert [1.0] == [sample.value for sample in shown["jit_slack_connected"].samples]


def rules() -> list[dict[str, Any]]:
    written = re.search(r"```yaml rules\n(.*?)```", DOCS, re.DOTALL)
    assert written
    groups = yaml.safe_load(written[1])["groups"]
    assert ["jit"] == [group["name"] for group in groups]
    return groups[0]["rules"]


async def test_the_rules_name_what_there_is(callers):  # noqa: F811
    """Each has what Prometheus wants of a rule; every metric of an expression is shown, with the labels it names."""
    await whole_story(callers)
    shown = await until(callers, "jit_store_up", 1.0)
    samples: dict[str, set[str]] = {}
    for family in shown.values():
        samples.setdefault(family.name, set())
        for sample in family.samples:
            samples.setdefault(sample.name, set()).update(sample.labels)
    for rule in rules():
        assert (
            {"alert", "expr", "labels", "annotations"}
            <= rule.keys()
            <= {
                "alert",
                "expr",
                "for",
                "labels",
                "annotations",
            }
        )
        named = re.findall(r"jit_\w+", rule["expr"])
        assert named
        assert [] == [name for name in named if name not in samples]
        wanted = set(re.findall(r"(\w+)=", rule["expr"])) | {
            each.strip() for by in re.findall(r"by \(([^)]*)\)", rule["expr"]) for each in by.split(",")
        }
        assert wanted <= set().union(*(samples[name] for name in named))
        assert rule["expr"].count("(") == rule["expr"].count(")")


def test_the_rules_are_ten_at_most_and_each_is_one():
    """Names are unique, and severities the two that somebody acts on."""
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names)) <= 10
    assert {"page", "ticket"} == {rule["labels"]["severity"] for rule in rules()}
