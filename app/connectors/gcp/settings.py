"""What the settings say of Google Cloud, and what an action says in `with`."""

from typing import Annotated

from pydantic import Field, StringConstraints, field_validator, model_validator

from app.connectors.protocol import Spec
from app.connectors.settings import SecretRef

EMAIL = r"[a-z0-9][a-z0-9._%+-]*@[a-z0-9][a-z0-9.-]*\.[a-z]{2,63}"
POOL = r"principal://iam\.googleapis\.com/locations/global/workforcePools/[a-z][a-z0-9-]*/subject"
Place = Annotated[
    str,
    StringConstraints(
        pattern=r"^(projects/([a-z][a-z0-9-]{4,28}[a-z0-9]|[0-9]{1,20})|(folders|organizations)/[0-9]{1,20})$"
    ),
]
Member = Annotated[
    str,
    StringConstraints(
        pattern=rf"^((user|serviceAccount):{EMAIL}|{POOL}/[A-Za-z0-9@._=+/-]{{1,127}})$", max_length=300
    ),
]
"""One person or service account, as policies write it: https://cloud.google.com/iam/docs/principal-identifiers.

Groups, domains, sets and everybody are left out: a grant is one's own. Addresses are in small letters, as Google
keeps them.
"""
Role = Annotated[
    str,
    StringConstraints(
        pattern=r"^(roles|projects/[a-z][a-z0-9-]{4,28}[a-z0-9]/roles|organizations/[0-9]{1,20}/roles)/[A-Za-z0-9_.]{1,128}$"
    ),
]
Loopback = Annotated[str, StringConstraints(pattern=r"^http://127\.0\.0\.1:[0-9]{1,5}$")]
Provider = Annotated[
    str,
    StringConstraints(
        pattern=r"^//iam\.googleapis\.com/projects/[0-9]{1,20}/locations/global"
        r"/workloadIdentityPools/[a-z0-9-]{1,64}/providers/[a-z0-9-]{1,64}$"
    ),
]
LEGACY = frozenset({"roles/owner", "roles/editor", "roles/viewer"})
"""They take no condition: https://cloud.google.com/iam/docs/conditions-overview."""
WRITES_POLICIES = frozenset(
    {
        "roles/admin",
        "roles/iam.securityAdmin",
        "roles/resourcemanager.folderAdmin",
        "roles/resourcemanager.folderIamAdmin",
        "roles/resourcemanager.organizationAdmin",
        "roles/resourcemanager.projectIamAdmin",
    }
)


class Federation(Spec):
    """Who the bot is by a token of its own issuer; `service_account`: whom it then acts as, where it is one."""

    audience: Provider
    token: SecretRef
    service_account: Annotated[str, StringConstraints(pattern=f"^{EMAIL}$")] = ""


class Settings(Spec):
    """Who the bot is at Google, what is behind each resource, and who each person is there.

    Without `key` and `federation` it is who the metadata server says. Google's own file of credentials is not read
    but for a service account's key: it may name programs to run and addresses to send tokens to.
    """

    key: SecretRef | None = None
    """The JSON of a service account's key."""
    federation: Federation | None = None
    resources: dict[str, Place] = Field(min_length=1)
    people: dict[str, Member] = Field(min_length=1)
    """By the key of policy's `people`; who is not here gets nothing, whatever their name or address."""
    api: Loopback | None = None
    """A server of this machine that is asked instead of all of Google's, in tests."""

    @field_validator("people")
    @classmethod
    def _are_people(cls, people: dict[str, str]) -> dict[str, str]:
        if len(set(people.values())) < len(people):
            raise ValueError("two people are one principal there; each needs their own")
        return people

    @model_validator(mode="after")
    def _is_one(self) -> "Settings":
        if self.key and self.federation:
            raise ValueError(
                "key and federation are two ways to be somebody; write one, or none on Google Cloud"
            )
        return self

    @property
    def places(self) -> list[str]:
        """What grants may be on, each once."""
        return sorted(set(self.resources.values()))


class Parameters(Spec):
    """The roles that are given, each by a binding of its own."""

    roles: list[Role] = Field(min_length=1, max_length=5)

    @field_validator("roles")
    @classmethod
    def _can_end(cls, roles: list[str]) -> list[str]:
        if basic := sorted(LEGACY.intersection(roles)):
            raise ValueError(
                f"{', '.join(basic)}: Google lets basic roles have no condition, so nothing would end them; "
                "name a predefined or custom role"
            )
        if lasting := sorted(WRITES_POLICIES.intersection(roles)):
            raise ValueError(
                f"{', '.join(lasting)}: lets its holder write the policy itself, so access could outlast the grant"
            )
        if len(set(roles)) < len(roles):
            raise ValueError("a role stands there twice")
        return roles
