"""`/v1/grants`: for services that let somebody do something only while there is a grant for it."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, Security

from app.domain.refusals import NotKnown, NotPermitted, TokenRefused
from app.domain.token import Scope
from app.web.api.models import Check, ForWhom, Id, OfflineToken, Person, Used, Word
from app.web.api.services import BEARER, Services, token_of
from app.web.limits import CHECKS, STRANGERS

NAME = "^[a-z0-9][a-z0-9-]{0,63}$"
Subject = Annotated[str, Query(pattern=NAME, description="The id of a person in policy.", examples=["ana"])]
Action = Annotated[str, Query(pattern=NAME, examples=["prod-db-debug"])]


def routes(services: Services) -> APIRouter:
    """Make the routes."""
    api = APIRouter(prefix="/grants", tags=["grants"], dependencies=[Security(BEARER)])

    @api.get("/check")
    async def check(request: Request, subject: Subject, action: Action, resource: Word) -> Check:
        """Tell whether somebody may do something at this instant. It uses nothing up.

        People ask of themselves, machines of everyone.
        """
        try:
            caller, held = await services.tokens.check(token_of(request), subject, action, resource)
        except (TokenRefused, NotKnown):
            await services.limiter.take(STRANGERS, services.address(request).ip or "unknown")
            raise
        await services.limiter.take(CHECKS, caller.token.owner)
        caller.require(Scope.CHECK)
        if not caller.is_machine and caller.by.id != subject:
            raise NotPermitted("People check their own grants alone; machines those of everyone.")
        if held is None:
            return Check(allowed=False)
        return Check(allowed=True, grant=held.grant, ends_at=held.ends_at, single_use=held.single_use)

    @api.post("/{grant_id}/consume")
    async def consume(request: Request, grant_id: Id) -> Used:
        """Use up a grant that is good for one use. Whoever is first gets this answer, everyone else 409."""
        calling = await services.calling(request)
        calling.caller.require(Scope.CONSUME)
        used = await services.workflow.consume(grant_id, calling.caller.by, calling.address.ip)
        requester = used.requester
        return Used(
            grant=used.id,
            subject=Person(id=requester.id, name=requester.name),
            action=used.action,
            resource=used.resource,
            used_by=calling.caller.by.id,
        )

    @api.post("/{grant_id}/token")
    async def token(request: Request, response: Response, grant_id: Id, sent: ForWhom) -> OfflineToken:
        """Get a signed token of a live grant, which one service believes for up to 5 minutes without asking.

        **It is not revocable.** Policy has to say `offline: true` of the action. People have those of their own
        grants, machines with the scope `offline` those of everyone. `/.well-known/jwks.json` has the keys.
        """
        calling = await services.calling(request)
        calling.caller.require(Scope.REQUEST, Scope.OFFLINE)
        services.signer.require()
        by, ip = calling.caller.by, calling.address.ip
        may_all = Scope.OFFLINE in calling.caller.scopes
        claims = await services.workflow.issue_offline(grant_id, by, sent.audience, ip, for_all=may_all)
        response.headers["Cache-Control"] = "no-store"
        return OfflineToken(
            token=services.signer.sign(claims), audience=claims.audience, expires_at=claims.expires_at
        )

    return api
