"""At which target an action gives access, and with what: named by policy, frozen when it is asked."""

from typing import Any

from pydantic import Field

from app.domain.value import Value


class Target(Value):
    """`connector` is a name in the settings of connectors; `parameters` are the action's own, as written.

    A parameter is text, a list of parameters, or a mapping of them: what it is otherwise the connector knows.
    Nothing secret stands here.
    """

    connector: str
    parameters: dict[str, Any] = Field(default_factory=dict)
