"""Doing what a page is for by a sign-in at the company's provider: away from the page, and back."""

from collections.abc import Callable
from datetime import timedelta

from app.domain.request import Request
from app.mfa.confirming import Confirming
from app.mfa.doing import Done
from app.mfa.oidc import SignInRefused, StepUp
from app.mfa.oidc.stepping_up import Params
from app.mfa.proving import Asked

RETURN = "/signed-in"


class SigningIn:
    """Sends people to the provider, and takes them back."""

    def __init__(
        self, step_up: StepUp, confirming: Confirming, url: str, fresh: Callable[[Request], timedelta]
    ) -> None:
        """`url` is where people see the pages; `fresh` is how long ago they may have signed in, for a request."""
        self._step_up = step_up
        self._confirming = confirming
        self._return_to = url.rstrip("/") + RETURN
        self._fresh = fresh

    async def begin(self, token: str, browser: str, comment: str) -> str:
        """Give the address at the provider to which a page's browser is to go."""
        name, shown = await self._confirming.before_sign_in(token, comment)
        return await self._step_up.begin(
            shown.by.id,
            digest=shown.page.digest,
            page=name,
            browser=browser,
            return_to=self._return_to,
            fresh=self._fresh(shown.request),
        )

    async def finish(self, params: Params, browser: str, seen: Asked) -> Done:
        """Do what the page is for, by the sign-in that came back. Raises SignInRefused and PageRefused."""
        try:
            proof, attempt = await self._step_up.finish(params, browser)
        except SignInRefused as refused:
            if refused.attempt is not None:
                await self._confirming.note_refusal(refused.attempt.page, refused.code)
            raise
        return await self._confirming.by_sign_in(attempt.page, attempt.person, attempt.digest, proof, seen)
