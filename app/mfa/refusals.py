"""A factor that does not prove the person: the root of what every factor refuses with."""

from app.domain.refusals import Refused


class FactorRefused(Refused):
    """A factor was tried and proves nothing; `str()` says why, and what to do about it.

    The attempt goes into the audit log, unless a subclass says that it tells nothing of the person.
    """

    code = "factor_refused"
    recorded = True
