"""The keys of `machines` and `api`: which machines may call the API and for what, and what people may do by it."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainValidator

from app.domain.token import OF_MACHINES
from app.policy.context_shapes import Flag
from app.policy.shapes import SUBJECT, Duration, SomeOf, Subject, matching, one_of

MachineScope = Annotated[str, PlainValidator(one_of(*OF_MACHINES))]
NEEDED: Any = Field(default=None, validate_default=True)
API_KEYS = frozenset({"decide"})
ISSUER = re.compile(
    r"github|gitlab|https://[a-z0-9.-]{1,200}(:\d{1,5})?(/[A-Za-z0-9._~-]{1,100}){0,8}"
    r"|http://127\.0\.0\.1(:\d{1,5})?"
)
"""In the clear from this machine alone: nobody else can answer for it."""
SAID = re.compile(r"[^\x00-\x20\x7f]([^\x00-\x1f\x7f]{0,253}[^\x00-\x20\x7f])?")
Issuer = Annotated[
    str, PlainValidator(matching(ISSUER, "github, gitlab, or an address such as https://gitlab.example.com"))
]
Audience = Annotated[
    str, PlainValidator(matching(SUBJECT, "what tokens for this bot say, such as its address"))
]
Number = Annotated[
    str, PlainValidator(matching(re.compile(r"[1-9]\d{0,18}", re.ASCII), "the number, such as 1296269"))
]
Ref = Annotated[
    str,
    PlainValidator(matching(re.compile(r"refs/[^\s\x00-\x1f\x7f]{1,240}"), "a ref such as refs/heads/main")),
]
Claim = Annotated[str, PlainValidator(matching(SAID, "what the token says, up to 255 characters"))]


class WorkloadSpec(BaseModel):
    """A job of CI that stands for the machine. All that is given must be what the job's token says, exactly.

    `event`: what started the job, such as `push`; `lasts`: how long it may call the API with one sign-in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: Issuer = NEEDED
    audience: Audience = NEEDED
    repository_id: Number | None = None
    project_id: Number | None = None
    subject: Subject | None = None
    environment: Claim | None = None
    ref: Ref | None = None
    ref_protected: Flag = False
    workflow_ref: Claim | None = None
    event: Claim | None = None
    lasts: Duration = timedelta(hours=1)


class MachineSpec(BaseModel):
    """A machine that calls the API, and what its tokens may be made for at most."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scopes: SomeOf[MachineScope] = NEEDED
    oidc: WorkloadSpec | None = None
