"""Contract: a Group is read as RFC 7643 has it, and anything that is not one is a failure with its reason."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.directory.found import Found, Mention, SourceFailed
from app.directory.scim import ENTERPRISE, GROUP, USER, read_scim

RFC_GROUP = {  # RFC 7643, section 8.4, with other values
    "schemas": [GROUP],
    "id": "e9e30dba-f08f-4109-8486-d5c6a331660a",
    "displayName": "Platform",
    "members": [
        {"value": "ana", "$ref": "https://example.com/v2/Users/ana", "display": "Ben Okafor"},
        {"value": "U0BEN", "type": "User"},
        {"value": "Chloe@Example.com"},
    ],
}


def user(name, **more):
    return {"schemas": [USER, ENTERPRISE], "id": name, **more}


def listed(*resources, **more):
    return {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "Resources": [*resources],
        **more,
    }


def read(document):
    return read_scim(json.dumps(document))


def test_a_group():
    """Members by id, by Slack id and by address; the names shown do not count."""
    ana, ben = Mention(ids=("ana",)), Mention(slack=("U0BEN",))

    assert Found(members=(ana, ben, Mention(emails=("Chloe@Example.com",)))) == read(RFC_GROUP)


def test_a_group_of_nobody():
    """A Group without members has none, as RFC 7643 leaves the attribute out then."""
    assert Found() == read({"schemas": [GROUP], "id": "1", "displayName": "Empty"})
    assert Found() == read({"members": []})


def test_users_beside_it():
    """Of a member whose User is there all ids and addresses count, and who leads them."""
    uid, lead = "2819c223-7f76-453a-919d-413861904646", "26118915-6090-4610-87e4-49d8ca9f808d"
    document = listed(
        {"schemas": [GROUP], "id": "g", "members": [{"value": uid}]},
        user(uid, externalId="ana", userName="ana@example.com", emails=[{"value": "a.ruiz@example.com"}],
             **{ENTERPRISE: {"manager": {"value": lead, "displayName": "Sam"}}}),
        user(lead, userName="bjensen", externalId="U0SAM"),
        totalResults=3,
    )  # fmt: skip
    ana = Mention(ids=(uid, "ana"), emails=("ana@example.com", "a.ruiz@example.com"))
    sam = Mention(ids=(lead,), slack=("U0SAM",))

    assert Found(members=(ana,), managers=((ana, sam),)) == read(document)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "the document is no object"),
        ({}, "is no Group of RFC 7643: it has no members"),
        ({"members": {}}, "members is no list"),
        ({"members": ["ana"]}, "a member is no object"),
        ({"members": [{"display": "ana"}]}, "a value is no text"),
        ({"members": [{"value": 7}]}, "a value is no text"),
        ({"members": [{"value": ""}]}, "a value is no text"),
        ({"members": [{"value": "g2", "type": "Group"}]}, "has the group g2 as a member"),
        (listed(), "has 0 Groups; give exactly one"),
        (listed(RFC_GROUP, RFC_GROUP), "has 2 Groups; give exactly one"),
        (listed(RFC_GROUP, totalResults=40), "is one page of 1 out of 40"),
        (listed(RFC_GROUP, user("a"), user("a")), "has two Users with the id a"),
        (listed(RFC_GROUP, user("a", emails="a@example.com")), "emails is no list"),
        (listed(RFC_GROUP, user("a", **{ENTERPRISE: []})), ""),
        (listed(RFC_GROUP, user("a", **{ENTERPRISE: {"manager": "sam"}})), "manager is no object"),
        ({"Resources": "all"}, "Resources is no list"),
        (listed({**RFC_GROUP, "schemas": 7}), "schemas is no list"),
    ],
)
def test_what_is_no_group(document, said):
    """Each is told by what is wrong with it; nothing at all in an extension is no mistake."""
    if not said:
        assert read(document).members
        return
    with pytest.raises(SourceFailed, match=said):
        read(document)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, b"\xff\xfe", "NaN"])
def test_what_is_no_json(text):
    """Nothing that cannot be read gets past as a group of nobody."""
    with pytest.raises(SourceFailed):
        read_scim(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from([GROUP, USER, "ana"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["schemas", "Resources", "members", "value", "type", "id", "emails", "manager", ENTERPRISE]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_anything(document):
    """Whatever JSON comes, it is read or refused, and nothing else happens."""
    with contextlib.suppress(SourceFailed):
        assert isinstance(read(document), Found)
