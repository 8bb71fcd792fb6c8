"""The gates that settings name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, cast

from pydantic import ValidationError

from app.connectors.settings import in_file
from app.gates.github import Github
from app.gates.gitlab import Gitlab
from app.gates.protocol import Vendor
from app.gates.settings import GatesError, read_gates
from app.gates.terraform import Terraform

KINDS: Mapping[str, Any] = {"github": Github, "gitlab": Gitlab, "terraform": Terraform}
NO_KEYS = (
    "keeps access tokens until runs are answered, and can encrypt them with nothing: set JIT_SECRET_KEYS"
)


class Gates:
    """Finds a gate by its name."""

    def __init__(self, vendors: Mapping[str, Vendor]) -> None:
        self.all = vendors

    @classmethod
    def open(cls, file: Path | None, *, seals: bool) -> Self:
        """Make those that a file names. `seals`: whether secrets can be kept. Raises GatesError."""
        if file is None:
            return cls({})
        return cls({name: _open(file, name, each, seals) for name, each in read_gates(file).gates.items()})

    def missing(self, name: str, source: str) -> str:
        """Say why a gate of the policies is none that events of a source can wait at; empty where it is one."""
        vendor = self.all.get(name)
        if vendor is None:
            return f"no gate {name} is set up; name it in the file of JIT_GATES"
        if vendor.source != source:
            return f"the gate {name} is one of {vendor.source}, and not of {source}"
        return ""

    async def close(self) -> None:
        """Let go of connections."""
        for each in self.all.values():
            await each.close()


def _open(file: Path, name: str, written: Mapping[str, Any], seals: bool) -> Vendor:
    at = f"gates.{name}."
    kind = KINDS.get(str(written.get("kind", name)))
    if kind is None:
        known = ", ".join(KINDS)
        raise GatesError(f"{file}: {at}kind: is none of {known}; write the one that {name} is")
    if kind is Terraform and not seals:
        raise GatesError(f"{file}: gates.{name}: {NO_KEYS}")
    try:
        settings = kind.Settings.model_validate(
            {key: value for key, value in written.items() if key != "kind"}
        )
    except ValidationError as error:
        raise GatesError(in_file(file, at, error)) from None
    return cast(Vendor, kind(name, settings))
