"""Reads a Group as SCIM gives it (RFC 7643, section 4.2), alone or beside its Users in a list (RFC 7644, 3.4.2).

A member's `value` is an id in the policy, a Slack user's id, or an address. Where the document has the User with
that id, their `externalId`, `userName` (if it is an address) and `emails` count too, and `manager.value` of the
enterprise extension (RFC 7643, section 4.3) says who leads them. Names that are shown to people never count.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.directory.found import Found, Mention, SourceFailed

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
SLACK_USER = re.compile(r"[UW][A-Z0-9]{2,20}")
Json = Mapping[str, Any]


def read_scim(text: str | bytes) -> Found:
    """Read a document. Raises SourceFailed, which says what is wrong with it."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SourceFailed(f"gives no JSON ({str(error)[:80]})") from None
    group, users = _parts(_object(document, "the document"))
    mentions = {name: _mention_user(name, user) for name, user in users.items()}
    members = []
    for member in _list(group, "members"):
        each = _object(member, "a member")
        if str(each.get("type", "User")).casefold() != "user":
            raise SourceFailed(f"has the group {_text(each, 'value')} as a member; list its people instead")
        members.append(_mention(_text(each, "value"), mentions))
    return Found(members=tuple(members), managers=tuple(_managers(users, mentions)))


def _parts(document: Json) -> tuple[Json, dict[str, Json]]:
    """Find the one Group of a document, and its Users by id."""
    if "Resources" not in document:
        if "members" not in document and GROUP not in _list(document, "schemas"):
            raise SourceFailed("is no Group of RFC 7643: it has no members")
        return document, {}
    resources = [_object(each, "a resource") for each in _list(document, "Resources")]
    total = document.get("totalResults", len(resources))
    if total != len(resources):
        raise SourceFailed(f"is one page of {len(resources)} out of {total}; give all at once")
    groups = [each for each in resources if GROUP in _list(each, "schemas")]
    if len(groups) != 1:
        raise SourceFailed(f"has {len(groups)} Groups; give exactly one")
    users: dict[str, Json] = {}
    for user in resources:
        if USER not in _list(user, "schemas"):
            continue
        if users.setdefault(_text(user, "id"), user) is not user:
            raise SourceFailed(f"has two Users with the id {_text(user, 'id')}")
    return groups[0], users


def _managers(
    users: Mapping[str, Json], mentions: Mapping[str, Mention]
) -> Iterator[tuple[Mention, Mention]]:
    for name, user in users.items():
        manager = _object(_object(user.get(ENTERPRISE) or {}, ENTERPRISE).get("manager") or {}, "manager")
        if manager.get("value"):
            yield mentions[name], _mention(_text(manager, "value"), mentions)


def _mention(value: str, users: Mapping[str, Mention]) -> Mention:
    return users[value] if value in users else _by_value(value)


def _by_value(*values: str) -> Mention:
    return Mention(
        ids=tuple(value for value in values if "@" not in value and not SLACK_USER.fullmatch(value)),
        slack=tuple(value for value in values if SLACK_USER.fullmatch(value)),
        emails=tuple(value for value in values if "@" in value),
    )


def _mention_user(name: str, user: Json) -> Mention:
    values = [name]
    if user.get("externalId"):
        values.append(_text(user, "externalId"))
    if "@" in str(user.get("userName", "")):
        values.append(_text(user, "userName"))
    values += [_text(_object(email, "an address"), "value") for email in _list(user, "emails")]
    return _by_value(*dict.fromkeys(values))


def _object(value: Any, what: str) -> Json:
    if not isinstance(value, dict):
        raise SourceFailed(f"is not as RFC 7643 has it: {what} is no object")
    return value


def _list(holder: Json, key: str) -> list[Any]:
    value = holder.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise SourceFailed(f"is not as RFC 7643 has it: {key} is no list")
    return value


def _text(holder: Json, key: str) -> str:
    value = holder.get(key)
    if not isinstance(value, str) or not value:
        raise SourceFailed(f"is not as RFC 7643 has it: a {key} is no text")
    return value
