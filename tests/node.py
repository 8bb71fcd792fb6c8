"""Programs that tests run by Node: their packages, from the npm registry."""

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import required


def node_modules_of(config: pytest.Config, name: str, package: Path) -> Path:
    """Install what a package.json wants, once into the test run's cache; gives the folder `node_modules`."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            required(program)
    folder = config.cache.mkdir(name)
    wanted = package.read_text()
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = folder / "installed.json"
        if not stamp.exists() or stamp.read_text() != wanted:
            (folder / "package.json").write_text(wanted)
            install = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
            done = subprocess.run(install, cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode:
                required(f"what {name} needs (npm said: {done.stderr.strip()[:500]})")
            stamp.write_text(wanted)
    return folder / "node_modules"
