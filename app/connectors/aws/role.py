"""Roles of AWS: temporary credentials that end with the grant, and are denied everything where it ends early."""

import asyncio
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from pydantic import SecretStr

from app.connectors.aws import role_settings as written
from app.connectors.aws.api import Answer, Aws, clock_of
from app.connectors.aws.early_ends import EarlyEnds
from app.connectors.aws.role_settings import SHORTEST, Parameters, Place
from app.connectors.aws.session import compact, identity_of, session_policy
from app.connectors.mark import Mark
from app.connectors.protocol import (
    Capabilities,
    ConnectorFailed,
    Found,
    Granted,
    Secret,
    Unfit,
    parameters_of,
)
from app.domain.duration import format_duration
from app.domain.request import Lease, Request

FIXED = "the end of a session of AWS is fixed; ask anew for more time"
FAR = datetime(9999, 1, 1, tzinfo=UTC)


class AwsRole:
    """Takes a role for the requester by STS.

    AWS lists no sessions and takes none back. Their own policy ends them with the grant, to the second and by AWS's
    clock; a policy of the role ends them early.
    """

    Settings = written.Settings
    Parameters = Parameters
    capabilities: ClassVar[Capabilities] = Capabilities(
        native_expiry=True, ends_sessions=True, lists_all=False, moves_ends=False
    )

    def __init__(self, name: str, settings: written.Settings, mark: Mark) -> None:
        self.name = name
        self._settings = settings
        self._mark = mark
        self._aws = Aws(settings)
        self._ends = {
            settings.arn(place, role): EarlyEnds(aws=self._aws, mark=mark, arn=arn, admin=place.admin)
            for place in settings.accounts.values()
            for role in place.roles
            for arn in [settings.arn(place, role)]
        }

    def plan(self, request: Request) -> Sequence[str]:
        place, wanted = self._place(request), parameters_of(request, Parameters)
        session_policy(wanted, FAR)
        longest = timedelta(seconds=self._settings.longest)
        if request.duration > longest:
            raise Unfit(
                f"a session of {wanted.role} lasts {format_duration(longest)} at most; ask for less time"
            )
        lines = [f"AWS: credentials of the role {wanted.role} in the account {place.account}"]
        lines += [
            f"for {', '.join(each.actions)} on {', '.join(each.resources)} alone" for each in wanted.allow
        ]
        if wanted.managed:
            lines.append(f"within {', '.join(arn.partition(':policy/')[2] for arn in wanted.managed)}")
        if wanted.assume:
            lines.append("they may take other roles, in sessions that do not end with the grant")
        return (*lines, "when it ends they are denied everything; AWS may take a minute for an early end")

    def place(self, request: Request) -> str:
        return f"the role {self._settings.arn(self._place(request), parameters_of(request, Parameters).role)}"

    async def grant(self, request: Request, key: str) -> Granted:
        try:
            self.plan(request)
            place, wanted = self._place(request), parameters_of(request, Parameters)
            ends_at, seconds = self._time(request)
            policy = session_policy(wanted, ends_at)
        except Unfit as unfit:
            raise ConnectorFailed(str(unfit)) from None
        arn = self._settings.arn(place, wanted.role)
        await self._ends[arn].admin()  # what could not be ended early is not given
        identity = identity_of(key, request.requester.id)
        given = await self._assume(
            arn, identity, policy, seconds, **({"PolicyArns": _arns(wanted)} if wanted.managed else {})
        )
        summary = f"credentials of {wanted.role} in {place.account}, as {identity}"
        lease = Lease(connector=self.name, reference=f"{arn}/{identity}", summary=summary)
        return Granted(lease, _secret(given, place.region or self._settings.region))

    async def extend(self, request: Request, key: str) -> None:  # noqa: ARG002  the protocol's
        raise ConnectorFailed(FIXED)

    async def revoke(self, request: Request, key: str) -> None:
        try:
            role = parameters_of(request, Parameters).role
            ends = self._ends[self._settings.arn(self._place(request), role)]
        except Unfit as unfit:
            raise ConnectorFailed(f"{unfit} any more; name it again in JIT_CONNECTORS") from None
        if request.ends_at is None:
            return  # it never began
        over = request.ends_at.replace(microsecond=0)
        if clock_of(await self._aws.ask("sts", "get_caller_identity")) < over:
            await ends.put(key, request.ends_at)

    async def check(self) -> None:
        """Take each role for a session that may do nothing, and put and remove a policy that denies nobody."""
        nothing = compact(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
        )
        for arn, ends in self._ends.items():
            identity = identity_of(f"{self._mark.prefix}check", "doctor")
            await self._assume(arn, identity, nothing, self._settings.longest)
            await ends.check()

    async def list_active(self) -> Sequence[Found]:
        """List nothing, since AWS lists no sessions; and remove the early ends that are no longer needed."""
        await asyncio.gather(*(ends.sweep() for ends in self._ends.values()))
        return ()

    async def remove(self, found: Found) -> None:
        """End the sessions of a grant of which nothing else is known, for as long as one can last."""
        ends = self._ends.get(found.place)
        if ends and self._mark.request_in(found.key):
            await ends.put(found.key, datetime.now(UTC) + timedelta(seconds=self._settings.longest))

    async def close(self) -> None:
        self._aws.close()

    async def _assume(self, arn: str, identity: str, policy: str, seconds: int, **more: Any) -> Answer:
        return await self._aws.ask(
            "sts",
            "assume_role",
            RoleArn=arn,
            RoleSessionName=identity,
            SourceIdentity=identity,
            DurationSeconds=seconds,
            Policy=policy,
            **more,
        )

    def _time(self, request: Request) -> tuple[datetime, int]:
        """Give when a grant ends, and for how long its session is to be. Raises Unfit where nothing is left."""
        if request.ends_at is None:
            raise Unfit("the grant has no end")
        left = math.ceil((request.ends_at - datetime.now(UTC)).total_seconds())
        if left <= 0:
            raise Unfit("the grant is over")
        return request.ends_at, max(SHORTEST, min(left, self._settings.longest))

    def _place(self, request: Request) -> Place:
        """Find the account behind a resource, which must have the role. Raises Unfit."""
        place = self._settings.accounts.get(request.resource)
        if place is None:
            raise Unfit(f"the connector {self.name} has no account for {request.resource}")
        role = parameters_of(request, Parameters).role
        if role not in place.roles:
            raise Unfit(f"the connector {self.name} has no role {role} for {request.resource}")
        return place


def _arns(wanted: Parameters) -> list[dict[str, str]]:
    return [{"arn": each} for each in wanted.managed]


def _secret(given: Answer, region: str) -> Secret:
    """Give what AWS's own tools and libraries read. Raises ConnectorFailed."""
    try:
        told = given["Credentials"]
        found = {
            "AWS_ACCESS_KEY_ID": told["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": told["SecretAccessKey"],
            "AWS_SESSION_TOKEN": told["SessionToken"],
        }
    except (KeyError, TypeError):
        raise ConnectorFailed("AWS gave no credentials") from None
    environment = found | {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    return Secret(environment={name: SecretStr(value) for name, value in environment.items()})
