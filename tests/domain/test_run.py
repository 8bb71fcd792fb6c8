"""Contract of a run of CI as it is recorded: what it is called, seen sign by sign, and never too long.

What was recorded before runs were is read as it was.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.domain.events import ExtensionAsked, Requested, event_json
from app.domain.request import Extension, Request
from app.domain.run import LONGEST, Run
from app.domain.token import Bearer, Scope, Token
from tests.people import NOW, a_request

RUN = Run(project="octo/deploy", run="30433642", commit="0f1e2d3c", actor="7")


def test_in_words():
    """Each thing that is known has its word; what is not known is left out."""
    assert "project octo/deploy, run 30433642, commit 0f1e2d3c, actor 7" == str(RUN)
    assert "" == str(Run())


@given(st.text(st.characters(exclude_categories=())))
def test_whatever_it_is_called(said):
    """Line breaks, marks that move or hide what stands beside them and half signs are written by their number."""
    run = Run.said({"project": said})
    kept = run.project
    assert len(kept) <= LONGEST
    assert kept.isprintable()
    assert kept.encode() or not said
    assert run == Run.model_validate_json(run.model_dump_json())


def test_what_is_cut_says_so():
    """It ends with a sign of it, and no escape is cut in half."""
    run = Run.said({"project": "x" * 999, "workflow": "\u202e" * 999, "commit": "c" * 254})
    assert ("x" * 254 + "…", "\\u202e" * 42 + "…", "c" * 254) == (run.project, run.workflow, run.commit)


def test_no_text_takes_itself_for_another():
    """A file that somebody named like the rest of the line stands in quotes, and cannot end them."""
    workflow = 'my", actor 1.yml\\'
    assert 'workflow "my\\", actor 1.yml\\\\"' == str(Run.said({"workflow": workflow}))


@pytest.mark.parametrize("text", ["x" * 256, "a\nb", "a\u202eb"], ids=["long", "lines", "bidi"])
def test_only_what_was_made_so(text):
    """Nothing that is long or not seen gets in by another way."""
    with pytest.raises(ValidationError):
        Run(project=text)


def test_there_and_back():
    """A token, a request, a wish for more time and their events keep it; what is older has none."""
    token = Token(
        id="a", bearer=Bearer.MACHINE, owner="ci", scopes=(Scope.READ,), digest="d", created_at=NOW,
        expires_at=NOW, run=RUN,
    )  # fmt: skip
    request = a_request().model_copy(update={"run": RUN})
    more = Extension(seconds=60, reason="", verdict=request.verdict, asked_at=NOW, run=RUN)
    for value in (token, request, more):
        assert value == type(value).model_validate_json(value.model_dump_json())
        assert type(value).model_validate(value.model_dump(exclude={"run"})).run is None
    told = ExtensionAsked(
        request_id=request.id, at=NOW, by="ci", seconds=60, reason="", verdict=request.verdict, run=RUN
    )
    assert told == event_json.validate_json(event_json.dump_json(told))
    older = event_json.validate_python(told.model_dump(mode="json", exclude={"run"}))
    assert isinstance(older, ExtensionAsked)
    assert older.run is None
    assert "run" in Requested.model_fields
    assert Request.model_fields["run"].default is None
