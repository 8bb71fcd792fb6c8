"""Events from outside as values: JSON within limits, and what each source says of an event beside its content."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from pydantic import SecretStr

DEEPEST = 32
MOST_VALUES = 50_000
LARGEST_NUMBER = 2**63 - 1
LATE = timedelta(hours=1)
"""How old an event may be by its own time: what happened yesterday opens nothing today."""
AHEAD = timedelta(minutes=5)
GREETING = "test-token"
"""The access token of the event by which HCP Terraform tries an address, which is no run: see the client that
HashiCorp publishes, github.com/hashicorp/terraform-run-task-scaffolding-go, `IsEndpointValidation`."""
SURROGATE = re.compile("[\ud800-\udfff]")


class Event(NamedTuple):
    """What happened. `key` tells it from other events of its source, `at` is when, where the source says so.

    `hidden` is a secret that the event brought: it is taken out of the content, which conditions and texts see.
    """

    content: Mapping[str, Any]
    key: str
    at: datetime | None = None
    hidden: SecretStr | None = None

    @property
    def is_greeting(self) -> bool:
        """Tell whether it is what HCP Terraform sends to see whether a run task's address answers."""
        return self.hidden is not None and self.hidden.get_secret_value() == GREETING

    def is_late(self, now: datetime) -> bool:
        """Tell whether it happened too long ago, or is yet to happen."""
        return self.at is not None and not now - LATE <= self.at <= now + AHEAD


class NotAnEvent(ValueError):  # noqa: N818  a refusal in the words of this file
    """What was sent is no event of this source; `str()` says why."""


def read_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object (RFC 8259) within limits. Raises NotAnEvent."""
    try:
        found = json.loads(body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_constant)
    except NotAnEvent:
        raise
    except RecursionError:
        raise NotAnEvent(f"is nested deeper than {DEEPEST} levels") from None
    except ValueError:
        raise NotAnEvent("is not JSON in UTF-8") from None
    if not isinstance(found, dict):
        raise NotAnEvent("is not a JSON object")
    _within_limits(found)
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotAnEvent("names a key twice in one object, and which of the two is meant nobody can tell")
    return found


def _no_constant(word: str) -> None:
    raise NotAnEvent(f"holds {word}, which is not JSON")


def _within_limits(found: dict[str, Any]) -> None:
    """Refuse what is deep, has too many values, or holds what no condition can look at."""
    level: list[Any] = [found]
    count = 0
    for _ in range(DEEPEST):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                _plain(*value)
                inner += value.values()
            elif isinstance(value, list):
                inner += value
            else:
                _plain(value)
        count += len(inner)
        if count > MOST_VALUES:
            raise NotAnEvent(f"holds more than {MOST_VALUES} values")
        if not inner:
            return
        level = inner
    raise NotAnEvent(f"is nested deeper than {DEEPEST} levels")


def _plain(*values: object) -> None:
    for value in values:
        if isinstance(value, str) and SURROGATE.search(value):
            raise NotAnEvent("holds half a character")
        if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
            raise NotAnEvent("holds a whole number of more than 64 bits")


# -- by source ---------------------------------------------------------------------------------------------


def event_of(source: str, body: bytes, sent_id: str = "") -> Event:
    """Read the event that a body is. `sent_id` is the id that its signature covers, if any. Raises NotAnEvent."""
    found = read_object(body)
    shape = SHAPES.get(source)
    event = shape(found) if shape else Event(found, "")
    digest = hashlib.sha256(body).hexdigest()
    return event._replace(key=event.key or sent_id or digest)


def _alertmanager(found: dict[str, Any]) -> Event:
    """Take a notification (prometheus.io, «Alerting: configuration», webhook_config: version "4")."""
    if found.get("version") != "4" or not isinstance(found.get("alerts"), list):
        raise NotAnEvent("is no notification of Alertmanager: version is not “4”, or there are no alerts")
    return Event(found, "")


def _gitlab(found: dict[str, Any]) -> Event:
    if not isinstance(found.get("object_kind") or found.get("event_name"), str):
        raise NotAnEvent("is no event of GitLab: it has no object_kind")
    return Event(found, "")


def _pagerduty(found: dict[str, Any]) -> Event:
    """Take a webhook of version 3 (developer.pagerduty.com, «Webhooks: Overview»)."""
    event = found.get("event")
    if not isinstance(event, dict) or not _text(event.get("id")):
        raise NotAnEvent("is no webhook of PagerDuty, version 3: it has no event with an id")
    return Event(found, event["id"], _time(event.get("occurred_at"), "event.occurred_at"))


def _eventbridge(found: dict[str, Any]) -> Event:
    """Take an event (docs.aws.amazon.com, EventBridge, «Event structure»)."""
    if not all(_text(found.get(key)) for key in ("id", "source", "detail-type", "account")):
        raise NotAnEvent("is no event of EventBridge: it lacks id, source, detail-type or account")
    return Event(found, found["id"], _time(found.get("time"), "time"))


def _sns(found: dict[str, Any]) -> Event:
    """Take a notification: its message, read as JSON where it is an object, else as `{message: text}`."""
    if found.get("Type") != "Notification" or not all(
        _text(found.get(key)) for key in ("Message", "MessageId", "TopicArn")
    ):
        raise NotAnEvent("is no notification of SNS: it lacks Type, Message, MessageId or TopicArn")
    message = found["Message"]
    try:
        content = read_object(message.encode()) if message.lstrip().startswith("{") else {"message": message}
    except UnicodeEncodeError:
        raise NotAnEvent("holds half a character") from None
    return Event(content, found["MessageId"], _time(found.get("Timestamp"), "Timestamp"))


def _terraform(found: dict[str, Any]) -> Event:
    """Take the request of a run task (developer.hashicorp.com, «Run tasks integration API»: payload_version 1).

    Its access token answers for the run, and is nobody's to read.
    """
    token = found.get("access_token")
    if found.get("payload_version") != 1 or not _text(token):
        raise NotAnEvent("is no run task of Terraform: payload_version is not 1, or there is no access_token")
    content = {name: value for name, value in found.items() if name != "access_token"}
    if token != GREETING and not _text(found.get("task_result_id")):
        raise NotAnEvent("is no run task of Terraform: it has no task_result_id")
    return Event(content, str(found.get("task_result_id") or GREETING), hidden=SecretStr(str(token)))


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _time(value: object, what: str) -> datetime:
    """Read a time with a zone (RFC 3339)."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise NotAnEvent(f"has no time in {what}, so nobody can tell whether it is late")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise NotAnEvent(f"has no time in {what}, so nobody can tell whether it is late") from None


SHAPES: Mapping[str, Callable[[dict[str, Any]], Event]] = {
    "alertmanager": _alertmanager,
    "gitlab": _gitlab,
    "pagerduty": _pagerduty,
    "eventbridge": _eventbridge,
    "sns": _sns,
    "terraform": _terraform,
}
"""The sources whose events are known by their shape; what others send is the sender's business."""
