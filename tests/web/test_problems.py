"""Contract of problem documents: every refusal that there is has a status, and the table names none twice."""

from datetime import timedelta

import pytest

import app.mfa.oidc
import app.mfa.pages
import app.web.api.requests
from app.domain.refusals import BadInput, Refused, TooMany
from app.mfa.refusals import CoolingOff, TooManyTries
from app.web.problems import KINDS, TYPE, kind_of, refusal_problem


def every(kind: type[Refused]) -> list[type[Refused]]:
    return [kind, *(each for sub in kind.__subclasses__() for each in every(sub))]


@pytest.mark.parametrize("kind", every(Refused), ids=lambda kind: kind.__name__)
def test_every_refusal_has_a_status(kind):
    """A no is 4xx, or 503 where it passes by itself; never a 500, which is a bug's."""
    status = kind_of(kind).status
    assert 400 <= status < 500 or status == 503


def test_no_kind_is_left_over():
    """Each code of the table is that of a refusal."""
    assert app.web.api.requests.KeyReused in every(Refused)
    assert set(KINDS) <= {kind.code for kind in every(Refused)}


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (CoolingOff, 403), (TooManyTries, 429), (app.mfa.pages.PageUsed, 410), (app.mfa.pages.PageGone, 404),
        (app.mfa.pages.NotYours, 403), (app.mfa.oidc.SignInRefused, 403),
    ],
)  # fmt: skip
def test_factors_and_pages_have_kinds(kind, status):
    """What proves nothing is forbidden, what was guessed too often is slowed down, what was used is gone."""
    assert status == kind_of(kind).status


def test_when_a_code_is_taken_again_is_told():
    """Who guessed too often reads in the header when the next try is taken."""
    assert "60" == refusal_problem(TooManyTries(timedelta(minutes=1))).headers["retry-after"]


def test_the_document():
    """Type, title, status, code and detail, and the field that is wrong; when to come again is in the header."""
    said = refusal_problem(BadInput("“x” is not an action.", field="action"))
    assert "application/problem+json" == said.headers["content-type"]
    assert (
        b'{"type":"urn:jit-approval:problem:bad_input","title":"What was sent cannot be used","status":422,'
        b'"code":"bad_input","detail":"\xe2\x80\x9cx\xe2\x80\x9d is not an action.",'
        b'"errors":[{"field":"action","message":"\xe2\x80\x9cx\xe2\x80\x9d is not an action."}]}'
    ) == said.body
    assert "7" == refusal_problem(TooMany("calls", after=7)).headers["retry-after"]
    assert TYPE.startswith("urn:")
