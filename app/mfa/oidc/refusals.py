"""Every way in which a sign-in proves nothing, each with what to do about it."""

from app.mfa.refusals import FactorRefused
from app.store.step_ups import Attempt

AGAIN = "Nothing was confirmed. Go back to the page and sign in again."
ASK_WHOEVER_RUNS_IT = "Use another factor meanwhile, and tell whoever runs the bot."


class SignInRefused(FactorRefused):
    """`attempt` is what was kept when the sign-in began, as far as the callback was known to belong to it."""

    code = "oidc_refused"
    recorded = True
    attempt: Attempt | None = None


class NoAccount(SignInRefused):
    """Policy does not say which account of the provider is the person's."""

    code = "oidc_no_account"

    def __init__(self, person: str) -> None:
        super().__init__(
            f"Policy does not say which account of the sign-in provider is yours, so a sign-in proves nothing. "
            f"Ask security to write it as `oidc` of {person} in the policies; use another factor meanwhile."
        )


class UnknownAttempt(SignInRefused):
    """No sign-in with this state waits: it is made up, used, or older than five minutes."""

    code = "oidc_unknown_attempt"

    def __init__(self) -> None:
        super().__init__(f"This sign-in was used already, or it took over 5 minutes. {AGAIN}")


class OtherBrowser(SignInRefused):
    """A sign-in came back to another browser than it began in; the one that waits still may come back."""

    code = "oidc_other_browser"

    def __init__(self) -> None:
        super().__init__(f"This sign-in was begun in another browser, so it does not count here. {AGAIN}")


class MalformedCallback(SignInRefused):
    code = "oidc_malformed"

    def __init__(self, what: str) -> None:
        super().__init__(f"The sign-in provider's answer {what}. {AGAIN}")


class NotSignedIn(SignInRefused):
    """The provider says that there was no sign-in; `said` is its error code (OpenID Connect Core 3.1.2.6)."""

    code = "oidc_not_signed_in"

    def __init__(self, said: str) -> None:
        why = {
            "access_denied": "The sign-in was cancelled, or the provider does not allow you",
            "unmet_authentication_requirements": "The provider cannot ask you for the factor that is needed",
        }.get(said, f"The provider ended the sign-in ({said})")
        super().__init__(f"{why}. {AGAIN}")


class CodeRefused(SignInRefused):
    """The code was used, is another's, or is too old: the provider gives no token for it."""

    code = "oidc_code"

    def __init__(self) -> None:
        super().__init__(f"The provider no longer takes this sign-in's code. {AGAIN}")


class ProviderAway(SignInRefused):
    """The provider cannot be reached, or fails. It tells nothing of the person."""

    code = "oidc_provider_away"
    recorded = False

    def __init__(self, issuer: str, what: str) -> None:
        super().__init__(
            f"The sign-in provider {issuer} {what}, so nothing was confirmed. "
            "Try again in a minute, or use another factor."
        )


class ProviderMisfit(SignInRefused):
    """The provider answers, but not as OpenID Connect asks, or as it is set up here."""

    code = "oidc_provider_misfit"
    recorded = False

    def __init__(self, issuer: str, what: str) -> None:
        super().__init__(
            f"The sign-in provider {issuer} {what}, so nothing was confirmed. {ASK_WHOEVER_RUNS_IT}"
        )


class OtherIssuer(SignInRefused):
    """Someone else than the provider answers (RFC 9207, against mix-up)."""

    code = "oidc_issuer"

    def __init__(self, issuer: str) -> None:
        super().__init__(f"The answer does not come from the sign-in provider {issuer}. {AGAIN}")


class BadToken(SignInRefused):
    """What was signed is malformed, expired, or signed by no key or algorithm that is taken."""

    code = "oidc_token"

    def __init__(self, what: str) -> None:
        super().__init__(f"The proof of the sign-in {what}, so it does not count. {AGAIN}")


class OtherAudience(SignInRefused):
    code = "oidc_audience"

    def __init__(self) -> None:
        super().__init__(f"The sign-in was to another application than this bot. {AGAIN}")


class OtherRequest(SignInRefused):
    """The nonce is not the one of this request."""

    code = "oidc_nonce"

    def __init__(self) -> None:
        super().__init__(f"The sign-in was made for another request than the one on the page. {AGAIN}")


class ClocksDiffer(SignInRefused):
    code = "oidc_clock"

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"The sign-in provider's clock and the bot's differ by {seconds / 60:.0f} min, so nothing was "
            "confirmed. Whoever runs the bot should let both keep time by NTP; use another factor meanwhile."
        )


class SignInTooOld(SignInRefused):
    """`auth_time` is missing, or longer ago than is accepted."""

    code = "oidc_stale"

    def __init__(self, what: str) -> None:
        super().__init__(f"The provider {what}, and this request needs a fresh one. {AGAIN}")


class TooWeak(SignInRefused):
    """`acr` is not one of those that are accepted."""

    code = "oidc_acr"

    def __init__(self, acr: str) -> None:
        super().__init__(
            f"You signed in, but not by a factor that counts here (the provider calls it {acr or 'nothing'}). "
            "Nothing was confirmed. Sign in again with your second factor."
        )


class OtherAccount(SignInRefused):
    """Someone signed in who is not the person whom the page asks."""

    code = "oidc_subject"

    def __init__(self) -> None:
        super().__init__(
            "You signed in with an account that is not the one policy names for you, so nothing was confirmed. "
            "Sign out at the provider, then go back to the page and sign in with your own."
        )
