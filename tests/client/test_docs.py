"""Contract: the examples of docs/services.md are one program that does what the text says, against a real bot."""

import asyncio
import re
import sys
from pathlib import Path

import httpx
import pytest

import app.client
from app.client import NotGranted, Refused
from app.web.problems import TYPE
from tests.client.issuing import AUDIENCE, issuing, token_of
from tests.client.test_asgi import AS_ANA, calling
from tests.client.test_wsgi import serving

DOCS = (Path(__file__).parents[2] / "docs/services.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL)


@pytest.fixture
async def program(workplace, monkeypatch):
    """The examples, run one after the other as one module of a service."""
    async with issuing(workplace) as api:
        ana, ben, gateway = await api.person("@ana"), await api.person("@ben"), await api.machine()
        grant = await api.live(ana, ben)
        monkeypatch.setenv("JIT_TOKEN", gateway.token)
        monkeypatch.setenv("JIT_REDIS_URL", api.work.redis_url)
        monkeypatch.setitem(sys.modules, "jit_client", app.client)
        names = {"__name__": "service"}
        for example in EXAMPLES:
            exec(example.replace("https://jit.example.com", api.issuer), names)  # noqa: S102  ours
        yield names, api, ana, grant
        await names["grants"].aclose()


async def test_the_decorator(program):
    """Ana is let through, Ben told what to type; the document is the one that stands there."""
    names, *_ = program
    assert "orders-db for ana" == await asyncio.to_thread(names["dump"], "ana", "orders-db")
    with pytest.raises(NotGranted) as told:
        await asyncio.to_thread(names["dump"], "ben", "orders-db")
    document = told.value.document
    shown = re.search(r"```json\n(.*?)```", DOCS, re.DOTALL)[1]
    for value in (*document["request"].values(), document["type"], document["title"], document["subject"]):
        assert f'"{value}"' in shown
    assert [] == [key for key in document if f'"{key}":' not in shown]
    assert document["type"].startswith(TYPE)


async def test_the_frameworks(program):
    """FastAPI's route and its mounted part, Flask's route and the plain application take Ana's grant."""
    names, *_ = program
    async with calling(names["web"]) as call:
        for method, path in (("POST", "/dumps/orders-db"), ("GET", "/admin/")):
            assert 200 == (await call(path, AS_ANA, method))[0]
            assert 403 == (await call(path, {}, method))[0]

    def flask_and_plain():
        with serving(names["site"]) as http:
            assert 200 == http.post("/dumps/orders-db", headers=AS_ANA).status_code
            assert 403 == http.post("/dumps/orders-db").status_code
        for user, status in (("ana", 200), ("ben", 403)):
            environ = {"REMOTE_USER": user, "REQUEST_METHOD": "GET"}
            said = []
            list(names["whole"](environ, lambda line, _, said=said: said.append(line)))
            assert str(status) == said[0][:3]

    await asyncio.to_thread(flask_and_plain)


async def test_offline(program):
    """A token lets Ana through once; the check alone gives what it says."""
    names, _, ana, grant = program
    token = (await token_of(ana, grant)).body["token"]
    dump = names["dump_with_token"]
    assert "orders-db for ana" == await asyncio.to_thread(dump, "ana", "orders-db", token)
    with pytest.raises(Refused, match="was used already"):
        await asyncio.to_thread(dump, "ana", "orders-db", token)
    assert "orders-db for ana" == await asyncio.to_thread(dump, "ana", "orders-db")
    another = (await token_of(ana, grant)).body["token"]
    claims = await names["offline"].verify_offline_async(
        another, action="prod-db-debug", resource="orders-db"
    )
    assert (grant, "ana") == (claims.grant, claims.subject)
    for claim in (
        "iss",
        "aud",
        "sub",
        "action",
        "resource",
        "environment",
        "grant",
        "jti",
        "iat",
        "nbf",
        "exp",
    ):
        assert f"`{claim}`" in DOCS


async def test_the_call(program):
    """What `curl` is shown to send is what the bot takes, and answers as it says."""
    _, api, ana, grant = program
    shown = re.search(r"-d '(.*?)'", DOCS)[1]
    async with httpx.AsyncClient() as http:
        said = await http.post(
            f"{api.url}/v1/grants/{grant}/token",
            content=shown,
            headers={"Authorization": f"Bearer {ana.token}", "Content-Type": "application/json"},
        )
    assert (200, AUDIENCE, False) == (said.status_code, said.json()["audience"], said.json()["revocable"])
    assert {"token", "audience", "expires_at", "revocable"} == set(said.json())


def test_every_name_is_told():
    """What a service may import stands in the guide, but what the others give."""
    given = {"Claims", "Held", "Need", "NobodysNeed", "TokenRefused"}
    assert [] == sorted(name for name in set(app.client.__all__) - given if name not in DOCS)
