"""A server that speaks the documented API of Google's policies: what is tested with it is tested on the wire only.

Etags, versions, conditions that are hidden from who asks for no version 3, `ABORTED` and the three ways to a token are
as https://cloud.google.com/resource-manager/reference/rest/v3/projects/setIamPolicy,
https://cloud.google.com/iam/docs/reference/rest/v1/Policy and the pages that app/connectors/gcp/tokens.py names say.
"""

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.jwk import RSAKey

PLACE = re.compile(r"/v3/((?:projects|folders|organizations)/[^/:]+):(\w+)")
TOKEN_PATH = "/computeMetadata/v1/instance/service-accounts/default/token"
ROBOT = "jit@harbour-ops.iam.gserviceaccount.com"
AUDIENCE = "//iam.googleapis.com/projects/7/locations/global/workloadIdentityPools/ours/providers/cluster"
SUBJECT = "a-token-of-our-own-issuer"
LEGACY = {"roles/owner", "roles/editor", "roles/viewer"}
STATUSES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
STATUSES |= {409: "ABORTED", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}


class Cloud:
    """Policies by what they are of, what was asked, and how it is to fail.

    `fails` maps a method to what its next calls do: a status; `dies`, which does what is asked and gives no answer;
    `ignores`, which answers as if it had done it; `babbles`, `redirects`; or a function that is called before.
    """

    def __init__(self) -> None:
        self.policies: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.fails: dict[str, list[int | str | Callable[[], object]]] = {}
        self.denied: set[str] = set()
        self.unknown: set[str] = set()
        self.tokens: set[str] = set()
        self.by: list[str] = []
        self.key = RSAKey.generate_key(2048)
        self.is_metadata = True
        self.lock = Lock()
        self.url = ""

    def put(self, place: str, bindings: list[dict[str, Any]], **more: Any) -> None:
        """Write a policy, as anybody else may."""
        content = json.dumps([bindings, more, time.monotonic_ns()], sort_keys=True).encode()
        etag = hashlib.sha256(content).hexdigest()[:12]
        self.policies[place] = {"version": 3, "etag": etag, "bindings": deepcopy(bindings)} | more

    def bindings(self, place: str) -> list[dict[str, Any]]:
        return self.policies[place]["bindings"]

    def account_key(self) -> str:
        """Give what Google gives as a service account's key."""
        key = {"type": "service_account", "private_key_id": "k1", "client_email": ROBOT}
        key |= {"token_uri": "https://elsewhere.example/token"}
        return json.dumps(key | {"private_key": self.key.as_pem(private=True).decode()})

    def answer(self, place: str, method: str, body: Any) -> tuple[int, Any]:
        if method == "testIamPermissions":
            return 200, {"permissions": [each for each in body["permissions"] if each not in self.denied]}
        stands = self.policies.get(place)
        if stands is None:
            return error(403, "The caller does not have permission")
        if method == "getIamPolicy":
            return 200, seen(stands, body["options"]["requestedPolicyVersion"])
        if method == "setIamPolicy":
            return self._set(place, stands, body["policy"])
        return error(404, "no such method")

    def _set(self, place: str, stands: dict[str, Any], policy: dict[str, Any]) -> tuple[int, Any]:
        if policy.get("etag") != stands["etag"]:
            said = "There were concurrent policy changes. Please retry the whole read-modify-write"
            return error(409, f"{said} with exponential backoff.")
        for each in policy["bindings"]:
            if each.get("condition") and (policy["version"] != 3 or each["role"] in LEGACY):
                return error(400, "Conditions are not supported on this binding.")
            if unknown := self.unknown.intersection(each["members"]):
                return error(400, f"User {min(unknown)} does not exist.")
        kept = {key: value for key, value in stands.items() if key not in {"bindings", "etag", "version"}}
        self.put(place, policy["bindings"], **kept)
        return 200, self.policies[place]

    def token(self, path: str, headers: Any, body: Any) -> tuple[int, Any] | None:
        """Answer where a token is asked for; None for anything else."""
        if path == TOKEN_PATH:
            who = "metadata" if headers.get("Metadata-Flavor") == "Google" else ""
        elif path == "/token":
            claims = jwt.decode(body["assertion"], self.key, algorithms=["RS256"]).claims
            right = claims["aud"] == "https://oauth2.googleapis.com/token" and claims["exp"] > time.time()
            who = claims["iss"] if right and "cloud-platform" in claims["scope"] else ""
        elif path == "/v1/token":
            who = "federated" if (body["audience"], body["subject_token"]) == (AUDIENCE, SUBJECT) else ""
        elif path == f"/v1/projects/-/serviceAccounts/{ROBOT}:generateAccessToken":
            if headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
                return error(401, "not authenticated")
            return 200, {"accessToken": self.new_token(ROBOT), "expireTime": "2099-01-01T00:00:00Z"}
        else:
            return None
        if not who:
            return 400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
        return 200, {"access_token": self.new_token(who), "expires_in": 3599, "token_type": "Bearer"}

    def new_token(self, who: str) -> str:
        self.by.append(who)
        made = f"ya29.{len(self.by)}-secret"
        self.tokens.add(made)
        return made


def seen(policy: dict[str, Any], version: int) -> dict[str, Any]:
    """Show a policy as who asks for that version sees it."""
    if version == 3:
        return policy
    hidden = [
        {"role": each["role"] + "_withcond_2b17cc25d2cd9e2c54d8", "members": each["members"]}
        if each.get("condition")
        else each
        for each in policy["bindings"]
    ]
    return policy | {"version": 1, "bindings": hidden}


def error(code: int, message: str) -> tuple[int, dict[str, Any]]:
    return code, {"error": {"code": code, "message": message, "status": STATUSES[code]}}


@contextmanager
def google_cloud() -> Iterator[Cloud]:
    """Run one on a free loopback port."""
    cloud = Cloud()

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            is_json = "json" in self.headers.get("Content-Type", "")
            form = {key: values[0] for key, values in parse_qs(text).items()}
            with cloud.lock:
                self._answer(json.loads(text) if is_json else form)

        def _answer(self, body: Any) -> None:
            cloud.asked.append(f"{self.command} {self.path}")
            if (got := cloud.token(self.path, self.headers, body)) is not None:
                self._send(*got)
                return
            found = PLACE.fullmatch(self.path)
            if found is None:
                self._send(*error(404, "not found"))
                return
            if self.headers.get("Authorization", "").removeprefix("Bearer ") not in cloud.tokens:
                self._send(*error(401, "Request had invalid authentication credentials."))
                return
            place, method = found.groups()
            coming = cloud.fails.get(method, [])
            fails = coming.pop(0) if coming else None
            if callable(fails):
                fails()
            if isinstance(fails, int):
                self._send(*error(fails, f"made to fail with {fails}"))
            elif fails == "ignores":
                self._send(200, cloud.policies[place])
            else:
                code, answer = cloud.answer(place, method, body)
                if fails == "dies":
                    self.close_connection = True
                else:
                    self._send(302 if fails == "redirects" else code, answer, babbles=fails == "babbles")

        def _send(self, code: int, body: Any, *, babbles: bool = False) -> None:
            sent = b"<html>hello</html>" if babbles else json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Location", "/elsewhere")
            if cloud.is_metadata:
                self.send_header("Metadata-Flavor", "Google")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = _do  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    cloud.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield cloud
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
