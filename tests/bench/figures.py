"""What the benchmarks of the whole product share: figures beside their targets, and percentiles."""

import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Figure(NamedTuple):
    """One measured value; with a target it must be at most that, or at least. `spread` says how it varied."""

    what: str
    value: float
    unit: str
    target: float | None = None
    spread: str = ""
    at_least: bool = False

    @property
    def verdict(self) -> str:
        if self.target is None:
            return ""
        is_met = self.value >= self.target if self.at_least else self.value <= self.target
        return "met" if is_met else "MISSED"


def show(title: str, figures: Iterable[Figure]) -> bool:
    """Print a table; tells whether every target was met."""
    shown = list(figures)
    width = max(len(figure.what) for figure in shown)
    print(f"\n{title}")
    print(f"{'':<{width}} {'value':>9} {'':<4} {'at most':>8}  {'':<6}  spread")
    for figure in shown:
        target = "" if figure.target is None else f"{'≥ ' if figure.at_least else ''}{figure.target:g}"
        print(
            f"{figure.what:<{width}} {figure.value:>9.2f} {figure.unit:<4} {target:>8}  "
            f"{figure.verdict:<6}  {figure.spread}".rstrip()
        )
    return all(figure.verdict != "MISSED" for figure in shown)


def percentile(values: Sequence[float], percent: int) -> float:
    """Give the value that `percent` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def spread(values: Sequence[float]) -> str:
    """Say how values vary."""
    parts = (
        f"min {min(values):.2f}",
        f"p50 {statistics.median(values):.2f}",
        f"p90 {percentile(values, 90):.2f}",
        f"p99 {percentile(values, 99):.2f}",
        f"max {max(values):.2f}",
    )
    return f"{', '.join(parts)}; n {len(values)}"
