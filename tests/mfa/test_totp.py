"""Contract of codes: RFC 6238's, a step to either side, and a clock that is off is told by how much."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.refusals import BadInput
from app.mfa import totp

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # of RFC 6238, appendix B: 12345678901234567890
NOW = datetime(2026, 3, 2, 9, 30, 10, tzinfo=UTC)


def code_at(at: datetime) -> str:
    return pyotp.TOTP(SECRET).generate_otp(totp.step_at(at))


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_the_vectors_of_the_standard(seconds, code):
    """Appendix B of RFC 6238, of which 6 digits are the last of 8."""
    at = datetime.fromtimestamp(seconds, UTC)
    assert totp.step_at(at) == totp.read(SECRET, code, at).step


@given(st.integers(-totp.LOOKED_AT, totp.LOOKED_AT))
def test_what_is_taken_and_what_is_told(steps):
    """A step to either side is taken; up to 12 minutes are recognised, with their sign."""
    off = steps * totp.STEP
    read = totp.read(SECRET, code_at(NOW + off), NOW)
    if abs(steps) <= 1:
        assert (totp.step_at(NOW) + steps, 0) == read
    else:
        assert (0, off) == (read.step, read.off_by(NOW))


def test_a_code_of_an_hour_ago_is_just_wrong():
    """It is of no step that is looked at."""
    assert (0, 0) == totp.read(SECRET, code_at(NOW - timedelta(hours=1)), NOW)


@given(st.text(max_size=12))
def test_only_six_digits_are_a_code(text):
    """Spaces and hyphens aside; digits of other scripts are none."""
    digits = re.sub(r"[\s-]", "", text)
    if re.fullmatch("[0-9]{6}", digits):
        assert digits == totp.clean(text)
    else:
        with pytest.raises(BadInput):
            totp.clean(text)


def test_digits_of_another_script():
    """Arabic-Indic digits would be read as a number by Python, and are not typed by any app."""
    with pytest.raises(BadInput):
        totp.clean("١٢٣٤٥٦")
    assert "123456" == totp.clean(" 123 456 ")


def test_what_the_page_shows():
    """A secret of 160 bits, an address that apps read, and a drawing without script, style or link."""
    secret = totp.new_secret()
    uri = totp.uri_of(secret, "Ana Ruiz <a@b>")
    assert ("otpauth", [secret]) == (urlsplit(uri).scheme, parse_qs(urlsplit(uri).query)["secret"])
    drawn = totp.qr_of(uri)
    root = ET.fromstring(drawn)  # noqa: S314  our own drawing
    names = {each.tag.rpartition("}")[2] for each in root.iter()}
    attributes = {name.rpartition("}")[2] for each in root.iter() for name in each.attrib}
    assert (names <= {"svg", "g", "path", "title"}, attributes & {"style", "href", "onload"}) == (True, set())
    assert (32, False) == (len(secret), secret in drawn)
