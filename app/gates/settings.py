"""The settings of gates: a file that JIT_GATES names, which pins where each is; secrets stand there by reference."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, ValidationError

from app.connectors.protocol import Spec
from app.connectors.settings import ConnectorsError, Name, SecretRef, in_file, read_yaml
from app.connectors.webhook.settings import service_address


class GatesError(ConnectorsError):
    """The settings of gates cannot be used; `str()` says which, where and what would be right, a line each."""


def _api(url: str) -> str:
    address = service_address(url).rstrip("/")
    if urlsplit(address).query or address != address.lower():
        raise ValueError("write it in lower case and without a query, such as https://api.github.com")
    return address


class GateSettings(Spec):
    """What all have: where the vendor's API is, exactly. `networks` and `ca` as for a webhook."""

    api: Annotated[str, AfterValidator(_api)]
    networks: list[IPv4Network | IPv6Network] = Field(default_factory=list, max_length=50)
    ca: Path | None = None
    timeout: float = Field(10.0, gt=0, le=25)

    @property
    def host(self) -> str:
        return urlsplit(self.api).hostname or ""

    @property
    def is_plain(self) -> bool:
        return urlsplit(self.api).scheme == "http"


class GithubSettings(GateSettings):
    """`app`: the client id, or the number, of the GitHub App; `key`: its private key in PEM form."""

    api: Annotated[str, AfterValidator(_api)] = "https://api.github.com"
    app: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,100}$")]
    key: SecretRef


class GitlabSettings(GateSettings):
    """`token`: of the user who approves. `represented_as`: the approval rule that this user answers for."""

    api: Annotated[str, AfterValidator(_api)] = "https://gitlab.com/api/v4"
    token: SecretRef
    represented_as: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{0,255}$")] = ""


class TerraformSettings(GateSettings):
    """Nothing else: the event brings what answers for it."""

    api: Annotated[str, AfterValidator(_api)] = "https://app.terraform.io/api/v2"


class GatesSpec(Spec):
    """The whole file."""

    gates: dict[Name, dict[str, Any]] = Field(min_length=1)


def read_gates(file: Path) -> GatesSpec:
    """Read the file. Raises GatesError."""
    try:
        return GatesSpec.model_validate(read_yaml(file))
    except ValidationError as error:
        raise GatesError(in_file(file, "", error)) from None
    except GatesError:
        raise
    except ConnectorsError as error:
        raise GatesError(str(error)) from None
