"""`/confirm/<token>`: the one-time page. Looking changes nothing; what is sent is done once, by who proves it."""

from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from app.domain.refusals import Refused
from app.mfa.confirming import Confirming
from app.mfa.doing import Done
from app.mfa.pages import PageGone, Shown
from app.mfa.proving import Asked
from app.mfa.shown import VERBS
from app.mfa.signing_in import SigningIn
from app.store.pages import Task
from app.web.pages.answering import Answering
from app.web.pages.frame import Frame, NotThisForm


class ConfirmPage:
    """Shows pages and takes what is sent from them."""

    def __init__(
        self, frame: Frame, confirming: Confirming, signing_in: SigningIn | None, answering: Answering
    ) -> None:
        self._frame = frame
        self._confirming = confirming
        self._answering = answering
        self._signing_in = signing_in

    def routes(self) -> APIRouter:
        """The paths."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/confirm/{token}", self.show, methods=["GET"])
        router.add_api_route("/confirm/{token}", self.send, methods=["POST"])
        if self._signing_in:
            router.add_api_route("/signed-in", self.signed_in, methods=["GET"])
        return router

    async def show(self, request: Request, token: str) -> Response:
        """Show what the page is about."""
        return await self._answering.answer(request, lambda: self._show(request, token))

    async def send(self, request: Request, token: str) -> Response:
        """Take a form of the page."""
        return await self._answering.answer(request, lambda: self._send(request, token))

    async def signed_in(self, request: Request) -> Response:
        """Take back who was sent to log in."""
        return await self._answering.answer(request, lambda: self._signed_in(request))

    async def _show(
        self, request: Request, token: str, trouble: str = "", status: int = 200, comment: str = ""
    ) -> Response:
        shown = await self._confirming.look(token)
        if shown.page.task is Task.REVIEW:
            return await self._show_review(request, token, shown, trouble, status)
        verb = VERBS[shown.page.task]
        return self._frame.page(
            request,
            "confirm.html",
            status=status,
            token=token,
            title=f"{verb} {shown.request.id}",
            verb=verb,
            shown=shown,
            asks_why=shown.page.task is Task.DENY and not shown.page.detail("comment"),
            comment=comment,
            trouble=trouble,
        )

    async def _show_review(
        self, request: Request, token: str, shown: Shown, trouble: str, status: int
    ) -> Response:
        why_not = ""
        try:
            await self._confirming.may_lead_on(shown)
        except Refused as no:
            why_not = str(no)
        return self._frame.page(
            request,
            "review.html",
            status=status,
            trouble=trouble,
            token=token,
            title=shown.request.id,
            shown=shown,
            waits=not why_not,
            why_not=why_not,
        )

    async def _send(self, request: Request, token: str) -> Response:
        fields = await self._frame.form(request, token)
        how, comment = fields.get("how", ""), fields.get("comment", "")[:1000].strip()
        seen = self._seen(request)
        match how:
            case "approve" | "deny":
                link = await self._confirming.lead_on(token, Task(how))
                return self._frame.redirect(request, f"/confirm/{link.token}")
            case "key":
                doing = self._confirming.by_key(token, fields.get("assertion", ""), seen, comment)
            case "code":
                doing = self._confirming.by_code(token, fields.get("code", ""), seen, comment)
            case "oidc" if signing_in := self._signing_in:
                return await self._answering.or_again(
                    lambda: self._lead_away(signing_in, request, token, comment),
                    lambda trouble, status: self._show(request, token, trouble, status, comment),
                )
            case _:
                raise NotThisForm("The form does not say how you prove that it is you.")

        async def done() -> Response:
            return self._done(request, await doing)

        return await self._answering.or_again(
            done, lambda trouble, status: self._show(request, token, trouble, status, comment)
        )

    async def _lead_away(self, signing_in: SigningIn, request: Request, token: str, comment: str) -> Response:
        """Lead on to the provider by a page: a form of ours may be redirected to no other origin."""
        url = await signing_in.begin(token, self._frame.browser(request), comment)
        host = urlsplit(url).netloc
        return self._frame.page(request, "leaving.html", title="On to your login", url=url, host=host)

    async def _signed_in(self, request: Request) -> Response:
        if self._signing_in is None:
            raise PageGone
        params = request.query_params.multi_items()
        done = await self._signing_in.finish(params, self._frame.browser(request), self._seen(request))
        return self._done(request, done)

    def _seen(self, request: Request) -> Asked:
        address = self._frame.address(request)
        return Asked(ip=address.ip, ip_told_by=address.told_by)

    def _done(self, request: Request, done: Done) -> Response:
        return self._frame.page(request, "told.html", title=done.title, told=done.told, mood="yes")
