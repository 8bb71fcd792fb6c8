"""Codes of authenticator apps (RFC 6238): 6 digits, a step of 30 s, HMAC-SHA-1, as all apps know them."""

import hmac
import re
from datetime import datetime, timedelta
from typing import NamedTuple

import pyotp
import segno

from app.domain.refusals import BadInput

STEP = timedelta(seconds=30)
TOLERATED = 1
"""A code of the step before or after is taken, as RFC 6238, section 5.2, recommends for delays."""
LOOKED_AT = 24
"""Steps to either side in which a code is recognised as one by a clock that is off: 12 minutes."""
ISSUER = "jit-approval"


class Read(NamedTuple):
    """Of which step a code is: 0 for none that counts now; `off` is one by a clock that is off, else 0."""

    step: int
    off: int

    def off_by(self, now: datetime) -> timedelta:
        """How far the clock is off, positive when it is ahead."""
        return (self.off - step_at(now)) * STEP


def new_secret() -> str:
    """Make a secret: 160 random bits in base 32, the length that RFC 4226 recommends."""
    return pyotp.random_base32(32)


def uri_of(secret: str, account: str) -> str:
    """Give the `otpauth://` address that apps read."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=ISSUER)


def qr_of(uri: str) -> str:
    """Draw an address as an inline SVG, without style or script; dark on light in either theme, or cameras fail."""
    code = segno.make(uri, error="m", micro=False)
    return str(code.svg_inline(scale=5, border=4, dark="#000", light="#fff", omitsize=True, title="QR code"))


def step_at(now: datetime) -> int:
    """Count the steps until a moment."""
    return int(now.timestamp() // STEP.total_seconds())


def clean(code: str) -> str:
    """Bring a code as typed, maybe with spaces, into its one form. Raises BadInput unless it is 6 digits."""
    read = re.sub(r"[\s-]", "", code)
    if not re.fullmatch(r"[0-9]{6}", read):
        raise BadInput("The code is the 6 digits that your authenticator app shows.", field="code")
    return read


def read(secret: str, code: str, now: datetime) -> Read:
    """Tell of which step a code is. Each step is looked at, so that the time it takes tells nothing."""
    app, here = pyotp.TOTP(secret), step_at(now)
    step = off = 0
    for each in range(max(1, here - LOOKED_AT), here + LOOKED_AT + 1):
        if hmac.compare_digest(app.generate_otp(each).encode(), code.encode()):
            if abs(each - here) <= TOLERATED:
                step = each
            else:
                off = each
    return Read(step, 0 if step else off)
