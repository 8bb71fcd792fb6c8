"""Contract: the log and the digest tell every change and refusal of somebody's factors, in plain text."""

from datetime import timedelta

from app.audit.digest import make_digest
from app.audit.digest_lines import digest_lines
from app.audit.digest_value import Digest
from app.audit.story import story_lines
from app.domain import events
from app.domain.proof import Proof
from app.slack.views.factor import TOLD_OF, told_of_factor
from tests.audit.stories import recorded
from tests.people import ANA, NOW

ABOUT = {"request_id": "F02-4KX9TQZ", "at": NOW, "by": "ana", "person": ANA}
KEY = {"factor": "webauthn", "label": "blue\x1b[2J key"}
BY_KEY = Proof(kind="webauthn", credential="F02-0000000")
BY_GRANT = Proof(kind="grant", credential="R02-4KX9TQZ")
ALL = [
    events.FactorAdded(**ABOUT, **KEY, counts_from=NOW + timedelta(days=1), proof=BY_GRANT),
    events.FactorRemoved(**ABOUT, **KEY, proof=BY_KEY),
    events.FactorRemoved(**ABOUT, factor="totp", label="phone", proof=None),
    events.FactorRefused(**ABOUT, factor="totp", code="wrong_code", about="R01-0000000", ip="192.0.2.7"),
    events.FactorRefused(**ABOUT, factor="", code="decision_waits"),
    events.RecoveryCodesMade(**ABOUT, counts_from=NOW, proof=BY_KEY),
    events.RecoveryCodeUsed(**ABOUT, ip="192.0.2.7"),
]
TOLD = [
    (
        "Ana Ruiz (ana) added a security key “blue\\x1b[2J key”, by the approval of R02-4KX9TQZ. It counts from "
        "2026-03-03 09:30:00 UTC."
    ),
    "Ana Ruiz (ana) removed a security key “blue\\x1b[2J key”, proven by a security key F02-0000000.",
    "Ana Ruiz (ana) removed an authenticator app “phone”, which did not count.",
    "Ana Ruiz (ana) was refused an authenticator app for R01-0000000 from 192.0.2.7 (wrong_code); nothing changed.",
    "Ana Ruiz (ana) was refused a change of factors (decision_waits); nothing changed.",
    (
        "Ana Ruiz (ana) made new recovery codes, proven by a security key F02-0000000. They count from "
        "2026-03-02 09:30:00 UTC."
    ),
    "Ana Ruiz (ana) used up a recovery code from 192.0.2.7.",
]


def digest() -> Digest:
    window = (NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    return make_digest(recorded(ALL), (), *window, (0, ""), lambda _: None)


def test_the_story_of_each():
    """Who, what, on the strength of what; and nothing that a label says acts on the terminal."""
    told = [line.text for line in story_lines(recorded(ALL), {"ana": "Ana Ruiz"})]
    assert (TOLD, False) == (told, "\x1b" in "".join(told))


def test_the_digest_has_them_all():
    """In their order; a day on which nothing else happened is not empty, and nothing is counted as a request."""
    made = digest()
    assert (7, False, ()) == (len(made.factors), made.is_empty, made.tallies)
    assert "Second factors" in "\n".join(map(str, digest_lines(made)))
    assert made == Digest.model_validate_json(made.model_dump_json())


def test_the_events_survive_their_json():
    """As they are stored."""
    assert ALL == [events.event_json.validate_json(events.event_json.dump_json(each)) for each in ALL]


def test_what_a_person_is_told():
    """Every change; of refusals those that they may not have seen; and what to do if it was not them."""
    told = [told_of_factor(each) for each in ALL]
    assert [True, True, True, False, True, True, True] == [each is not None for each in told]
    assert all("If this was not you" in each for each in told if each)
    refused = events.FactorRefused(**ABOUT, factor="webauthn", code="stale_counter")
    assert told_of_factor(refused).startswith(TOLD_OF["stale_counter"])
