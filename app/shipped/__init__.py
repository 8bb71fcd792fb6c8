"""Files that ship beside the code: in a checkout they lie at its top, in an installed package in here."""

from pathlib import Path


def shipped(name: str) -> Path:
    """Find a shipped file or folder: `policies` or `manifest.yml`. Raises FileNotFoundError."""
    here = Path(__file__).parent
    for folder in (here, here.parents[1]):
        if (folder / name).exists():
            return folder / name
    raise FileNotFoundError(f"{name} is missing from this installation: install jit-approval again")
