"""Contract: JSON lines where nobody watches, readable ones on a terminal; libraries' lines look alike.

No line shows what was in a variable: tokens, codes and credentials are.
"""

import json
import logging

import pytest
import structlog

from app.logs import set_up


@pytest.fixture(autouse=True)
def as_before():
    """Leave logging as it was found."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:], logging.root.level = handlers, level
    structlog.reset_defaults()


def test_each_line_is_json_with_its_request(capsys):
    """What is bound to the work at hand is on each of its lines."""
    set_up("json", "info")
    with structlog.contextvars.bound_contextvars(request="R07-4KX9TQZ"):
        structlog.get_logger().info("approved", by="ben")
    line = json.loads(capsys.readouterr().err)
    assert ("approved", "R07-4KX9TQZ", "ben", "info") == (
        line["event"],
        line["request"],
        line["by"],
        line["level"],
    )


def test_libraries_speak_the_same_language(capsys):
    """A warning of a library is a JSON line too; its chatter is left out."""
    set_up("json", "info")
    logging.getLogger("slack_sdk").warning("retrying %s", "now")
    logging.getLogger("slack_sdk").info("chatter")
    (line,) = capsys.readouterr().err.splitlines()
    assert ("retrying now", "warning") == (json.loads(line)["event"], json.loads(line)["level"])


def test_people_get_text(capsys):
    """On a terminal there is no JSON."""
    set_up("console", "info")
    structlog.get_logger().info("approved", by="ben")
    assert "approved" in (said := capsys.readouterr().err)
    assert not said.startswith("{")


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize(
    "by", [structlog.get_logger, lambda: logging.getLogger("a.library")], ids=["ours", "a library"]
)
def test_a_traceback_tells_where_and_no_values(capsys, form, by):
    """A bug in the middle of handing out a secret is told with its place, and without the secret."""
    set_up(form, "info")

    def hand_out(token):
        given = {"PGPASSWORD": token}
        raise RuntimeError(f"{len(given)} was handed out")

    secret = "IMEFntUXrlaJw"[::-1]  # no line of the source has it
    try:
        hand_out(secret)
    except RuntimeError:
        by().exception("bug")
    said = capsys.readouterr().err
    assert "hand_out" in said
    assert "1 was handed out" in said
    assert secret not in said
