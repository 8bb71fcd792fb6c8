"""What the settings say of a Docker engine, and what actions say in `with`."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from app.connectors.addresses import is_loopback
from app.connectors.protocol import Spec

Container = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_.-]+$", max_length=200)]
Image = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-zA-Z0-9._/:@-]*$", min_length=1, max_length=300)
]
Word = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\x00]+$")]
RIGHT = "write unix:///run/docker.sock, https://HOST:2376, or http://127.0.0.1:2375"


def _engine(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(RIGHT) from None
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(RIGHT)
    match parts.scheme:
        case "unix" if not parts.netloc and parts.path.startswith("/"):
            return url
        case "https" if host and parts.path in {"", "/"}:
            return url.rstrip("/")
        case "http" if parts.path in {"", "/"} and is_loopback(host):
            return url.rstrip("/")
        case _:
            raise ValueError(RIGHT)


class RestartSettings(Spec):
    """`engine`: where it listens. `containers`: the name of the container behind each resource.

    `ca`, `certificate` and `key` are files of PEM, for an engine behind TLS; both of the latter or none.
    """

    engine: Annotated[str, AfterValidator(_engine)] = "unix:///run/docker.sock"
    containers: dict[str, Container] = Field(min_length=1)
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    @model_validator(mode="after")
    def _pair(self) -> "RestartSettings":
        if bool(self.certificate) != bool(self.key):
            raise ValueError("certificate and key go together; write both, or none")
        return self


class DebugSettings(RestartSettings):
    """`image`: what debug containers are made from; it is never pulled. `hold`: what keeps one running.

    `memory`: bytes it may take. `for_people`: DOCKER_HOST as requesters reach the engine.
    """

    image: Image
    hold: list[Word] = Field(default_factory=lambda: ["tail", "-f", "/dev/null"], min_length=1, max_length=20)
    memory: int = Field(512 * 1024 * 1024, ge=6 * 1024 * 1024)
    for_people: str = ""


class RestartParameters(Spec):
    """A restart takes none."""


class DebugParameters(Spec):
    """`run`: what is executed in it first, whose output the requester gets once; `add`: capabilities beside none."""

    run: list[Word] = Field(default_factory=list, max_length=50)
    add: list[Literal["SYS_PTRACE", "NET_RAW"]] = Field(default_factory=list)
