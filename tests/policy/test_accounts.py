"""Contract: policy names a person's account at the sign-in provider by its subject; nothing else makes one."""

from tests.policy.sets import COMMON, policy_of

ANA = "  ana: {name: Ana Ruiz, slack: U0ANA, email: ana@example.com}\n"


def test_only_who_is_given_one_has_one():
    """An address, a name and a Slack id are no account; a subject is kept as it is written, its case too."""
    assert {} == dict(policy_of().accounts)
    given = ANA.replace("}", ', oidc: "auth0|5F7c8ec7c33c6c004bbafe82"}')
    assert {"ana": "auth0|5F7c8ec7c33c6c004bbafe82"} == dict(
        policy_of(common=COMMON.replace(ANA, given)).accounts
    )


def test_a_subject_of_digits_stays_text():
    """Some providers number their accounts, with zeros in front."""
    given = ANA.replace("}", ", oidc: 00112233445566778899}")
    assert {"ana": "00112233445566778899"} == dict(policy_of(common=COMMON.replace(ANA, given)).accounts)
