"""Why a second factor is not taken, each in a sentence to act on. None of them says more than its sender knew."""

from datetime import datetime, timedelta

from app.domain.duration import format_duration
from app.domain.refusals import Refused

AGAIN = "Nothing was done."


class FactorRefused(Refused):
    """A second factor is not taken."""

    code = "factor_refused"


class FactorsOff(FactorRefused):
    """The installation lacks a setting; the sentence says which."""

    code = "factors_off"


class NoFactor(FactorRefused):
    """The person has none of the kind."""

    code = "no_factor"

    def __init__(self, what: str) -> None:
        super().__init__(f"You have no {what} that could prove it is you. {AGAIN} Add one first.")


class CoolingOff(FactorRefused):
    """It was added too recently: whoever took over a session cannot use what they add at once."""

    code = "cooling_off"

    def __init__(self, counts_from: datetime, now: datetime) -> None:
        left = max(timedelta(minutes=1), counts_from - now)
        super().__init__(
            f"This was added a short while ago and counts in {format_duration(_to_minutes(left))}: until then it "
            f"proves nothing. {AGAIN}"
        )
        self.counts_from = counts_from


# -- answers of keys -----------------------------------------------------------------------------------


class Malformed(FactorRefused):
    code = "malformed_answer"

    def __init__(self) -> None:
        super().__init__(
            f"What the browser sent is no answer of a security key. {AGAIN} Load the page again and retry."
        )


class UnknownCredential(FactorRefused):
    code = "unknown_credential"

    def __init__(self) -> None:
        super().__init__(
            f"This security key is none of yours here: it was never added, or is removed. {AGAIN} Take another."
        )


class OtherChallenge(FactorRefused):
    """The answer is to something else: another request, another person's page, an earlier page."""

    code = "other_challenge"

    def __init__(self) -> None:
        super().__init__(
            f"The key answered something else than this page asks. {AGAIN} Open it anew from Slack and touch again."
        )


class WrongOrigin(FactorRefused):
    code = "wrong_origin"

    def __init__(self, origin: str) -> None:
        super().__init__(
            f"The key was touched on another site than {origin}. {AGAIN} If you did not mean to be there, tell "
            "security: somebody may be imitating this page."
        )


class WrongRelyingParty(FactorRefused):
    code = "wrong_relying_party"

    def __init__(self, rp_id: str) -> None:
        super().__init__(f"The key answered for another site than {rp_id}. {AGAIN}")


class NotVerified(FactorRefused):
    """The key tells of a touch and not of who touched it."""

    code = "no_user_verification"

    def __init__(self) -> None:
        super().__init__(
            f"The key did not check that it is you, by PIN, finger or face. {AGAIN} Set one up on the key, or take "
            "another."
        )


class BadSignature(FactorRefused):
    code = "bad_signature"

    def __init__(self) -> None:
        super().__init__(f"The key's signature does not fit. {AGAIN} Try again, or take another key.")


class AnswerReplayed(FactorRefused):
    code = "answer_replayed"

    def __init__(self) -> None:
        super().__init__("This touch was used already, and each counts once. Open the page anew from Slack.")


class StaleCounter(FactorRefused):
    """The counter went back, so there may be two of this key."""

    code = "stale_counter"

    def __init__(self) -> None:
        super().__init__(
            "The key counted its uses backwards, as a copy of it would, so it was refused and security can see it. "
            f"{AGAIN} Take another key, and remove this one if you cannot explain it."
        )


# -- codes ---------------------------------------------------------------------------------------------


class WrongCode(FactorRefused):
    code = "wrong_code"

    def __init__(self) -> None:
        super().__init__(f"That is not the code of your app now. {AGAIN} Type the one that it shows next.")


class ClockOff(FactorRefused):
    """The code is right for another time: the device's clock is off by `by`, positive when it is ahead."""

    code = "clock_off"

    def __init__(self, by: timedelta) -> None:
        way = "ahead" if by > timedelta() else "behind"
        super().__init__(
            f"That code is of another time: the clock of your device is about {format_duration(_to_minutes(abs(by)))} "
            f"{way}. {AGAIN} Let it set its time by itself, then type the code that it shows next."
        )
        self.by = by


class CodeUsed(FactorRefused):
    code = "code_used"

    def __init__(self) -> None:
        super().__init__(f"That code was used already, and each counts once. {AGAIN} Wait for the next one.")


class TooManyTries(FactorRefused):
    """Too many codes were wrong; `after`, in seconds, says when there is a try again."""

    code = "too_many_tries"

    def __init__(self, after: timedelta) -> None:
        self.after = max(1, -(-after // timedelta(seconds=1)))
        super().__init__(
            "Too many codes were wrong, so none is taken for now, not even the right one. Try again in "
            f"{format_duration(_to_minutes(after))}, or use a security key. If it was not you who typed them, tell "
            "security."
        )


class SecretUnreadable(FactorRefused):
    """The secret cannot be decrypted: a key is missing from the settings, or someone changed what is stored."""

    code = "secret_unreadable"

    def __init__(self) -> None:
        super().__init__(
            "I cannot read what your app shares with me, so its codes prove nothing. Whoever runs me has to put the "
            "key back that it was encrypted with (`JIT_SECRET_KEYS`), or you remove the app and add it anew."
        )


class WrongRecoveryCode(FactorRefused):
    code = "wrong_recovery_code"

    def __init__(self) -> None:
        super().__init__("That is none of your recovery codes that are left. Each is good once.")


# -- enrolment -----------------------------------------------------------------------------------------


class DecisionWaits(FactorRefused):
    """Whoever holds a session of an approver's could else add the factor that a decision is waiting for."""

    code = "decision_waits"

    def __init__(self, request_ids: list[str]) -> None:
        super().__init__(
            f"Factors cannot be added or removed while a decision waits for you: {', '.join(request_ids)}. "
            "Decide first, or let somebody else."
        )


class WarrantNeeded(FactorRefused):
    """It takes a factor that one has, or somebody's approval."""

    code = "warrant_needed"

    def __init__(self, action: str, person: str, *, has_factor: bool) -> None:
        approval = (
            f"an approval for it, once: `/jit request {action} {person}`, then come back here"
            if action
            else "an approval, for which policy names no action (`factors: {enrol: …}`)"
        )
        proof = "one that you have already, or " if has_factor else ""
        super().__init__(f"Adding or removing a factor takes {proof}{approval}.")


class TooManyFactors(FactorRefused):
    code = "too_many_factors"

    def __init__(self, limit: int, what: str) -> None:
        super().__init__(f"You have {limit} {what}, which is as many as there may be: remove one first.")


class AlreadyEnrolled(FactorRefused):
    code = "already_enrolled"

    def __init__(self) -> None:
        super().__init__("This security key is one of yours already.")


class EnrolmentGone(FactorRefused):
    code = "enrolment_gone"

    def __init__(self) -> None:
        super().__init__("This enrolment is finished, or older than 10 minutes. Begin it anew.")


def _to_minutes(span: timedelta) -> timedelta:
    return timedelta(minutes=max(1, -(-span // timedelta(minutes=1))))
