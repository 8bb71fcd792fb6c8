"""The keys of `machines` and `api`: which machines may call the API and for what, and what people may do by it."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainValidator

from app.domain.token import OF_MACHINES
from app.policy.shapes import SomeOf, one_of

MachineScope = Annotated[str, PlainValidator(one_of(*OF_MACHINES))]
NEEDED: Any = Field(default=None, validate_default=True)
API_KEYS = frozenset({"decide"})


class MachineSpec(BaseModel):
    """A machine that calls the API, and what its tokens may be made for at most."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scopes: SomeOf[MachineScope] = NEEDED
