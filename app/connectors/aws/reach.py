"""How AWS is reached, as whom, and the shapes of its names: the same for both connectors."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from app.connectors.addresses import is_loopback
from app.connectors.protocol import Spec
from app.connectors.settings import SecretRef

Service = Literal["iam", "sso-admin", "sts"]
Account = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
"""In quotes where YAML would read a number, which may lose zeros in front."""
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]
KeyId = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{16,128}$")]
PARTITION = "aws(?:-cn|-us-gov)?"
RIGHT = "write https://HOST, or http://127.0.0.1:PORT"


def _address(url: str) -> str:
    """Take TLS, or the loopback interface: signed calls name roles and people, and answers carry credentials."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(RIGHT) from None
    has_more = parts.query or parts.fragment or "@" in parts.netloc or parts.path not in {"", "/"}
    if (
        has_more
        or not host
        or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))
    ):
        raise ValueError(RIGHT)
    return url.rstrip("/")


class Reach(Spec):
    """As whom the bot calls AWS, and where.

    Without a key it is who its machine is: by `AWS_…` variables, a web identity, a container's or an instance's role.
    Files of profiles are not read, since they may name programs to run. `endpoints`: other addresses than AWS's own,
    by service.
    """

    region: Region
    access_key_id: KeyId | None = None
    secret_access_key: SecretRef | None = None
    endpoints: dict[Service, Annotated[str, AfterValidator(_address)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _pair(self) -> "Reach":
        if bool(self.access_key_id) != bool(self.secret_access_key):
            raise ValueError(
                "access_key_id and secret_access_key go together; leave out both where the machine has a role"
            )
        return self
