"""The keys of `triggers`: an event from outside that opens a request. See docs/triggers.md."""

import re
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, PlainValidator

from app.policy.context_shapes import ATTRIBUTE_NAME
from app.policy.shapes import Duration, Expression, Name, Prose, SomeOf, matching, one_of, text_in

SOURCES = ("hmac", "github", "gitlab", "alertmanager", "pagerduty", "eventbridge", "sns", "terraform")
GATED = ("github", "gitlab", "terraform")
"""Sources whose events may be deployments that wait for an answer."""
SECRET = re.compile(r"JIT_TRIGGER_[A-Z0-9_]{1,100}")
TOPIC = re.compile(r"arn:(aws|aws-cn|aws-us-gov):sns:[a-z]{2}(-[a-z]+)+-\d{1,2}:\d{12}:[A-Za-z0-9_-]{1,256}")
NEEDED: Any = Field(default=None, validate_default=True)


class Words(NamedTuple):
    """Text of a request: fixed, or an expression in CEL over the event that gives it; one of the two is empty."""

    fixed: str = ""
    cel: str = ""


def words(value: object) -> Words:
    """Read text, or `{cel: expression}`."""
    right = "text, or {cel: expression over event}"
    if isinstance(value, dict):
        if set(value) != {"cel"}:
            raise ValueError(f"has other keys than cel; write {right}")
        return Words(cel=text_in(value["cel"], "an expression such as  event.repository.name"))
    found = " ".join(text_in(value, right).split())
    if not 1 <= len(found) <= 500:
        raise ValueError(f"has {len(found)} characters; write 1 to 500")
    return Words(fixed=found)


def secret_name(value: object) -> str:
    """Read the name of the variable that holds a secret; what is none may be a secret, and is not repeated."""
    right = "the name of an environment variable such as JIT_TRIGGER_GITHUB, and never the secret itself"
    found = text_in(value, right)
    if not SECRET.fullmatch(found):
        raise ValueError(f"is no name that begins with JIT_TRIGGER_; write {right}")
    return found


Source = Annotated[str, PlainValidator(one_of(*SOURCES))]
TextOrCel = Annotated[Words, PlainValidator(words)]
SecretName = Annotated[str, PlainValidator(secret_name)]
Topic = Annotated[
    str, PlainValidator(matching(TOPIC, "a topic such as arn:aws:sns:eu-west-1:123456789012:audit"))
]
AttributeName = Annotated[
    str, PlainValidator(matching(ATTRIBUTE_NAME, "the name of an attribute of people, such as github"))
]


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EventWhenSpec(_Spec):
    """A condition in CEL over the event; `message` tells people what it asks for."""

    id: Name = NEEDED
    cel: Expression = NEEDED
    message: Prose = NEEDED


class PersonOfEventSpec(_Spec):
    """The one person whose attribute is what the event says."""

    attribute: AttributeName = NEEDED
    cel: Expression = NEEDED


class AskerSpec(_Spec):
    """Who asks: a machine, the person of whom the event tells, or who is on call. One of the three."""

    machine: Name | None = None
    person: PersonOfEventSpec | None = None
    on_call: Name | None = None


class WantedSpec(_Spec):
    """What is asked for; without `for` it is the action's default."""

    action: Name = NEEDED
    resource: TextOrCel = NEEDED
    lasts: Duration | None = Field(default=None, alias="for")
    reason: TextOrCel = NEEDED
    asker: AskerSpec = Field(default=None, validate_default=True, alias="as")


class TriggerSpec(_Spec):
    """`secret` names the variable by which events are verified; for `sns` it is `topics` instead.

    `once_per`: what makes two events one, where that is not the sender's own id, or the same text. `gate` names,
    as the settings of gates have it, where the event's deployment waits for what is decided.
    """

    source: Source = NEEDED
    secret: SecretName | None = None
    topics: SomeOf[Topic] = ()
    when: SomeOf[EventWhenSpec] = NEEDED
    once_per: Expression | None = None
    gate: Name | None = None
    request: WantedSpec = NEEDED
