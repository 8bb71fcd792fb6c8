"""Golden files: what a view made when someone last looked at it and found it good.

To renew them after a wanted change, then look at the difference before it is committed:

    JIT_GOLDEN=renew python -m pytest tests/audit tests/slack/views
"""

import json
import os
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parent
RENEW = os.environ.get("JIT_GOLDEN") == "renew"


def golden(name: str, made: str) -> None:
    """Check a text against the golden file of a name, relative to tests/."""
    path = TESTS / name
    if RENEW:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == made, f"if this is wanted, renew {name}: see tests/golden.py"


def golden_json(name: str, made: Any) -> None:
    """Check a JSON document likewise."""
    golden(name, json.dumps(made, ensure_ascii=False, indent=2) + "\n")
