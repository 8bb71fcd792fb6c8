"""What the settings say of an instance of IAM Identity Center, and what an action says in `with`."""

from typing import Annotated

from pydantic import Field, StringConstraints, field_validator, model_validator

from app.connectors.aws.reach import PARTITION, Account, Reach
from app.connectors.protocol import Spec
from app.connectors.settings import Name

INSTANCE = r"(?:sso)?ins-[A-Za-z0-9.-]{16}"
InstanceArn = Annotated[str, StringConstraints(pattern=rf"^arn:{PARTITION}:sso:::instance/{INSTANCE}$")]
SetArn = Annotated[
    str,
    StringConstraints(pattern=rf"^arn:{PARTITION}:sso:::permissionSet/{INSTANCE}/ps-[A-Za-z0-9./-]{{16}}$"),
]
UserId = Annotated[
    str,
    StringConstraints(
        pattern=r"^(?:[0-9a-f]{10}-)?[A-Fa-f0-9]{8}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{12}$"
    ),
]
"""As the identity store has it; a name or an address may become another person's."""


class Settings(Reach):
    """The instance, the account behind each resource, the permission sets, and the user that each person is there."""

    instance: InstanceArn
    accounts: dict[str, Account] = Field(min_length=1)
    permission_sets: dict[Name, SetArn] = Field(min_length=1)
    people: dict[str, UserId] = Field(min_length=1)
    """By the key of policy's `people`; who is not here gets nothing, whatever their name or address."""

    @field_validator("people")
    @classmethod
    def _are_people(cls, people: dict[str, str]) -> dict[str, str]:
        if len({user.lower() for user in people.values()}) < len(people):
            raise ValueError("two people are one user there; each needs their own")
        return people

    @model_validator(mode="after")
    def _of_the_instance(self) -> "Settings":
        own = self.instance.rpartition("/")[2]
        if foreign := sorted(name for name, arn in self.permission_sets.items() if arn.split("/")[1] != own):
            raise ValueError(f"permission_sets: {', '.join(foreign)}: is of another instance than {own}")
        if len(set(self.permission_sets.values())) < len(self.permission_sets):
            raise ValueError("permission_sets: two names are one permission set; it can have one")
        return self


class Parameters(Spec):
    """The permission set, by its name in the settings."""

    permission_set: Name
