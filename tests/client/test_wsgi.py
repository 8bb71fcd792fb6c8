"""Contract: a WSGI application, Flask's or a plain one, answers a call without a grant with the problem document.

Called over a real socket, with a server that checks the protocol's rules (wsgiref's validator).
"""

import asyncio
import json
import threading
from contextlib import contextmanager
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.validate import validator

import flask
import httpx
import pytest

from app.client import RedisGrants, Refused, RequiresGrant, WsgiGrantMiddleware

USERS = {"Bearer of-ana": "ana", "Bearer of-ben": "ben"}
AS_ANA = {"Authorization": "Bearer of-ana"}
AS_BEN = {"Authorization": "Bearer of-ben"}


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def serving(web):
    """Serve an application on a free port; gives a client of it."""
    server = make_server("127.0.0.1", 0, validator(web), handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{server.server_port}", timeout=20) as client:
            yield client
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def a_flask(grants):
    """Flask with a route behind a grant."""
    web = flask.Flask(__name__)
    web.register_error_handler(Refused, lambda refused: refused)
    requires_grant = RequiresGrant(
        grants, subject=lambda call: USERS.get(flask.request.headers.get("Authorization"))
    )

    @web.post("/dumps/<path:database>")
    @requires_grant("prod-db-debug", resource="database")
    def dump(database):
        return {"dumped": database}

    @web.post("/dump")
    @requires_grant("prod-db-debug", resource=lambda call: flask.request.args["database"])
    def dump_by_query():
        return {"dumped": "all"}

    return web


async def test_flask(live):
    """Ana gets through; Ben, nobody, and forged headers do not."""

    def calls():
        with serving(a_flask(live.in_redis)) as http:
            assert {"dumped": "orders-db"} == http.post("/dumps/orders-db", headers=AS_ANA).json()
            for headers in (AS_BEN, {"X-Remote-User": "ana"}, {"Remote-User": "ana"}, {}):
                said = http.post("/dumps/orders-db", headers=headers)
                assert (403, "application/problem+json") == (said.status_code, said.headers["Content-Type"])
                assert "grant_needed" == said.json()["code"]
            for value in ("x%0d%0aX-Evil:%201", "%00", "%ff", "x" * 5000, "%E2%80%AEx", ""):
                said = http.post(f"/dump?database={value}", headers=AS_ANA)
                assert (403, False) == (said.status_code, "X-Evil" in said.headers)

    await asyncio.to_thread(calls)


def plain(environ, start_response):
    """An application of no framework."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"admin"]


async def test_all_below(live):
    """Everything below takes the grant."""
    guard = RequiresGrant(live.in_redis, subject=lambda environ: USERS.get(environ.get("HTTP_AUTHORIZATION")))
    web = WsgiGrantMiddleware(plain, guard, action="prod-db-debug", resource=lambda environ: "orders-db")

    def calls():
        with serving(web) as http:
            assert "admin" == http.get("/", headers=AS_ANA).text
            assert 403 == http.get("//x", headers=AS_BEN).status_code
            said = http.head("/", headers=AS_BEN)
            assert (403, "") == (said.status_code, said.text)

    await asyncio.to_thread(calls)


async def test_a_plain_one_with_a_decorator(live):
    """A refusal below is answered by the middleware alone."""
    requires_grant = RequiresGrant(live.in_redis, subject=lambda call: "ben")
    web = WsgiGrantMiddleware(requires_grant("prod-db-debug", resource=lambda call: "orders-db")(plain))

    def calls():
        with serving(web) as http:
            said = http.get("/")
            assert (403, "grant_needed") == (said.status_code, json.loads(said.content)["code"])

    await asyncio.to_thread(calls)


def test_away(tmp_path):
    """When nobody knows, the answer is 503."""
    with serving(a_flask(RedisGrants(f"unix://{tmp_path / 'none.sock'}"))) as http:
        said = http.post("/dumps/orders-db", headers=AS_ANA)
        assert (503, "1") == (said.status_code, said.headers["Retry-After"])


def test_half_of_it():
    """A middleware that would guard nothing is refused where it is written."""
    with pytest.raises(TypeError):
        WsgiGrantMiddleware(plain, action="prod-db-debug")
