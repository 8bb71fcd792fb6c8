"""Email: whether the server takes us, and what it did not take lately."""

from contextlib import aclosing

from app.directory.status import address_of
from app.doctor.finding import Finding, bad, good, warning
from app.domain.refusals import Unavailable
from app.mail.office import relay_of
from app.mail.relay import CannotBeUsed
from app.policy import Policy
from app.settings import Settings
from app.store.connection import connect
from app.store.post import Failure, Post

PART = "email"


async def examine_mail(settings: Settings, policy: Policy | None) -> list[Finding]:
    """Connect, secure and sign in without sending; nothing where nobody wants email."""
    relay = relay_of(settings)
    if relay is None:
        if policy is None or not policy.wants_mail:
            return []
        mend = "Set JIT_SMTP_URL and JIT_MAIL_FROM, or take email out of the policies."
        return [warning(PART, "the policies want people told by email, and there is no mail server", mend)]
    try:
        found = [good(PART, await relay.check())]
    except CannotBeUsed as why:
        mend = "Look at JIT_SMTP_URL: host, port, user, password; JIT_SMTP_CA for a certificate of your own."
        found = [bad(PART, f"the mail server cannot be used: {why}", mend)]
    return [*found, *await _failures(settings)]


async def _failures(settings: Settings) -> list[Finding]:
    """What was not taken in the last 7 days, the newest first."""
    url = address_of(settings.redis_url, settings.data)
    if url is None:
        return []
    async with aclosing(connect(url)) as connection:
        try:
            failures = await Post(connection.calls).failures()
        except Unavailable:
            return []  # told already
    return [warning(PART, _told(each), _mend(each)) for each in failures]


def _told(failure: Failure) -> str:
    code = f"{failure.code} " if failure.code else ""
    what = "not delivered" if failure.final else "put off"
    return f"{failure.at:%Y-%m-%d %H:%M} UTC: {what}, to {failure.to}: {code}{failure.said}"


def _mend(failure: Failure) -> str:
    if not failure.final:
        return "It is tried again for a day."
    return "Is the address in the policies right, and does its server take mail from JIT_MAIL_FROM?"
