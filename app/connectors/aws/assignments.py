"""Assignments of an instance of IAM Identity Center, and tags of its permission sets.

AWS takes an order to make or delete an assignment, and carries it out later:
https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_CreateAccountAssignment.html
"""

import asyncio
from collections.abc import Iterable
from typing import Any, Literal

from app.connectors.aws.api import Answer, Aws, Refused
from app.connectors.aws.claims import Assignment, Claim, read_claims
from app.connectors.protocol import ConnectorFailed

LOOKS_EVERY = 1.0
"""Seconds between two looks at an order that is carried out."""
CONFLICTS = 5
Order = Literal["creation", "deletion"]
VERBS: dict[Order, str] = {"creation": "create", "deletion": "delete"}


class Assignments:
    """What the connector asks of the instance. Each call may raise ConnectorFailed."""

    def __init__(self, aws: Aws, instance: str) -> None:
        self._aws = aws
        self._instance = instance
        self._landing: dict[str, asyncio.Future[Answer]] = {}

    async def make(self, wanted: Assignment, key: str) -> None:
        """Make an assignment, or find it there, and see AWS carry it out."""
        await self._carry_out("creation", await self._order("creation", wanted, key))

    async def delete(self, unwanted: Assignment, key: str) -> None:
        """Delete an assignment and see it gone; it is no error when there is none."""
        try:
            await self._carry_out("deletion", await self._order("deletion", unwanted, key))
        except Refused as refused:
            if refused.code != "ResourceNotFoundException":
                raise
        except ConnectorFailed:
            if await self.stands(unwanted):
                raise

    async def stands(self, assignment: Assignment) -> bool:
        return assignment.user in await self.users(assignment.permission_set, assignment.account)

    async def users(self, permission_set: str, account: str) -> set[str]:
        """List users who have a permission set in an account themselves, and not by a group."""
        listed = await self._pages(
            "list_account_assignments",
            "AccountAssignments",
            AccountId=account,
            PermissionSetArn=permission_set,
        )
        return {each["PrincipalId"] for each in listed if each["PrincipalType"] == "USER"}

    async def nothing_under_way(self, assignment: Assignment, key: str) -> None:
        """Wait until no order to make it is on its way or being carried out: one that died before may have left it."""
        if landing := self._landing.get(key):
            await asyncio.wait({landing})
        while await self._is_being_made(assignment):  # noqa: ASYNC110  it is AWS's to say
            await asyncio.sleep(LOOKS_EVERY)

    async def claims(self, permission_set: str) -> dict[str, Claim]:
        tags = await self._pages("list_tags_for_resource", "Tags", ResourceArn=permission_set)
        return read_claims(permission_set, ((tag["Key"], tag["Value"]) for tag in tags))

    async def claim_of(self, permission_set: str, key: str) -> Claim | None:
        """Find a grant's claim. It looks twice: what was just written, or moved between two pages, may not be seen."""
        if found := (await self.claims(permission_set)).get(key):
            return found
        await asyncio.sleep(LOOKS_EVERY)
        return (await self.claims(permission_set)).get(key)

    async def claim(self, claim: Claim) -> None:
        tags = [{"Key": claim.key, "Value": claim.value}]
        await self._ask("tag_resource", ResourceArn=claim.assignment.permission_set, Tags=tags)

    async def forget(self, permission_set: str, key: str) -> None:
        await self._ask("untag_resource", ResourceArn=permission_set, TagKeys=[key])

    async def _order(self, order: Order, assignment: Assignment, key: str) -> dict[str, Any]:
        """Give an order. One that is cancelled here may still arrive, so it is remembered until it is answered."""
        for left in reversed(range(CONFLICTS)):
            given = asyncio.ensure_future(
                self._ask(
                    f"{VERBS[order]}_account_assignment",
                    PermissionSetArn=assignment.permission_set,
                    TargetType="AWS_ACCOUNT",
                    TargetId=assignment.account,
                    PrincipalType="USER",
                    PrincipalId=assignment.user,
                )
            )
            if order == "creation":
                self._landing[key] = given
            given.add_done_callback(lambda done: self._landed(key, done))
            try:
                return _status(await asyncio.shield(given), order)
            except Refused as refused:
                if refused.code != "ConflictException" or not left:
                    raise
            await asyncio.sleep(LOOKS_EVERY)
        raise ConnectorFailed("AWS is at this assignment without an end")

    def _landed(self, key: str, done: "asyncio.Future[Answer]") -> None:
        if self._landing.get(key) is done:
            del self._landing[key]
        if not done.cancelled():
            done.exception()  # whoever waits is told; nobody else is to be

    async def _carry_out(self, order: Order, status: dict[str, Any]) -> None:
        while status["Status"] == "IN_PROGRESS":
            await asyncio.sleep(LOOKS_EVERY)
            status = await self._look(order, status["RequestId"])
        if status["Status"] != "SUCCEEDED":
            why = " ".join(str(status.get("FailureReason") or "without a reason").split())[:300]
            raise ConnectorFailed(f"AWS could not {VERBS[order]} the assignment: {why}")

    async def _look(self, order: Order, request_id: str) -> dict[str, Any]:
        name = f"AccountAssignment{order.capitalize()}RequestId"
        answer = await self._ask(f"describe_account_assignment_{order}_status", **{name: request_id})
        return _status(answer, order)

    async def _is_being_made(self, assignment: Assignment) -> bool:
        under_way = await self._pages(
            "list_account_assignment_creation_status",
            "AccountAssignmentsCreationStatus",
            Filter={"Status": "IN_PROGRESS"},
        )
        for each in under_way:
            seen = await self._look("creation", each["RequestId"])
            made = (seen.get("PermissionSetArn"), seen.get("TargetId"), seen.get("PrincipalId"))
            if made == tuple(assignment) and seen["Status"] == "IN_PROGRESS":
                return True
        return False

    async def _pages(self, operation: str, listed: str, **arguments: Any) -> Iterable[Any]:
        found: list[Any] = []
        while True:
            page = await self._ask(operation, **arguments)
            found += page.get(listed) or []
            if not page.get("NextToken"):
                return found
            arguments["NextToken"] = page["NextToken"]

    async def _ask(self, operation: str, **arguments: Any) -> Answer:
        return await self._aws.ask("sso-admin", operation, InstanceArn=self._instance, **arguments)


def _status(answer: Answer, order: Order) -> dict[str, Any]:
    """Read how an order stands. Raises ConnectorFailed."""
    status = answer.get(f"AccountAssignment{order.capitalize()}Status")
    if not isinstance(status, dict) or not status.get("Status"):
        raise ConnectorFailed("what answers for sso-admin is no AWS")
    return status
