"""Click to card in a workspace of 50,000 people and 2,000 groups, with 200 approvers of the action.

    python tests/bench/bench_large_company.py

The policies are generated; loading them is told, too. The small company beside it, in the same run, is the demo's.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import yaml
from bench_click import Clicks
from figures import Figure, show, spread
from stage import staged

from app.playground import demo_workspace
from app.playground.model import User
from app.playground.workspace import Workspace
from app.policy import PolicySource
from app.policy.loading import policy_files
from app.shipped import shipped

PEOPLE, GROUPS, APPROVERS, CLICKS = 50_000, 2_000, 200, 30
A_FILE = 5_000
"""People in a file: one may have 1 MiB."""


def policies(folder: Path) -> Path:
    """Write the shipped policies with many more people, each in a team, and many approvers."""
    whole: dict[str, dict[str, object]] = {}
    for _, file in policy_files(shipped("policies")):
        for section, entries in yaml.safe_load(file.read_text()).items():
            whole.setdefault(section, {}).update(entries)
    names = [f"p{n}" for n in range(PEOPLE)]
    whole["groups"]["db-owners"] = ["ben", "chloe", *names[:APPROVERS]]
    folder.mkdir()
    _write(folder / "company.yaml", whole)
    each = PEOPLE // GROUPS
    teams = {f"team-{n}": names[n * each : (n + 1) * each] for n in range(GROUPS)}
    _write(folder / "teams.yaml", {"groups": teams})
    for begin in range(0, PEOPLE, A_FILE):
        some = {
            name: {"name": f"Person {name}", "slack": f"U0{name.upper()}"}
            for name in names[begin : begin + A_FILE]
        }
        _write(folder / f"people-{begin}.yaml", {"people": some})
    return folder


def _write(file: Path, content: object) -> None:
    file.write_text(yaml.safe_dump(content, sort_keys=False))


def workspace() -> Workspace:
    """Make the demo's workspace with as many people."""
    made = demo_workspace()
    for n in range(PEOPLE):
        made.add_user(User(id=f"U0P{n}", name=f"p{n}", real_name=f"Person p{n}"))
    return made


async def clicked(of: Workspace, more: dict[str, str]) -> tuple[float, str]:
    """Milliseconds from a click to the changed card, as a median and its spread."""
    async with staged(of, more=more) as stage, aiohttp.ClientSession() as session:
        clicks = Clicks(stage, session)
        for card in await clicks.cards(5):
            await clicks.approve(card, "@ben")
        times = []
        for card in await clicks.cards(CLICKS):
            await stage.until_quiet()
            times.append((await clicks.approve(card, "@ben"))[0])
        return statistics.median(times), spread(times)


def main() -> bool:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="jit-bench-") as temporary:
        folder = policies(Path(temporary) / "policies")
        began = time.perf_counter()
        source = PolicySource(folder)
        loading = time.perf_counter() - began
        small, small_spread = asyncio.run(clicked(demo_workspace(), {}))
        large, large_spread = asyncio.run(clicked(workspace(), {"JIT_POLICIES": str(folder)}))
    return show(
        f"{len(source.current.people):,} people, {len(source.current.members):,} groups, {APPROVERS} approvers",
        [
            Figure("loading the policies", loading, "s"),
            Figure("small company: p50 click to «Approved»", small, "ms", None, small_spread),
            Figure("large company: p50 click to «Approved»", large, "ms", 150, large_spread),
            Figure("large to small", large / small, "x"),
        ],
    )


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
