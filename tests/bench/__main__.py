"""Runs every benchmark, one after the other: `python -m tests.bench`. Exit 1 when a target is missed."""

import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Run them all; each prints its table."""
    missed = []
    for script in sorted(Path(__file__).parent.glob("bench_*.py")):
        print(f"\n== {script.name}", flush=True)
        if subprocess.run([sys.executable, script], check=False).returncode:
            missed.append(script.name)
    print(f"\nMissed or failed: {', '.join(missed)}" if missed else "\nEvery target is met.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
