"""What the settings say of roles in AWS, and what an action says in `with`."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from app.connectors.aws.reach import PARTITION, Account, Reach, Region
from app.connectors.protocol import Spec

Role = Annotated[
    str,
    StringConstraints(pattern=r"^(?:[A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]{1,64}$", max_length=512),
]
"""A role's name, with its path before it if it has one."""
RoleArn = Annotated[
    str,
    StringConstraints(pattern=rf"^arn:{PARTITION}:iam::[0-9]{{12}}:role/[A-Za-z0-9_+=,.@/-]+$"),
]
PolicyArn = Annotated[
    str,
    StringConstraints(pattern=rf"^arn:{PARTITION}:iam::(?:[0-9]{{12}}|aws):policy/[A-Za-z0-9_+=,.@/-]+$"),
]
ActionName = Annotated[str, StringConstraints(pattern=r"^\*$|^[a-z0-9-]+:[A-Za-z0-9*?]+$", max_length=128)]
ResourceName = Annotated[
    str, StringConstraints(pattern=rf"^\*$|^arn:{PARTITION}:[\x21\x23-\x7e]+$", max_length=400)
]
SHORTEST, LONGEST = 900, 43200
"""Seconds that a session of AWS may last: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""


class Place(Spec):
    """The account behind a resource, and the roles that the bot may give there.

    `admin`: the role by which the bot ends sessions early, where the account is not the bot's own.
    """

    account: Account
    roles: list[Role] = Field(min_length=1, max_length=50)
    region: Region | None = None
    admin: RoleArn | None = None

    @model_validator(mode="after")
    def _same_account(self) -> "Place":
        if self.admin and self.admin.split(":")[4] != self.account:
            raise ValueError(f"admin: is of another account; it must be a role of {self.account}")
        return self


class Settings(Reach):
    """`longest`: seconds that a session may last; more than an hour needs roles that allow it, and a bot that is no
    role itself.
    """  # noqa: D205

    accounts: dict[str, Place] = Field(min_length=1)
    longest: int = Field(3600, ge=SHORTEST, le=LONGEST)
    partition: Literal["aws", "aws-cn", "aws-us-gov"] = "aws"

    @field_validator("accounts")
    @classmethod
    def _one_admin(cls, accounts: dict[str, Place]) -> dict[str, Place]:
        admins: dict[str, str | None] = {}
        for name, place in accounts.items():
            if admins.setdefault(place.account, place.admin) != place.admin:
                raise ValueError(
                    f"{name}: the account {place.account} has another admin above; it can be one"
                )
        return accounts

    def arn(self, place: Place, role: str) -> str:
        return f"arn:{self.partition}:iam::{place.account}:role/{role}"


class Allowed(Spec):
    """What a session may do, out of what its role may."""

    actions: list[ActionName] = Field(min_length=1, max_length=50)
    resources: list[ResourceName] = Field(min_length=1, max_length=50)


class Parameters(Spec):
    """The role, and what of its permissions is given: all of them where nothing is said.

    `managed`: managed policies, by ARN, that narrow the session. `assume`: whether it may take other roles, in sessions
    of which the bot knows nothing.
    """

    role: Role
    allow: list[Allowed] = Field(default_factory=list, max_length=20)
    managed: list[PolicyArn] = Field(default_factory=list, max_length=10)
    assume: bool = False
