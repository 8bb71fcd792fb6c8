"""`/factors/<token>`: one's own second factors. Looking changes nothing; each change asks again who may."""

from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter, Request, Response

from app.domain.refusals import Refused
from app.mfa.enrolment import Added
from app.mfa.own_factors import OwnFactors
from app.mfa.proving import Asked
from app.web.pages.answering import Answering
from app.web.pages.frame import Frame, NotThisForm

KINDS = {"webauthn": "Security key", "totp": "Authenticator app"}


class FactorsPage:
    """Shows somebody's factors, and takes what is sent from there."""

    def __init__(self, frame: Frame, own: OwnFactors, answering: Answering) -> None:
        self._frame = frame
        self._own = own
        self._answering = answering

    def routes(self) -> APIRouter:
        """The paths."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/factors/{token}", self.show, methods=["GET"])
        router.add_api_route("/factors/{token}", self.send, methods=["POST"])
        return router

    async def show(self, request: Request, token: str) -> Response:
        """Show what somebody has."""
        return await self._answering.answer(request, lambda: self._show(request, token))

    async def send(self, request: Request, token: str) -> Response:
        """Take a form of the page."""

        async def sent() -> Response:
            fields = await self._frame.form(request, token)
            doing = self._doing(request, token, fields)
            return await self._answering.or_again(
                doing, lambda trouble, status: self._show(request, token, trouble, status)
            )

        return await self._answering.answer(request, sent)

    async def _show(self, request: Request, token: str, trouble: str = "", status: int = 200) -> Response:
        mine = await self._own.look(token)
        return self._frame.page(
            request,
            "factors.html",
            status=status,
            token=token,
            title="Your second factors",
            mine=mine,
            kinds=KINDS,
            trouble=trouble,
        )

    def _doing(
        self, request: Request, token: str, fields: Mapping[str, str]
    ) -> Callable[[], Awaitable[Response]]:
        given = fields.get
        label = given("label", "")[:100]
        match given("do", ""):
            case "prove":
                return lambda: self._prove(request, token, given("how", ""), given("answer", ""))
            case "key":
                return lambda: self._begin_key(request, token, label)
            case "app":
                return lambda: self._begin_app(request, token, label)
            case "finish-key":
                return lambda: self._finish_key(request, token, given("ticket", ""), given("answer", ""))
            case "finish-app":
                return lambda: self._finish_app(request, token, fields)
            case "remove":
                return lambda: self._remove(request, token, given("credential", ""))
            case "codes":
                return lambda: self._make_codes(request, token)
            case _:
                raise NotThisForm("The form does not say what is to be done.")

    async def _prove(self, request: Request, token: str, how: str, answer: str) -> Response:
        address = self._frame.address(request)
        await self._own.prove(token, how, answer, Asked(ip=address.ip, ip_told_by=address.told_by))
        return self._frame.redirect(request, f"/factors/{token}")

    async def _begin_key(self, request: Request, token: str, label: str) -> Response:
        begun = await self._own.begin_key(token, label)
        return self._frame.page(request, "new_key.html", token=token, title="Add a security key", begun=begun)

    async def _begin_app(self, request: Request, token: str, label: str) -> Response:
        begun = await self._own.begin_app(token, label)
        return self._new_app(request, token, begun.ticket, begun.secret, begun.qr_svg, "")

    async def _finish_key(self, request: Request, token: str, ticket: str, answer: str) -> Response:
        return self._added(request, await self._own.finish_key(token, ticket, answer))

    async def _finish_app(self, request: Request, token: str, fields: Mapping[str, str]) -> Response:
        ticket = fields.get("ticket", "")
        try:
            added = await self._own.finish_app(token, ticket, fields.get("code", ""))
        except Refused as refusal:
            if refusal.code not in {"wrong_code", "bad_input", "clock_off"}:
                raise
            return self._new_app(request, token, ticket, "", "", str(refusal))
        return self._added(request, added)

    def _new_app(
        self, request: Request, token: str, ticket: str, secret: str, qr_svg: str, trouble: str
    ) -> Response:
        return self._frame.page(
            request,
            "new_app.html",
            status=409 if trouble else 200,
            token=token,
            title="Add an authenticator app",
            ticket=ticket,
            secret=secret,
            qr_svg=qr_svg,
            trouble=trouble,
        )

    def _added(self, request: Request, added: Added) -> Response:
        new = added.credential
        return self._frame.page(
            request,
            "codes.html",
            title=f"{new.label} is added",
            told=f"It counts from {new.counts_from:%Y-%m-%d %H:%M} UTC. You are told in Slack, too.",
            codes=added.codes,
        )

    async def _remove(self, request: Request, token: str, credential: str) -> Response:
        label = await self._own.remove(token, credential)
        told = "It proves nothing any more. You are told in Slack, too."
        return self._frame.page(request, "codes.html", title=f"{label} is removed", told=told, codes=())

    async def _make_codes(self, request: Request, token: str) -> Response:
        codes = await self._own.make_codes(token)
        told = "All earlier ones are worth nothing now."
        return self._frame.page(request, "codes.html", title="New recovery codes", told=told, codes=codes)
