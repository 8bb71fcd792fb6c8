"""Vendors on loopback that speak what they document, keep what they are told, and misbehave as a test says.

Each waits for the deployments that a test puts before it, takes one final answer of each, and refuses a second one
with 422, as the vendors do. Who calls is checked: GitHub by a JWT of the App and a token of the installation, GitLab
by the token, Terraform by the run's own.
"""

import asyncio
import json
import re
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.connectors.receiver import service

APP, INSTALLATION = "Iv23liabcdef", 4711
GITLAB_TOKEN, RUN_TOKEN = "glpat-of-this-test", "4QEuyyxug1f2rw.atlasv1.of-this-test"
KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
).decode()
PUBLIC = RSAKey.import_key(
    KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
)
SAMPLES = Path(__file__).parent / "samples"
RUN = "30433642"
TASK = "5ea8d46c-2ceb-42cd-83f2-82e54697bddd"
SLOW, DIES, CUT = "slow", "dies", "cut"
Fault = int | str | tuple[int, dict[str, str]]


class Told(NamedTuple):
    """What a vendor was told, by whom it knows who calls."""

    vendor: str
    status: str
    comment: str
    body: Any


class Vendors:
    """All three, each below a path of its own."""

    def __init__(self) -> None:
        self.port = 0
        self.scheme = "http"
        self.host = "127.0.0.1"
        self.final: list[Told] = []
        """Answers that were taken as final, in order."""
        self.running: list[Told] = []
        self.calls: list[tuple[str, str]] = []
        """Every call: method and path."""
        self.headers: list[dict[str, str]] = []
        self.faults: dict[str, deque[Fault]] = {"answer": deque(), "token": deque(), "look": deque()}
        """What goes wrong with the next calls of a kind; after the effect where it is DIES."""
        self.gitlab_status = "blocked"
        self._answered: set[str] = set()
        self._tokens: set[str] = set()

    def api(self, vendor: str) -> str:
        path = {"github": "/github", "gitlab": "/gitlab/api/v4", "terraform": "/terraform/api/v2"}[vendor]
        return f"{self.scheme}://{self.host}:{self.port}{path}"

    def callback(self, vendor: str) -> str:
        tail = {
            "github": f"/repos/harbour/orders/actions/runs/{RUN}/deployment_protection_rule",
            "terraform": f"/task-results/{TASK}/callback",
        }
        return self.api(vendor) + tail[vendor]

    def fail(self, kind: str, *faults: Fault) -> None:
        self.faults[kind] += faults

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.calls.append((request.method, request.path))
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        kind = "token" if request.path.endswith("/access_tokens") else "answer"
        running = request.method == "PATCH" and '"running"' in await request.text()
        if request.method == "GET" or running:
            kind = "look"
        fault = self.faults[kind].popleft() if self.faults[kind] else None
        match fault:
            case int():
                return web.json_response({"message": f"fault {fault}"}, status=fault)
            case (status, headers):
                return web.json_response({}, status=status, headers=headers)
            case "slow":
                await asyncio.sleep(30)
            case "cut":
                _hang_up(request)
        answer = await self._answer(request)
        if fault == DIES:
            _hang_up(request)
        return answer

    async def _answer(self, request: web.Request) -> web.Response:
        for vendor in ("github", "gitlab", "terraform"):
            if request.path.startswith(f"/{vendor}/"):
                return await getattr(self, f"_{vendor}")(request)
        return web.json_response({"message": "Not Found"}, status=404)

    async def _github(self, request: web.Request) -> web.Response:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if request.path in {"/github/app", f"/github/app/installations/{INSTALLATION}/access_tokens"}:
            if not _is_app(bearer):
                return web.json_response({"message": "A JSON web token could not be decoded"}, status=401)
            if request.path == "/github/app":
                return web.json_response({"slug": "harbour-gate", "id": 7})
            wanted = await request.json()
            assert {"repository_ids": [35129377], "permissions": {"deployments": "write"}} == wanted
            token = f"ghs_{len(self._tokens)}_of_this_test"
            self._tokens.add(token)
            return web.json_response({"token": token, "expires_at": "2027-01-01T00:00:00Z"}, status=201)
        if bearer not in self._tokens:
            return web.json_response({"message": "Bad credentials"}, status=401)
        run = re.fullmatch(
            r"/github/repos/harbour/orders/actions/runs/(\d+)/deployment_protection_rule", request.path
        )
        body = await request.json()
        if run is None or body["environment_name"] != "production":
            return web.json_response({"message": "Not Found"}, status=404)
        if body["state"] not in {"approved", "rejected"} or len(body["comment"]) > 1024:
            return web.json_response({"message": "Invalid request"}, status=422)
        return self._take(f"github:{run[1]}", Told("github", body["state"], body["comment"], body), 204)

    async def _gitlab(self, request: web.Request) -> web.Response:
        if request.headers.get("PRIVATE-TOKEN") != GITLAB_TOKEN:
            return web.json_response({"message": "401 Unauthorized"}, status=401)
        if request.path == "/gitlab/api/v4/user":
            return web.json_response({"username": "harbour-gate", "id": 100})
        if request.path == "/gitlab/api/v4/projects/77/deployments/15":
            return web.json_response({"id": 15, "status": self.gitlab_status, "pending_approval_count": 1})
        if request.path != "/gitlab/api/v4/projects/77/deployments/15/approval":
            return web.json_response({"message": "404 Not found"}, status=404)
        body = await request.json()
        if body["status"] not in {"approved", "rejected"}:
            return web.json_response({"error": "status does not have a valid value"}, status=400)
        return self._take("gitlab:15", Told("gitlab", body["status"], body["comment"], body), 201)

    async def _terraform(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {RUN_TOKEN}":
            return web.json_response({"errors": [{"status": "401", "title": "unauthorized"}]}, status=401)
        if request.method != "PATCH" or request.path != f"/terraform/api/v2/task-results/{TASK}/callback":
            return web.json_response({"errors": [{"status": "404", "title": "not found"}]}, status=404)
        assert "application/vnd.api+json" == request.content_type
        body = json.loads(await request.text())
        attributes = body["data"]["attributes"]
        told = Told("terraform", attributes["status"], attributes.get("message", ""), body)
        if body["data"]["type"] != "task-results" or told.status not in {"running", "passed", "failed"}:
            return web.json_response({"errors": [{"status": "422"}]}, status=422)
        if told.status == "running" and f"terraform:{TASK}" not in self._answered:
            self.running.append(told)
            return web.Response(status=200)
        return self._take(f"terraform:{TASK}", told, 200)

    def _take(self, what: str, told: Told, status: int) -> web.Response:
        if what in self._answered:
            return web.json_response({"message": "It was answered already"}, status=422)
        self._answered.add(what)
        self.final.append(told)
        return web.Response(status=status)


def _hang_up(request: web.Request) -> None:
    assert request.transport
    request.transport.abort()
    raise asyncio.CancelledError


def _is_app(token: str) -> bool:
    """Look at a JWT as GitHub documents it: RS256, of this App, begun and at most ten minutes ahead."""
    try:
        found = jwt.decode(token, PUBLIC, algorithms=["RS256"])
    except Exception:  # noqa: BLE001  whatever it is, it is no token
        return False
    now, claims = time.time(), found.claims
    return claims["iss"] == APP and claims["iat"] <= now < claims["exp"] <= now + 600


@asynccontextmanager
async def at_loopback(host: str = "127.0.0.1", **site: Any) -> AsyncIterator[Vendors]:
    """Serve them all."""
    vendors = Vendors()
    async with service(vendors.serve, **site) as port:
        vendors.port, vendors.host = port, host
        vendors.scheme = "https" if site.get("ssl_context") else "http"
        yield vendors


def settings_of(vendors: Vendors, folder: Path, **changed: Any) -> Path:
    """Write the file of JIT_GATES for them."""
    import yaml

    key = folder / "app.pem"
    key.write_text(PEM)
    key.chmod(0o600)
    token = folder / "gitlab-token"
    token.write_text(GITLAB_TOKEN)
    token.chmod(0o600)
    near = {"networks": ["127.0.0.1/32"], "timeout": 5} | changed
    written = {
        "github": {"api": vendors.api("github"), "app": APP, "key": {"file": str(key)}, **near},
        "gitlab": {
            "api": vendors.api("gitlab"), "token": {"file": str(token)}, "represented_as": "release", **near,
        },
        "terraform": {"api": vendors.api("terraform"), **near},
    }  # fmt: skip
    file = folder / "gates.yaml"
    file.write_text(yaml.safe_dump({"gates": written}))
    return file


def event_of(vendors: Vendors, vendor: str) -> dict[str, Any]:
    """A vendor's sample, of a deployment that waits there."""
    event: dict[str, Any] = json.loads((SAMPLES / f"{vendor}.json").read_text())
    if vendor == "github":
        event["deployment_callback_url"] = vendors.callback("github")
    if vendor == "terraform":
        event |= {"access_token": RUN_TOKEN, "task_result_callback_url": vendors.callback("terraform")}
    return event
