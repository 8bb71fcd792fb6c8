"""What a changed policy would have said of the requests that were made."""

from app.policy.simulate.had_before import had_before
from app.policy.simulate.lines import simulation_lines
from app.policy.simulate.replaying import (
    Difference,
    Judged,
    Replayed,
    Simulation,
    asked_again,
    horizon,
    simulate,
    unknowns,
)

__all__ = [
    "Difference",
    "Judged",
    "Replayed",
    "Simulation",
    "asked_again",
    "had_before",
    "horizon",
    "simulate",
    "simulation_lines",
    "unknowns",
]
