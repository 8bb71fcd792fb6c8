"""IAM Identity Center: for each grant an assignment of a permission set, and none when it ends."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar

from app.connectors.aws import center_settings as written
from app.connectors.aws.api import Aws
from app.connectors.aws.assignments import Assignments
from app.connectors.aws.claims import Assignment, Claim
from app.connectors.mark import Mark
from app.connectors.protocol import Capabilities, ConnectorFailed, Found, Granted, Unfit, parameters_of
from app.domain.request import Lease, Request


class IdentityCenter:
    """Assigns users. Assignments know no time: the bot ends them, and the reconciler if it was away.

    An assignment bears no mark and cannot be had twice. So every grant claims it by a tag of the permission set: what
    nobody claims is a person's and is left alone, and what two grants claim goes with the second.
    """

    Settings = written.Settings
    Parameters = written.Parameters
    capabilities: ClassVar[Capabilities] = Capabilities(native_expiry=False, ends_sessions=False)

    def __init__(self, name: str, settings: written.Settings, mark: Mark) -> None:
        self.name = name
        self._settings = settings
        self._mark = mark
        self._aws = Aws(settings)
        self._assignments = Assignments(self._aws, settings.instance)

    def plan(self, request: Request) -> Sequence[str]:
        wanted = self._assignment(request)
        name = parameters_of(request, written.Parameters).permission_set
        return (
            f"AWS: the permission set {name} in the account {wanted.account}, for the user {wanted.user}",
            "when it ends the assignment is deleted; a session that is open goes on until it expires",
        )

    def place(self, request: Request) -> str:
        """The permission set alone: its tags tell account and user."""
        return f"the permission set {self._set(request)}"

    async def grant(self, request: Request, key: str) -> Granted:
        try:
            wanted = self._assignment(request)
        except Unfit as unfit:
            raise ConnectorFailed(str(unfit)) from None
        if request.ends_at is None:
            raise ConnectorFailed("the grant has no end")
        await self._claim(Claim(key, wanted, request.ends_at, is_ending=False))
        await self._assignments.make(wanted, key)
        await self._must_still_hold(wanted, key)
        name = parameters_of(request, written.Parameters).permission_set
        summary = f"{name} in {wanted.account}"
        return Granted(Lease(connector=self.name, reference=f"{name}/{key}", summary=summary))

    async def extend(self, request: Request, key: str) -> None:
        permission_set = self._set_still(request)
        mine = await self._assignments.claim_of(permission_set, key)
        if mine is None or mine.is_ending or not await self._assignments.stands(mine.assignment):
            raise ConnectorFailed("its assignment is not there")
        if request.ends_at is not None:
            await self._assignments.claim(mine._replace(ends_at=request.ends_at))

    async def revoke(self, request: Request, key: str) -> None:
        await self._take_back(self._set_still(request), key)

    async def check(self) -> None:
        """Read what is claimed and assigned, and set and remove a tag that claims nothing."""
        for permission_set in self._settings.permission_sets.values():
            key = f"{self._mark.prefix}check"
            nothing = Claim(key, Assignment(permission_set, "0", "0"), datetime.now(UTC), is_ending=True)
            await self._assignments.claim(nothing)
            await self._assignments.forget(permission_set, key)
            for account in sorted(set(self._settings.accounts.values())):
                await self._assignments.users(permission_set, account)
            await self._assignments.nothing_under_way(nothing.assignment, key)

    async def list_active(self) -> Sequence[Found]:
        """List claims; not those of which somebody else deleted the assignment, so that it is told as missing.

        Their ends are told though AWS keeps none: one that is too early is moved as for a target that does.
        """
        found: list[Found] = []
        now = datetime.now(UTC)
        for name, permission_set in self._settings.permission_sets.items():
            users: dict[str, set[str]] = {}
            for claim in (await self._assignments.claims(permission_set)).values():
                if self._mark.request_in(claim.key) is None:
                    continue
                account = claim.assignment.account
                if claim.holds(now) and account not in users:
                    users[account] = await self._assignments.users(permission_set, account)
                if not claim.holds(now) or claim.assignment.user in users[account]:
                    found.append(Found(claim.key, name, claim.ends_at))
        return found

    async def remove(self, found: Found) -> None:
        permission_set = self._settings.permission_sets.get(found.place)
        if permission_set and self._mark.request_in(found.key):
            await self._take_back(permission_set, found.key)

    async def close(self) -> None:
        self._aws.close()

    async def _claim(self, claim: Claim) -> None:
        """Say that an assignment is to stand for a grant; refuse where a person made it."""
        claims = await self._assignments.claims(claim.assignment.permission_set)
        mine = claims.get(claim.key)
        if mine and (mine.is_ending or mine.assignment != claim.assignment):
            raise ConnectorFailed("it is being ended")
        if await self._is_a_persons(claim.assignment):
            raise ConnectorFailed(
                f"the user has this permission set in {claim.assignment.account} already, and by no grant; "
                "whoever assigned it can take it away"
            )
        await self._assignments.claim(claim)

    async def _is_a_persons(self, assignment: Assignment) -> bool:
        """Tell whether it stands and nobody claims it. It looks twice: a grant may come or go between two looks."""
        for _ in range(2):
            claims = (await self._assignments.claims(assignment.permission_set)).values()
            is_claimed = any(each.assignment == assignment for each in claims)
            if is_claimed or not await self._assignments.stands(assignment):
                return False
        return True

    async def _must_still_hold(self, wanted: Assignment, key: str) -> None:
        """See that it stands for us: meanwhile another grant's end may have deleted it, or we may have been ended."""
        mine = await self._assignments.claim_of(wanted.permission_set, key)
        if mine is None or mine.is_ending:
            await self._unless_claimed(wanted, key)
            raise ConnectorFailed("it was ended meanwhile")
        if not await self._assignments.stands(wanted):
            await self._assignments.make(wanted, key)

    async def _take_back(self, permission_set: str, key: str) -> None:
        """End a claim, and its assignment where no other claim holds it."""
        mine = await self._assignments.claim_of(permission_set, key)
        if mine is None:
            return  # a claim is there before its assignment
        if not mine.is_ending:
            await self._assignments.claim(mine._replace(is_ending=True))
        await self._assignments.nothing_under_way(mine.assignment, key)
        await self._unless_claimed(mine.assignment, key)
        await self._assignments.forget(permission_set, key)

    async def _unless_claimed(self, unwanted: Assignment, key: str) -> None:
        """Delete an assignment that no other grant holds; what was claimed while it was deleted is made again."""
        if await self._is_held(unwanted, key):
            return
        await self._assignments.delete(unwanted, key)
        if await self._is_held(unwanted, key):
            await self._assignments.make(unwanted, key)

    async def _is_held(self, assignment: Assignment, key: str) -> bool:
        now = datetime.now(UTC)
        claims = (await self._assignments.claims(assignment.permission_set)).values()
        return any(each.assignment == assignment and each.key != key and each.holds(now) for each in claims)

    def _assignment(self, request: Request) -> Assignment:
        """Find what a request is to be given, and as which user. Raises Unfit."""
        permission_set = self._set(request)
        account = self._settings.accounts.get(request.resource)
        if account is None:
            raise Unfit(f"the connector {self.name} has no account for {request.resource}")
        user = self._settings.people.get(request.requester.id)
        if user is None:
            raise Unfit(f"the connector {self.name} has no user for {request.requester.id} in its people")
        return Assignment(permission_set, account, user)

    def _set(self, request: Request) -> str:
        """Find the permission set that an action names. Raises Unfit."""
        name = parameters_of(request, written.Parameters).permission_set
        found = self._settings.permission_sets.get(name)
        if found is None:
            raise Unfit(f"the connector {self.name} has no permission set {name}")
        return found

    def _set_still(self, request: Request) -> str:
        """Find the permission set of what was given before. Who has it where is in its claim."""
        try:
            return self._set(request)
        except Unfit as unfit:
            raise ConnectorFailed(f"{unfit} any more; name it again in JIT_CONNECTORS") from None
