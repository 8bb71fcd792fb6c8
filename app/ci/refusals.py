"""Why a job's token is not taken. What policy expects is never told to who has not met it."""

from app.domain.refusals import Refused


class JobRefused(Refused):
    """`why` goes on after «the job's token»."""

    code = "job_refused"

    def __init__(self, why: str) -> None:
        super().__init__(f"The job's token {why}.")


class IssuerDoesNotAnswer(Refused):
    """Whether the token holds cannot be told now; it is still good."""

    code = "issuer_away"

    def __init__(self, issuer: str, what: str) -> None:
        super().__init__(f"The issuer of the job's token, {issuer}, {what}. Nothing was taken; try again.")
