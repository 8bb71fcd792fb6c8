"""The settings of connectors: a file that JIT_CONNECTORS names, with references to secrets and none in clear."""

import os
import stat
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, Field, SecretStr, StringConstraints, ValidationError, model_validator

from app.connectors.mark import INSTALLATION
from app.connectors.protocol import Spec, problem_line
from app.policy.shapes import NAME

AT_ONCE = 16
Name = Annotated[str, StringConstraints(pattern=f"^{NAME.pattern}$")]


class ConnectorsError(Exception):
    """The settings of connectors cannot be used; `str()` says which, where and what would be right, a line each."""


class SecretRef(Spec):
    """Where a secret stands: `{env: NAME}`, or `{file: PATH}`, which others than its owner must not read."""

    env: str = ""
    file: Path | None = None

    @model_validator(mode="after")
    def _one(self) -> "SecretRef":
        if bool(self.env) == bool(self.file):
            raise ValueError("write either {env: NAME} or {file: PATH}")
        return self

    def read(self) -> SecretStr:
        """Read the secret, anew each time, so that a new one is taken. Raises ConnectorsError, without it."""
        if self.file is None:
            found = os.environ.get(self.env, "")
            where = f"the environment variable {self.env}"
        else:
            where = str(self.file)
            try:
                if self.file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                    raise ConnectorsError(
                        f"{where} can be read by others; let its owner alone read it (0600)"
                    )
                found = self.file.read_text().strip()
            except OSError as error:
                raise ConnectorsError(f"{where} cannot be read: {error.strerror}") from None
        if not found:
            raise ConnectorsError(f"{where} is empty or not set; it should hold a secret")
        return SecretStr(found)


def _as_it_was(told: str) -> str:
    """Read a place as it was told, in Slack too, which puts spaces of no width into texts."""
    place = " ".join(told.replace("\u200b", "").split())
    if not place:
        raise ValueError("is empty; write a place as it was told")
    return place


class ConnectorSpec(Spec):
    """One connector: `kind` is its name where it is left out; `at_once`: how many calls it gets at a time.

    `formerly`: places of grants that were given before, which are to be looked after where the settings lead now.
    """

    kind: Name = ""
    at_once: int = Field(AT_ONCE, ge=1, le=100)
    formerly: list[Annotated[str, AfterValidator(_as_it_was)]] = Field(default_factory=list, max_length=1000)
    settings: dict[str, Any] = Field(default_factory=dict)


class ConnectorsSpec(Spec):
    """The whole file."""

    installation: Annotated[str, StringConstraints(pattern=f"^{INSTALLATION.pattern}$")]
    connectors: dict[Name, dict[str, Any]] = Field(min_length=1)

    def each(self) -> dict[str, ConnectorSpec]:
        """Give each connector by its name. Raises ValidationError."""
        own = ConnectorSpec.model_fields.keys() - {"settings"}
        return {
            name: ConnectorSpec(
                **{key: value for key, value in written.items() if key in own}
                | {"kind": written.get("kind", name)},
                settings={key: value for key, value in written.items() if key not in own},
            )
            for name, written in self.connectors.items()
        }


def read_connectors(file: Path) -> ConnectorsSpec:
    """Read the file. Raises ConnectorsError."""
    written = read_yaml(file)
    try:
        spec = ConnectorsSpec.model_validate(written)
        spec.each()
    except ValidationError as error:
        raise ConnectorsError(in_file(file, "", error)) from None
    return spec


def read_yaml(file: Path) -> Any:
    """Read a file of settings. Raises ConnectorsError."""
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConnectorsError(f"{file}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise ConnectorsError(f"{file}: is no YAML: {' '.join(str(error).split())[:300]}") from None


def in_file(file: Path, at: str, error: ValidationError) -> str:
    """Tell every problem of a part of a file, a line each."""
    return "\n".join(f"{file}: {at}{problem_line(problem)}" for problem in error.errors())
