"""Bindings of roles over the API server, by the official client: its calls block, so they run in threads of our own.

https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/role-binding-v1/
"""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from kubernetes import client, config
from urllib3.exceptions import HTTPError

from app.connectors.kubernetes.settings import Settings
from app.connectors.protocol import ConnectorFailed
from app.connectors.settings import ConnectorsError

CONNECTS_WITHIN, ANSWERS_WITHIN = 4.0, 8.0
MOST = 8
PAGE = 250
SHOWN = 300
Place = str | None
"""A namespace, or None for the cluster as a whole."""


class Refused(ConnectorFailed):
    """The API server's own answer, with its HTTP status."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


class Bindings:
    """The calls that are needed, in a namespace and for the cluster alike. Each may raise ConnectorFailed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._threads = ThreadPoolExecutor(MOST, thread_name_prefix="kubernetes")
        self._where = settings.server or "the API server of this cluster"

    async def create(self, place: Place, body: dict[str, Any]) -> None:
        if place is None:
            await self._ask(lambda api: api.create_cluster_role_binding(body, **TIMES))
        else:
            await self._ask(lambda api: api.create_namespaced_role_binding(place, body, **TIMES))

    async def read(self, place: Place, name: str) -> Any | None:
        """Give a binding, or None where there is none."""
        try:
            if place is None:
                return await self._ask(lambda api: api.read_cluster_role_binding(name, **TIMES))
            return await self._ask(lambda api: api.read_namespaced_role_binding(name, place, **TIMES))
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    async def patch(self, place: Place, name: str, body: dict[str, Any]) -> None:
        if place is None:
            await self._ask(lambda api: api.patch_cluster_role_binding(name, body, **TIMES))
        else:
            await self._ask(lambda api: api.patch_namespaced_role_binding(name, place, body, **TIMES))

    async def delete(self, place: Place, seen: Any) -> None:
        """Delete a binding as it was seen, and no other of its name; 409 where it is another by now."""
        name = seen.metadata.name
        as_seen = client.V1Preconditions(
            uid=seen.metadata.uid, resource_version=seen.metadata.resource_version
        )
        body = client.V1DeleteOptions(preconditions=as_seen)
        if place is None:
            await self._ask(lambda api: api.delete_cluster_role_binding(name, body=body, **TIMES))
        else:
            await self._ask(lambda api: api.delete_namespaced_role_binding(name, place, body=body, **TIMES))

    async def listed(self, place: Place, selector: str) -> list[Any]:
        """List all pages; from the beginning once more where the list has expired meanwhile (410)."""
        try:
            return await self._pages(place, selector)
        except Refused as refused:
            if refused.status != 410:
                raise
            return await self._pages(place, selector)

    async def may(self, place: Place, verb: str) -> bool:
        """Ask the API server whether we may do that to bindings."""
        resource = "clusterrolebindings" if place is None else "rolebindings"
        attributes = {"group": "rbac.authorization.k8s.io", "resource": resource, "verb": verb}
        body = {"spec": {"resourceAttributes": attributes | ({"namespace": place} if place else {})}}

        def ask(api: Any) -> Any:
            reviews: Any = client.AuthorizationV1Api(api.api_client)
            return reviews.create_self_subject_access_review(body, **TIMES)

        return (await self._ask(ask)).status.allowed is True

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _pages(self, place: Place, selector: str) -> list[Any]:
        found: list[Any] = []
        wanted = {"label_selector": selector, "limit": PAGE, **TIMES}
        while True:
            if place is None:
                page = await self._ask(lambda api: api.list_cluster_role_binding(**wanted))
            else:
                page = await self._ask(lambda api: api.list_namespaced_role_binding(place, **wanted))
            found += page.items
            if not page.metadata._continue:  # noqa: SLF001  the client's name for a word that Python keeps
                return found
            wanted["_continue"] = page.metadata._continue  # noqa: SLF001

    async def _ask(self, call: Callable[[Any], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._call, call)

    def _call(self, call: Callable[[Any], Any]) -> Any:
        try:
            with client.ApiClient(self._configuration()) as opened:
                return call(client.RbacAuthorizationV1Api(opened))
        except client.ApiException as error:
            raise Refused(error.status, f"Kubernetes at {self._where}: {_said(error)}") from None
        except (HTTPError, OSError) as error:
            said = type(error).__name__
            raise ConnectorFailed(f"Kubernetes at {self._where} does not answer ({said})") from None
        except (ValueError, TypeError, AttributeError):
            raise ConnectorFailed(f"what answers at {self._where} is no Kubernetes") from None
        except (ConnectorsError, config.ConfigException) as error:
            raise ConnectorFailed(str(error)) from None

    def _configuration(self) -> Any:
        """Read token and authority anew each time, so that new ones are taken."""
        made = client.Configuration()
        if self._settings.server is None or self._settings.token is None:
            load: Any = config.load_incluster_config  # it has no types
            load(client_configuration=made)
        else:
            made.host = self._settings.server
            made.api_key = {"authorization": f"Bearer {self._settings.token.read().get_secret_value()}"}
            made.ssl_ca_cert = str(self._settings.ca) if self._settings.ca else None
        made.retries = False  # nor redirects: the token goes where the settings say
        return made


TIMES: dict[str, Any] = {"_request_timeout": (CONNECTS_WITHIN, ANSWERS_WITHIN)}


def _said(error: Any) -> str:
    """Give the message of the Status that the server sent, or its HTTP status."""
    try:
        said = str(json.loads(error.body)["message"])
    except (ValueError, TypeError, KeyError):
        said = f"HTTP {error.status}"
    return " ".join(said.split())[:SHOWN]
