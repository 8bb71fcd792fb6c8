"""A server that speaks the documented API of bindings: what is tested with it is tested on the wire only.

Objects, `Status` answers, conflicts, preconditions, label selectors, pages and a list that expires are as
https://kubernetes.io/docs/reference/using-api/api-concepts/ and the reference of RoleBinding say.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "bot-token"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
PLACE = re.compile(RBAC + r"(?:/namespaces/([^/]+)/rolebindings|/(clusterrolebindings))(?:/([^/]+))?")
REASONS = {401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 410: "Expired"}


class Cluster:
    """What stands in it, what it was asked, and how it is to fail: `fails` maps a method to a status, or to
    `dies`, which does what is asked and closes without an answer.
    """  # noqa: D205

    def __init__(self) -> None:
        self.bindings: dict[tuple[str | None, str], dict[str, Any]] = {}
        self.asked: list[str] = []
        self.fails: dict[str, int | str] = {}
        self.denied: set[str] = set()
        self.expires_once = False
        self.put_before_delete: dict[str, Any] | None = None
        self.lock = Lock()
        self.url = ""
        self._version = 0

    def put(self, namespace: str | None, body: dict[str, Any]) -> dict[str, Any]:
        self._version += 1
        meta = {"uid": f"uid-{self._version}"} | body["metadata"] | {"resourceVersion": str(self._version)}
        kept = body | {"metadata": meta}
        self.bindings[namespace, meta["name"]] = kept
        return kept

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if path.endswith("/selfsubjectaccessreviews"):
            verb = body["spec"]["resourceAttributes"]["verb"]
            return 201, body | {"status": {"allowed": verb not in self.denied}}
        found = PLACE.fullmatch(path)
        if not found:
            return status(404, "the server could not find the requested resource")
        namespace, name = found[1], unquote(found[3] or "")
        if method == "DELETE" and self.put_before_delete:
            self.put(namespace, self.put_before_delete)
        stands = self.bindings.get((namespace, name))
        if method == "GET" and not name:
            return self._list(namespace, query)
        if method == "POST":
            name = body["metadata"]["name"]
            if (namespace, name) in self.bindings:
                return status(409, f'rolebindings "{name}" already exists', "AlreadyExists")
            return 201, self.put(namespace, body)
        if stands is None:
            return status(404, f'rolebindings "{name}" not found')
        if method == "PATCH":
            return self._patch(namespace, stands, body)
        if method == "DELETE":
            return self._delete(namespace, stands, body or {})
        return 200, stands

    def _patch(self, namespace: str | None, stands: dict[str, Any], body: Any) -> tuple[int, Any]:
        meta = stands["metadata"]
        if body["metadata"].get("resourceVersion") not in {None, meta["resourceVersion"]}:
            return status(409, "the object has been modified")
        notes = meta.get("annotations", {}) | body["metadata"]["annotations"]
        return 200, self.put(namespace, stands | {"metadata": meta | {"annotations": notes}})

    def _delete(self, namespace: str | None, stands: dict[str, Any], body: Any) -> tuple[int, Any]:
        meta = stands["metadata"]
        for key, value in (body.get("preconditions") or {}).items():
            if meta[key] != value:
                return status(409, f"Precondition failed: {key}")
        if meta.get("finalizers"):
            return 200, self.put(
                namespace, stands | {"metadata": meta | {"deletionTimestamp": "2026-01-01T00:00:00Z"}}
            )
        del self.bindings[namespace, meta["name"]]
        return 200, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}

    def _list(self, namespace: str | None, query: dict[str, str]) -> tuple[int, Any]:
        if query.get("continue") and self.expires_once:
            self.expires_once = False
            return status(410, "The provided continue parameter is too old")
        key, _, value = query.get("labelSelector", "").partition("=")
        fits = [
            each
            for (where, _), each in sorted(self.bindings.items(), key=str)
            if where == namespace and each["metadata"].get("labels", {}).get(key) == value
        ]
        begin, size = int(query.get("continue") or 0), int(query["limit"])
        more = str(begin + size) if begin + size < len(fits) else ""
        meta = {"resourceVersion": "1", "continue": more}
        return 200, {"kind": "RoleBindingList", "metadata": meta, "items": fits[begin : begin + size]}


def status(code: int, message: str, reason: str = "") -> tuple[int, dict[str, Any]]:
    kind = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return code, kind | {
        "message": message,
        "reason": reason or REASONS.get(code, "InternalError"),
        "code": code,
    }


@contextmanager
def kubernetes_server() -> Iterator[Cluster]:
    """Run one on a free loopback port."""
    cluster = Cluster()

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            split = urlsplit(self.path)
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = {key: values[0] for key, values in parse_qs(split.query).items()}
            with cluster.lock:
                cluster.asked.append(f"{self.command} {self.path}")
                fails = cluster.fails.get(self.command)
                if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                    code, body = status(401, "Unauthorized")
                elif isinstance(fails, int):
                    code, body = status(fails, f"made to fail with {fails}")
                else:
                    code, body = cluster.answer(
                        self.command, split.path, query, json.loads(text) if text else None
                    )
            if fails == "dies":
                self.close_connection = True
                return
            sent = b"<html>hello</html>" if fails == "babbles" else json.dumps(body).encode()
            self.send_response(302 if fails == "redirects" else code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = do_PATCH = do_DELETE = _do  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    cluster.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield cluster
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
