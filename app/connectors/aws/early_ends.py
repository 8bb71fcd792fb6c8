"""Early ends: AWS cannot take credentials back, so a policy of the role denies everything to a grant's sessions.

It is what AWS describes for revoking sessions, for the sessions of one grant and no other:
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
One policy for each grant: several bots write at a time, and a list of them in one policy would lose some.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from app.connectors.aws.api import Answer, Aws, Refused, clock_of
from app.connectors.aws.session import ending_policy
from app.connectors.mark import Mark
from app.connectors.protocol import ConnectorFailed

STAMP = "%Y%m%dT%H%M%SZ"
KEPT_FOR = timedelta(minutes=1)
"""So long after the sessions' end by AWS's clock a policy stays."""


class EarlyEnds:
    """Those of one role. What is not named as ours is neither read nor changed."""

    def __init__(self, aws: Aws, mark: Mark, arn: str, admin: str | None) -> None:
        self._aws = aws
        self._mark = mark
        self._name = arn.rpartition("/")[2]
        self._account = arn.split(":")[4]
        self._admin = admin
        self.arn = arn

    async def put(self, key: str, until: datetime) -> None:
        """Deny everything to a grant's sessions, of which none does anything from `until` on by itself."""
        session = await self.admin()
        name = f"{key}.{until.astimezone(UTC).strftime(STAMP)}"
        try:
            await self._ask(session, "put_role_policy", PolicyName=name, PolicyDocument=ending_policy(key))
        except Refused as refused:
            if refused.code == "NoSuchEntity":
                return  # without their role sessions may do nothing
            if refused.code == "LimitExceeded":
                raise ConnectorFailed(
                    f"the role {self._name} has no room for one more early end, and AWS gives no more; the credentials "
                    f"end by themselves at {until:%H:%M:%S} UTC"
                ) from None
            raise

    async def sweep(self) -> None:
        """Remove policies whose sessions are over by AWS's clock."""
        session = await self.admin()
        found, now = await self._names(session)
        for name in found:
            until = self._until(name)
            if until is not None and until + KEPT_FOR < now:
                await self._delete(session, name)

    async def check(self) -> None:
        """See that a policy can be put and removed. It denies what no session is called, and is gone again."""
        session, key = await self.admin(), f"{self._mark.prefix}check"
        await self._ask(session, "put_role_policy", PolicyName=key, PolicyDocument=ending_policy(key))
        await self._names(session)
        await self._delete(session, key)

    async def admin(self) -> Answer | None:
        """Be somebody of the role's account: elsewhere a role of the same name may be, and another one."""
        if self._admin:
            return await self._aws.ask(
                "sts",
                "assume_role",
                RoleArn=self._admin,
                RoleSessionName=f"{self._mark.prefix}bot",
                DurationSeconds=900,
            )
        ours = (await self._aws.ask("sts", "get_caller_identity")).get("Account")
        if ours != self._account:
            raise ConnectorFailed(
                f"the bot is of the account {ours}; name an admin role of {self._account} in the settings"
            )
        return None

    async def _names(self, session: Answer | None) -> tuple[list[str], datetime]:
        names: list[str] = []
        more: dict[str, Any] = {}
        while True:
            try:
                page = await self._ask(session, "list_role_policies", **more)
            except Refused as refused:
                if refused.code == "NoSuchEntity":
                    raise ConnectorFailed(f"there is no role {self.arn}") from None
                raise
            names += page["PolicyNames"]
            if not page.get("IsTruncated"):
                return names, clock_of(page)
            more = {"Marker": page["Marker"]}

    async def _delete(self, session: Answer | None, name: str) -> None:
        try:
            await self._ask(session, "delete_role_policy", PolicyName=name)
        except Refused as refused:
            if refused.code != "NoSuchEntity":
                raise

    async def _ask(self, session: Answer | None, operation: str, **arguments: Any) -> Answer:
        return await self._aws.ask("iam", operation, session=session, RoleName=self._name, **arguments)

    def _until(self, name: str) -> datetime | None:
        """Read when the sessions that a policy ends are over by themselves; None where it is none of ours."""
        key, _, stamp = name.partition(".")
        if self._mark.request_in(key) is None:
            return None
        try:
            return datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
        except ValueError:
            return None
