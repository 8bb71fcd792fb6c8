"""Credentials for a command: in its environment, and in files that only its user reads, for as long as it runs."""

import re
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
LEFT_ALONE = re.compile(
    r"PATH|HOME|SHELL|IFS|ENV|BASH_.*|LD_.*|DYLD_.*|PYTHON.*|NODE_.*|PERL.*|RUBY.*|JIT_.*"
)
"""Variables by which whoever answers could make the command another one."""


class Credentials:
    """A context that gives the variables; the files are gone after it."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._values: dict[str, str] = _only_ours(told.get("environment") or {})
        self._files: dict[str, str] = _only_ours(told.get("files") or {})
        self._folder: Path | None = None

    def __enter__(self) -> dict[str, str]:
        variables = dict(self._values)
        if self._files:
            self._folder = Path(tempfile.mkdtemp(prefix="jit-run-"))  # 0700
            for name, content in self._files.items():
                file = self._folder / name.lower()
                file.touch(mode=0o600)
                file.write_text(content)
                variables[name] = str(file)
        return variables

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)


def _only_ours(told: dict[str, Any]) -> dict[str, str]:
    return {
        name: str(value)
        for name, value in told.items()
        if VARIABLE.fullmatch(name) and not LEFT_ALONE.fullmatch(name)
    }
