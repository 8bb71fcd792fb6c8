"""What a session of AWS is called, and what its policy says.

Contract: whatever people and keys are called, the name is AWS's to take and one grant's alone; whatever an action
allows, everything is denied from the grant's end on; no text of a person gets into a policy.
"""

import json
import re
import string
from datetime import UTC, datetime
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.connectors.aws.role_settings import Parameters
from app.connectors.aws.session import ending_policy, identity_of, session_policy
from app.connectors.mark import Mark
from app.connectors.protocol import Unfit
from app.domain.ids import new_request_id

AWS_TAKES = re.compile(r"[A-Za-z0-9_+=,.@-]{2,64}")
ENDS = datetime(2026, 11, 25, 4, 15, 0, 999999, UTC)
NOTHING_AFTER = {
    "Effect": "Deny",
    "Action": "*",
    "Resource": "*",
    "Condition": {"DateGreaterThanEquals": {"aws:CurrentTime": "2026-11-25T04:15:00Z"}},
}
NO_OTHER_ROLE = {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"}


@given(person=st.text(max_size=300), installation=st.from_regex(r"[a-z][a-z0-9]{1,15}", fullmatch=True))
def test_a_name_is_one_that_aws_takes(person, installation):
    """It holds the whole key, which no person can lengthen, shorten or turn into a pattern."""
    key = Mark(installation).key(new_request_id("ana"))
    named = identity_of(key, person)
    assert AWS_TAKES.fullmatch(named)
    assert key == named.partition("=")[0]


@given(person=st.text(alphabet=string.printable, max_size=80))
def test_an_early_end_is_for_one_grant(person):
    """Its pattern fits every session of its grant, whoever is in it, and none of another."""
    mark = Mark("harbour")
    one, other = mark.key(new_request_id("ana")), mark.key(new_request_id("ana"))
    (denied,) = json.loads(ending_policy(one))["Statement"]
    pattern = denied["Condition"]["StringLike"]["aws:SourceIdentity"]
    assert fnmatchcase(identity_of(one, person), pattern)
    assert not fnmatchcase(identity_of(other, person + one), pattern)


def test_what_is_given_and_until_when():
    """All of a role, what is allowed alone, or what managed policies allow; and nothing from the end on."""
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    logs = {"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::orders-logs/*"]}
    allowed = {"Effect": "Allow", "Action": logs["actions"], "Resource": logs["resources"]}
    managed = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
    table = [
        ({}, [everything, NO_OTHER_ROLE, NOTHING_AFTER]),
        ({"allow": [logs]}, [allowed, NO_OTHER_ROLE, NOTHING_AFTER]),
        ({"managed": managed}, [NO_OTHER_ROLE, NOTHING_AFTER]),
        ({"allow": [logs], "managed": managed}, [allowed, NO_OTHER_ROLE, NOTHING_AFTER]),
        ({"assume": "true"}, [everything, NOTHING_AFTER]),
    ]
    for said, expected in table:
        wanted = Parameters.model_validate({"role": "orders"} | said)
        assert expected == json.loads(session_policy(wanted, ENDS))["Statement"]


def test_a_policy_that_is_too_long():
    """AWS takes 2,048 signs: more is told before anybody is asked."""
    arns = [f"arn:aws:s3:::orders-{number:03}-{'x' * 40}/*" for number in range(40)]
    wanted = Parameters.model_validate({"role": "o", "allow": [{"actions": ["s3:*"], "resources": arns}]})
    with pytest.raises(Unfit, match=r"session policy of [0-9]+ signs, and AWS takes 2048"):
        session_policy(wanted, ENDS)
