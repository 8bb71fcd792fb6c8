"""What the settings say of a Kubernetes cluster, and what an action says in `with`."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from app.connectors.protocol import Spec
from app.connectors.settings import SecretRef

Namespace = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
RoleName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9]([-A-Za-z0-9.:_]*[A-Za-z0-9])?$", max_length=253)
]
User = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x20\x7f]+$", max_length=253)]
"""As the cluster's authentication names the person: for OIDC the claim with its prefix."""
Address = Annotated[
    str,
    StringConstraints(
        pattern=r"^https://[A-Za-z0-9.\[\]:-]+(/[A-Za-z0-9._/-]*)?$|^http://127\.0\.0\.1:[0-9]+$"
    ),
]
"""Without TLS only on the loopback interface, where `kubectl proxy` and tests listen."""


class Settings(Spec):
    """How the API server is reached, the namespace behind each resource, and the user that each person is there.

    Without `server` the bot is in the cluster, and is who its own service account is. A kubeconfig is not read: it
    may name programs to run.
    """

    server: Address | None = None
    token: SecretRef | None = None
    ca: Path | None = None
    namespaces: dict[str, Namespace] = Field(default_factory=dict)
    cluster_wide: list[str] = Field(default_factory=list)
    """Resources that are the whole cluster: a ClusterRoleBinding is made for them."""
    people: dict[str, User] = Field(min_length=1)
    """By the key of policy's `people`; who is not here gets nothing, whatever their name or address."""

    @field_validator("people")
    @classmethod
    def _are_people(cls, people: dict[str, str]) -> dict[str, str]:
        if reserved := sorted(person for person, user in people.items() if user.startswith("system:")):
            raise ValueError(f"{', '.join(reserved)}: names that begin with system: are the cluster's own")
        if len(set(people.values())) < len(people):
            raise ValueError("two people are one user there; each needs their own")
        return people

    @model_validator(mode="after")
    def _fits(self) -> "Settings":
        if bool(self.server) != bool(self.token):
            raise ValueError("server and token go together; leave out both where the bot is in the cluster")
        if not self.namespaces and not self.cluster_wide:
            raise ValueError("namespaces: name the namespace of each resource, or resources in cluster_wide")
        if both := sorted(set(self.namespaces) & set(self.cluster_wide)):
            raise ValueError(f"{', '.join(both)}: is in namespaces and in cluster_wide; it can be one")
        return self

    @property
    def places(self) -> list[str | None]:
        """Where bindings may stand, each once: namespaces, and None for the cluster as a whole."""
        whole: list[str | None] = [None] if self.cluster_wide else []
        return [*sorted(set(self.namespaces.values())), *whole]


class Parameters(Spec):
    """The role that is bound; `kind` is what it is in the cluster."""

    role: RoleName
    kind: Literal["Role", "ClusterRole"] = "ClusterRole"
