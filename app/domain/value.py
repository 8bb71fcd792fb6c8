"""The base of every value of the domain."""

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A frozen value: equal by content, unknown keys refused, JSON both ways."""

    model_config = ConfigDict(frozen=True, extra="forbid")
