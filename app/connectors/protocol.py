"""What every connector can do, and what it is given. docs/connectors.md tells how to write one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from app.connectors.mark import Mark
from app.domain.request import Lease, Request
from app.domain.value import Value


class ConnectorFailed(Exception):  # noqa: N818  an answer of the target, told to people
    """The target refused or did not answer; `str()` says what for the people who wait, without secrets."""


class Unfit(Exception):  # noqa: N818  an answer to whoever asks
    """What policy says for this connector, or the resource, does not fit; `str()` says why and what would."""


class Spec(BaseModel):
    """The base of what connectors are told in files: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Capabilities(NamedTuple):
    """What a kind of target can do by itself."""

    native_expiry: bool
    """The target ends the access at its end though nobody tells it to."""
    ends_sessions: bool
    """Revoking ends sessions that are open."""
    single_use: bool = False
    """The target sees to it that access is used once."""
    lists_all: bool = True
    """`list_active` finds everything that stands; else nothing is ever reported as missing."""
    moves_ends: bool = True
    """What was given can be let end later; else more time is refused, and whoever needs it asks anew."""


class Secret(Value):
    """What the requester needs to use the access. It reaches them once, and is stored nowhere in clear.

    `environment`: values by the names of variables. `files`: content by the names of variables, whose value is
    then the path of a private file with it.
    """

    environment: dict[str, SecretStr] = Field(default_factory=dict)
    files: dict[str, SecretStr] = Field(default_factory=dict)


class Granted(NamedTuple):
    """What the target confirmed."""

    lease: Lease
    secret: Secret | None = None


class Found(NamedTuple):
    """Access that stands at a target and bears our mark: `key` is that of its grant, `place` says where.

    `ends_at` is when the target ends it by itself, where that can be told.
    """

    key: str
    place: str
    ends_at: datetime | None = None


class Connector(Protocol):
    """One target, or several alike. Every call but `plan` may raise ConnectorFailed, and no other exception.

    `key` names a grant: `jit-harbour-r07-4kx9tqz`, at most 40 of a-z, 0-9 and dashes, the same at every try and
    after every restart (see `Mark`). What is created bears it, in a form that `list_active` reads back.

    Calls overlap, repeat and are cancelled when they take longer than 30 s. A process may die in each of them.
    """

    name: str
    """As the settings have it; `Lease.connector` is this."""
    capabilities: ClassVar[Capabilities]

    def plan(self, request: Request) -> Sequence[str]:
        """Say what will be done, a short line each; approvers are shown them. Asks no target. Raises Unfit."""
        ...

    async def grant(self, request: Request, key: str) -> Granted:
        """Create the access or find it there, and see that it works; it ends by itself at `request.ends_at`
        where that can be. A secret may be another one at each try.
        """  # noqa: D205
        ...

    async def extend(self, request: Request, key: str) -> None:
        """Let access that stands end at `request.ends_at`, later than before; the secret stays."""
        ...

    async def revoke(self, request: Request, key: str) -> None:
        """Remove the access and end its sessions; it is no error when nothing is there.

        It is called after a `grant` that failed, was cancelled or died in the middle, too. When it returns the
        access is gone, and what such a `grant` may still do comes to nothing or is found by `list_active`.
        """
        ...

    async def check(self) -> None:
        """See that every target answers and lets us do what we need. Changes nothing."""
        ...

    async def list_active(self) -> Sequence[Found]:
        """List what bears our mark at every target; never what another installation or a person made."""
        ...

    async def remove(self, found: Found) -> None:
        """Remove what `list_active` found, of which no request is known any more; as thorough as `revoke`."""
        ...

    async def close(self) -> None:
        """Let go of connections. Nothing is called after it."""
        ...


@runtime_checkable
class TakesKeys(Protocol):
    """A connector that lets in a key of the requester's own, whose private half never leaves them."""

    async def certify(self, request: Request, key: str, public_key: str) -> Secret:
        """Give for a live grant what lets in a public key, `ssh-ed25519 AAAA…`. Raises ConnectorFailed."""
        ...


@runtime_checkable
class TellsPlace(Protocol):
    """A connector whose settings say where a grant's access is: it is ended there, and nothing else is taken for it.

    What tells none is asked wherever its settings lead by now, and must find what they led to before.
    """

    def place(self, request: Request) -> str:
        """Name what `revoke` reaches for a request: another text when it is another place, and none for less.

        Not a password, a timeout, or what others have. People read it; it holds no secret. It asks no target, and is
        called in a thread. Raises Unfit where the settings name no place, and ConnectorFailed.
        """
        ...


@runtime_checkable
class Publishes(Protocol):
    """A connector of which targets fetch something that is no secret, at `/connectors/NAME/published`."""

    async def published(self) -> bytes | None:
        """Give it to whoever asks; None where there is nothing. Raises nothing."""
        ...


class Kind(Protocol):
    """What an entry point of the group `jit.connectors` gives: a class of connectors, by the name of its kind."""

    Settings: type[Spec]
    """What stands for one in the settings file beside `kind` and `at_once`."""
    Parameters: type[Spec]
    """What an action may say for it in `with`. Values come as text, and lists and mappings of it."""

    def __call__(self, name: str, settings: Any, mark: Mark) -> Connector:
        """Make a connector. Connects to nothing yet."""
        ...


P = TypeVar("P", bound=Spec)


def parameters_of(request: Request, form: type[P]) -> P:
    """Read what the action says in `with`. Raises Unfit, which names each key that is wrong."""
    written: Mapping[str, Any] = request.target.parameters if request.target else {}
    try:
        return form.model_validate(written)
    except ValidationError as error:
        raise Unfit("; ".join(map(problem_line, error.errors()))) from None


def problem_line(problem: Any) -> str:
    """Tell one of pydantic's problems by its key, without the value, which may be secret."""
    where = ".".join(map(str, problem["loc"]))
    said = str(problem["msg"]).removeprefix("Value error, ")
    lowered = said[:1].lower() + said[1:]
    return f"{where}: {lowered}" if where else lowered
