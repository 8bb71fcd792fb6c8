"""Kubernetes: for each grant a binding of a role that policy names, and gone when it ends."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from app.connectors.kubernetes import settings as written
from app.connectors.kubernetes.bindings import Bindings, Place, Refused
from app.connectors.mark import Mark
from app.connectors.protocol import Capabilities, ConnectorFailed, Found, Granted, Unfit, parameters_of
from app.domain.request import Lease, Request

GROUP = "rbac.authorization.k8s.io"
OURS, GRANT, ENDS = "jit-approval/installation", "jit-approval/grant", "jit-approval/ends-at"
NEEDED = ("create", "get", "list", "patch", "delete")
TRIES = 4
WHOLE = "the cluster"


class Kubernetes:
    """Makes RoleBindings. RBAC knows no time: the bot ends them, and the reconciler if it was away.

    Each call to the API server is looked at anew, so they end at once; what streams already (`exec`, `port-forward`,
    `watch`) goes on until it closes, which no binding can change.
    """

    Settings = written.Settings
    Parameters = written.Parameters
    capabilities: ClassVar[Capabilities] = Capabilities(native_expiry=False, ends_sessions=False)

    def __init__(self, name: str, settings: written.Settings, mark: Mark) -> None:
        self.name = name
        self._settings = settings
        self._mark = mark
        self._bindings = Bindings(settings)

    def plan(self, request: Request) -> Sequence[str]:
        place, user = self._place(request), self._user(request)
        wanted = parameters_of(request, written.Parameters)
        if place is None and wanted.kind == "Role":
            raise Unfit("kind: a Role is of one namespace; for the whole cluster it must be ClusterRole")
        return (
            f"Kubernetes: {wanted.kind} {wanted.role} in {place or WHOLE}, for the user {user}",
            "when it ends the binding is deleted; what streams already (exec, port-forward) is not cut off",
        )

    def place(self, request: Request) -> str:
        """By its address, since a cluster has no other name; one that the bot is in has none at all."""
        found = self._place(request)
        where = f"the namespace {found}" if found else WHOLE
        return f"{where} at {(self._settings.server or 'the API server of the bot').rstrip('/')}"

    async def grant(self, request: Request, key: str) -> Granted:
        if request.ends_at is None:
            raise ConnectorFailed("the grant has no end")
        try:
            self.plan(request)
            place, body = self._place(request), self._binding(request, key, request.ends_at)
        except Unfit as unfit:
            raise ConnectorFailed(str(unfit)) from None
        await self._make(place, key, body)
        role = body["roleRef"]
        summary = f"{role['kind']} {role['name']} in {place or WHOLE}"
        return Granted(Lease(connector=self.name, reference=f"{place or WHOLE}/{key}", summary=summary))

    async def extend(self, request: Request, key: str) -> None:
        if request.ends_at is None:
            return
        place = self._place_still(request)
        seen = await self._bindings.read(place, key)
        if seen is None:
            raise ConnectorFailed("its binding is not there")
        await self._move_end(place, self._ours(seen, key), request.ends_at.isoformat())

    async def revoke(self, request: Request, key: str) -> None:
        await self._delete(self._place_still(request), key)

    async def check(self) -> None:
        for place in self._settings.places:
            lacking = [verb for verb in NEEDED if not await self._bindings.may(place, verb)]
            if lacking:
                kind = "rolebindings" if place else "clusterrolebindings"
                verbs = ", ".join(lacking)
                raise ConnectorFailed(
                    f"the bot may not {verbs} {kind} in {place or WHOLE}; its role must let it"
                )

    async def list_active(self) -> Sequence[Found]:
        found: list[Found] = []
        for place in self._settings.places:
            listed = await self._bindings.listed(place, f"{OURS}={self._mark.installation}")
            names = [seen.metadata.name for seen in listed if self._is_ours(seen)]
            found += [Found(name, place or WHOLE) for name in names if self._mark.request_in(name)]
        return found

    async def remove(self, found: Found) -> None:
        for place in self._settings.places:
            if (place or WHOLE) == found.place and self._mark.request_in(found.key):
                await self._delete(place, found.key)

    async def close(self) -> None:
        self._bindings.close()

    async def _make(self, place: Place, key: str, body: dict[str, Any]) -> None:
        """Create a binding, or find it there as it is to be; one of ours that is otherwise is made anew."""
        for _ in range(TRIES):
            try:
                await self._bindings.create(place, body)
            except Refused as refused:
                if refused.status != 409:
                    raise
            else:
                return
            seen = await self._bindings.read(place, key)
            if seen is None:
                continue
            if _is_as(self._ours(seen, key), body):
                await self._move_end(place, seen, body["metadata"]["annotations"][ENDS])
                return
            await self._delete(place, key)
        raise ConnectorFailed(f"the binding {key} comes and goes; is another bot of this name at work?")

    async def _delete(self, place: Place, key: str) -> None:
        """Delete a binding and see that it is gone: with a finalizer it stays, and still gives access."""
        for _ in range(TRIES):
            seen = await self._bindings.read(place, key)
            if seen is None:
                return
            self._ours(seen, key)
            try:
                await self._bindings.delete(place, seen)
            except Refused as refused:
                if refused.status not in {404, 409}:
                    raise
        if await self._bindings.read(place, key) is not None:
            raise ConnectorFailed(
                f"the binding {key} in {place or WHOLE} is still there; has it a finalizer?"
            )

    async def _move_end(self, place: Place, seen: Any, ends: str) -> None:
        if seen.metadata.deletion_timestamp:
            raise ConnectorFailed(f"the binding {seen.metadata.name} is being deleted")
        version = seen.metadata.resource_version
        body = {"metadata": {"resourceVersion": version, "annotations": {ENDS: ends}}}
        await self._bindings.patch(place, seen.metadata.name, body)

    def _ours(self, seen: Any, key: str) -> Any:
        if not self._is_ours(seen):
            raise ConnectorFailed(f"the binding {key} has not our label {OURS}, and is left alone")
        return seen

    def _is_ours(self, seen: Any) -> bool:
        return bool((seen.metadata.labels or {}).get(OURS) == self._mark.installation)

    def _binding(self, request: Request, key: str, ends_at: datetime) -> dict[str, Any]:
        wanted = parameters_of(request, written.Parameters)
        return {
            "metadata": {
                "name": key,
                "labels": {
                    "app.kubernetes.io/managed-by": "jit-approval",
                    OURS: self._mark.installation,
                    GRANT: key,
                },
                "annotations": {ENDS: ends_at.isoformat()},
            },
            "roleRef": {"apiGroup": GROUP, "kind": wanted.kind, "name": wanted.role},
            "subjects": [{"apiGroup": GROUP, "kind": "User", "name": self._user(request)}],
        }

    def _user(self, request: Request) -> str:
        """Find the user that the requester is in the cluster. Raises Unfit."""
        user = self._settings.people.get(request.requester.id)
        if user is None:
            raise Unfit(f"the connector {self.name} has no user for {request.requester.id} in its people")
        return user

    def _place(self, request: Request) -> Place:
        """Find where a resource is. Raises Unfit."""
        if request.resource in self._settings.cluster_wide:
            return None
        if found := self._settings.namespaces.get(request.resource):
            return found
        raise Unfit(f"the connector {self.name} has no namespace for {request.resource}")

    def _place_still(self, request: Request) -> Place:
        """The same for what was given before: settings that name it no more are to be mended."""
        try:
            return self._place(request)
        except Unfit as unfit:
            raise ConnectorFailed(f"{unfit} any more; name it again in JIT_CONNECTORS") from None


def _is_as(seen: Any, body: dict[str, Any]) -> bool:
    """Tell whether a binding gives what it is to give, to whom, and nothing more."""
    role = {"apiGroup": seen.role_ref.api_group, "kind": seen.role_ref.kind, "name": seen.role_ref.name}
    people = [
        {"apiGroup": each.api_group, "kind": each.kind, "name": each.name} for each in seen.subjects or ()
    ]
    return (role, people) == (body["roleRef"], body["subjects"])
