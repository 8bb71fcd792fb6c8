"""Cases beside the policies: who asks for what, and what policy must say. `jit policy test` runs them."""

from app.policy.cases.reading import Case, Cases, read_cases
from app.policy.cases.running import Mismatch, Result, Run, run_cases

__all__ = ["Case", "Cases", "Mismatch", "Result", "Run", "read_cases", "run_cases"]
