"""`/credentials/<token>`: shows the requester what lets them in, once. Looking takes nothing, whoever looks."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response

from app.domain.proof import Factor
from app.domain.refusals import CredentialsGone, NoCredentials, Refused
from app.mfa.credentials import CredentialPages, HandedOut
from app.mfa.proving import Asked
from app.web.pages.answering import Answering
from app.web.pages.frame import Frame, NotThisForm
from app.web.pages.shell import Lines, lines_for


class CredentialsPage:
    """Asks who is there, and shows the credentials to the one whose they are."""

    def __init__(self, frame: Frame, pages: CredentialPages, answering: Answering) -> None:
        self._frame = frame
        self._pages = pages
        self._answering = answering

    def routes(self) -> APIRouter:
        """The paths."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/credentials/{token}", self.look, methods=["GET"])
        router.add_api_route("/credentials/{token}", self.show, methods=["POST"])
        return router

    async def look(self, request: Request, token: str) -> Response:
        """Say what would be shown."""
        return await self._answering.answer(
            request, lambda: self._or_gone(request, lambda: self._look(request, token))
        )

    async def show(self, request: Request, token: str) -> Response:
        """Show it, to who proves to be the requester."""
        return await self._answering.answer(
            request, lambda: self._or_gone(request, lambda: self._show(request, token))
        )

    async def _or_gone(self, request: Request, answer: Callable[[], Awaitable[Response]]) -> Response:
        """Answer, or tell who took them and when, or why there are none."""
        try:
            return await answer()
        except CredentialsGone as gone:
            return self._frame.refuse(request, "Shown already", str(gone), status=410)
        except NoCredentials as none:
            return self._frame.refuse(request, "Nothing to show", str(none), status=410)

    async def _look(self, request: Request, token: str, trouble: str = "", status: int = 200) -> Response:
        show = await self._pages.look(token)
        return self._frame.page(
            request,
            "credentials.html",
            status=status,
            token=token,
            title=f"Credentials of {show.request.id}",
            show=show,
            trouble=trouble,
        )

    async def _show(self, request: Request, token: str) -> Response:
        fields = await self._frame.form(request, token)
        address = self._frame.address(request)
        seen = Asked(ip=address.ip, ip_told_by=address.told_by)

        async def doing() -> Response:
            match fields.get("how", ""):
                case "word":
                    shown = await self._pages.by_word(token, fields.get("word", ""), seen)
                case "key":
                    answer = fields.get("assertion", "")
                    shown = await self._pages.by_factor(token, Factor.WEBAUTHN, answer, seen)
                case "code":
                    shown = await self._pages.by_factor(token, Factor.TOTP, fields.get("code", ""), seen)
                case _:
                    raise NotThisForm("The form does not say how you prove that it is you.")
            return self._shown(request, shown, address.ip)

        async def again(trouble: str, status: int) -> Response:
            return await self._look(request, token, trouble, status)

        try:
            return await self._answering.or_again(doing, again)
        except Refused as refusal:
            # the more telling no: of two tabs the second finds its page used, and is to hear by whom
            if not isinstance(refusal, NoCredentials):
                await self._pages.look(token)
            raise

    def _shown(self, request: Request, shown: HandedOut, ip: str) -> Response:
        lines: Lines = lines_for(shown.given, shown.request.resource)
        return self._frame.page(
            request,
            "credentials_shown.html",
            title=f"Credentials of {shown.request.id}",
            request_id=shown.request.id,
            ends_at=shown.request.ends_at,
            values=shown.given["environment"],
            files=shown.given["files"],
            lines=lines,
            ip=ip,
        )
