"""`/v1/grants`: for services that let somebody do something only while there is a grant for it."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, Security

from app.domain.refusals import DigestMismatch, DigestNeeded, NotKnown, NotPermitted, TokenRefused
from app.domain.token import Scope
from app.web.api.models import DIGEST, About, Check, ForWhom, Id, OfflineToken, Person, Used, Word
from app.web.api.services import BEARER, Services, token_of
from app.web.limits import CHECKS

NAME = "^[a-z0-9][a-z0-9-]{0,63}$"
Subject = Annotated[str, Query(pattern=NAME, description="The id of a person in policy.", examples=["ana"])]
Action = Annotated[str, Query(pattern=NAME, examples=["prod-db-debug"])]

Digest = Annotated[
    str,
    Query(
        pattern=f"^$|{DIGEST}",
        description="SHA-256 over the canonical JSON (RFC 8785) of the command or the parameters, in hexadecimal.",
    ),
]
NOTHING_SAID = About()


def routes(services: Services) -> APIRouter:
    """Make the routes."""
    api = APIRouter(prefix="/grants", tags=["grants"], dependencies=[Security(BEARER)])

    @api.get("/check")
    async def check(
        request: Request, subject: Subject, action: Action, resource: Word, digest: Digest = ""
    ) -> Check:
        """Tell whether somebody may do something at this instant. It uses nothing up.

        People ask of themselves, machines of everyone. Where there is only a grant that is bound to one exact
        command or parameters, and `digest` is not theirs, the answer is 403.
        """
        try:
            caller, found = await services.tokens.look(token_of(request), subject, action, resource, digest)
        except (TokenRefused, NotKnown) as no:
            await services.count_stranger(no, services.address(request))
            raise
        await services.limiter.take(CHECKS, caller.token.owner)
        caller.require(Scope.CHECK)
        if not caller.is_machine and caller.by.id != subject:
            raise NotPermitted("People check their own grants alone; machines those of everyone.")
        held = found.held
        if held is None and found.elsewhere:
            raise DigestMismatch(found.elsewhere) if digest else DigestNeeded(found.elsewhere)
        if held is None:
            return Check(allowed=False)
        return Check(
            allowed=True,
            grant=held.grant,
            ends_at=held.ends_at,
            single_use=held.single_use,
            digest=held.digest or None,
        )

    @api.post("/{grant_id}/consume")
    async def consume(request: Request, grant_id: Id, about: About = NOTHING_SAID) -> Used:
        """Use up a grant that is good for one use. Whoever is first gets this answer, everyone else 409.

        One that is bound to an exact command or parameters is used for these alone: say them, or their digest.
        """
        calling = await services.calling(request)
        calling.caller.require(Scope.CONSUME)
        used = await services.workflow.consume(grant_id, calling.caller.by, calling.address.ip, about.said)
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
