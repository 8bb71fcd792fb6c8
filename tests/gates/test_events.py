"""Contract of what comes in at gates: genuine, of one deployment, and from where the settings say; else nothing.

Addresses of events are compared and never followed. Whatever a forger, a replay, a race or a mistaken policy sends, no
vendor is called, and at most one request is open.
"""

import json
import socket

import pytest

from tests.gates.conftest import VENDORS, at_gates, signed
from tests.gates.vendors import event_of
from tests.web.callers import at_once

PATH = "/repos/harbour/orders/actions/runs/30433642/deployment_protection_rule"
TASK = "/task-results/5ea8d46c-2ceb-42cd-83f2-82e54697bddd/callback"


def elsewhere(api: str, path: str) -> dict[str, str]:
    """Addresses that a careless reader could take for the pinned one, by what is odd about them."""
    host, _, base = api.removeprefix("http://").partition("/")
    name, _, port = host.partition(":")
    whole = f"{host}/{base}{path}"
    return {
        "another host": f"http://attacker.example/{base}{path}",
        "a user": f"http://{host}@attacker.example/{base}{path}",
        "a user and password": f"http://a:b@{whole}",
        "another port": f"http://{name}:1/{base}{path}",
        "no port": f"http://{name}/{base}{path}",
        "a suffix": f"http://{name}.attacker.example:{port}/{base}{path}",
        "https": f"https://{whole}",
        "no scheme": f"//{whole}",
        "another scheme": f"gopher://{whole}",
        "a file": "file:///etc/passwd",
        "an upper case": f"HTTP://{whole}",
        "a number": f"http://2130706433:{port}/{base}{path}",
        "an octal number": f"http://0177.0.0.1:{port}/{base}{path}",
        "a short address": f"http://127.1:{port}/{base}{path}",
        "a mapped address": f"http://[::ffff:127.0.0.1]:{port}/{base}{path}",
        "the metadata service": f"http://169.254.169.254/{base}{path}",
        "a full-width dot": f"http://127\uff0e0.0.1:{port}/{base}{path}",
        "a letter that looks alike": f"http://\u0261ithub.example/{base}{path}",
        "punycode": f"http://xn--ithub-qmc.example/{base}{path}",
        "dots": f"http://{host}/{base}/x/..{path}",
        "escaped dots": f"http://{host}/{base}/%2e%2e/{base}{path}",
        "an escaped slash": f"http://{whole}".replace("/actions/", "%2factions/").replace(
            "/task-", "%2ftask-"
        ),
        "a backslash": f"http://{host}\\@attacker.example/{base}{path}",
        "a query": f"http://{whole}?x=1",
        "a fragment": f"http://{whole}#x",
        "a tail": f"http://{whole}/../../../../user",
        "a slash behind": f"http://{whole}/",
        "a line break": f"http://{whole}\n",
        "a line break within": f"http://{whole}\r\nX-Evil: 1",
        "a space before": f" http://{whole}",
        "nothing": "",
        "a number that is none": 7,  # type: ignore[dict-item]
        "a list": [f"http://{whole}"],  # type: ignore[dict-item]
    }


@pytest.mark.parametrize("vendor", ["github", "terraform"])
async def test_addresses_of_events(gated, vendor, monkeypatch):
    """None but the pinned one opens anything: no request, no call to anybody, no name looked up."""
    key, path = (
        ("deployment_callback_url", PATH) if vendor == "github" else ("task_result_callback_url", TASK)
    )
    resolve, asked = socket.getaddrinfo, []
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: asked.append(host) or resolve(host, *rest, **more)
    )
    for odd, address in elsewhere(gated.vendors.api(vendor), path).items():
        said = await gated.send(vendor, event_of(gated.vendors, vendor) | {key: address})
        assert (odd, 422, "nothing_opened") == (odd, said.status, said.code), said.body

    assert [] == await gated.requests()
    assert [] == gated.vendors.calls
    assert not [host for host in asked if "attacker" in str(host) or "xn--" in str(host)]


@pytest.mark.parametrize(
    ("vendor", "path", "value"),
    [
        ("github", ("repository", "full_name"), "harbour/../attacker"),
        ("github", ("repository", "full_name"), "harbour/orders/x"),
        ("github", ("repository", "full_name"), "../orders"),
        ("github", ("repository", "full_name"), "harbour/%2e%2e"),
        ("github", ("repository", "full_name"), "attacker/orders"),
        ("github", ("installation", "id"), "4711/../../app"),
        ("github", ("installation", "id"), -1),
        ("github", ("installation", "id"), True),
        ("github", ("deployment", "id"), None),
        ("gitlab", ("deployment_id",), "15/../../../users"),
        ("gitlab", ("deployment_id",), 0),
        ("gitlab", ("deployment_id",), 1.5),
        ("terraform", ("task_result_id",), ""),
    ],
)  # fmt: skip
async def test_parts_of_addresses(gated, vendor, path, value):
    """A part that would lead elsewhere, or is none, opens nothing."""
    event = event_of(gated.vendors, vendor)
    within = event
    for each in path[:-1]:
        within = within[each]
    within[path[-1]] = value
    said = await gated.send(vendor, event)

    assert 422 == said.status, said.body
    assert [] == await gated.requests()
    assert [] == gated.vendors.calls


@pytest.mark.parametrize("token", ["a\r\nX-Evil: 1", "é", "a b", "x" * 5000])
async def test_a_token_that_is_none(gated, token):
    """An access token that could not stand in a header opens nothing."""
    said = await gated.send("terraform", event_of(gated.vendors, "terraform") | {"access_token": token})
    assert (422, "nothing_opened") == (said.status, said.code)
    assert [] == gated.vendors.calls


@pytest.mark.parametrize("vendor", VENDORS)
async def test_forged(gated, vendor):
    """A wrong secret, no signature, two of them, or a body changed afterwards: refused, and nobody is asked."""
    body = json.dumps(event_of(gated.vendors, vendor)).encode()
    right = signed(vendor, body)
    wrong = [
        signed(vendor, body, "another-secret-of-16"),
        {},
        dict.fromkeys(right, ""),
        dict.fromkeys(right, "é"),
    ]
    for headers in wrong:
        said = await gated.raw(vendor, body, headers)
        assert (401, "not_signed") == (said.status, said.code)
    if vendor != "gitlab":  # whose secret token covers nothing
        said = await gated.raw(vendor, body.replace(b"production", b"Production"), right)
        assert vendor == "terraform" or (401, "not_signed") == (said.status, said.code)
    assert [] == gated.vendors.calls


async def test_sha256_is_not_enough(gated):
    """Terraform signs with SHA-512: a signature of another kind is none."""
    import hashlib
    import hmac

    body = json.dumps(event_of(gated.vendors, "terraform")).encode()
    short = hmac.new(b"terraform-secret-of-this-test", body, hashlib.sha256).hexdigest()
    assert 401 == (await gated.raw("terraform", body, {"X-TFC-Task-Signature": short})).status


@pytest.mark.parametrize("vendor", VENDORS)
async def test_oversized(gated, vendor):
    """Ten megabytes are refused before anything of them is looked at."""
    body = b" " * (10 * 1024 * 1024) + json.dumps(event_of(gated.vendors, vendor)).encode()
    said = await gated.raw(vendor, body, signed(vendor, body))
    assert 413 == said.status
    assert [] == await gated.requests()


@pytest.mark.parametrize("vendor", VENDORS)
async def test_that_comes_again(gated, vendor):
    """Ten deliveries at one instant, one later and one in other words: one request, one answer."""
    said = await at_once(gated.send(vendor) for _ in range(10))
    other = event_of(gated.vendors, vendor) | {"sent_again": True}
    said += [await gated.send(vendor), await gated.send(vendor, other)]
    assert 1 == len({each["request"] for one in said for each in one.body["opened"]})
    assert 1 == len(await gated.requests())

    (request,) = await gated.requests()
    await gated.approved(request.id)
    await gated.answered()
    await gated.settles(request.id)
    again = await gated.send(vendor)
    assert [request.id] == [each["request"] for each in again.body["opened"]]
    await gated.work.settled()
    assert 1 == len(gated.vendors.final)


async def test_two_triggers(workplace, vendors, file):
    """Two that would answer for one deployment open nothing: which of them is meant nobody can tell."""

    def twice(policies):
        policies["triggers"]["also"] = policies["triggers"]["deployment-on-gitlab"]

    async with at_gates(workplace(twice), vendors, file) as gated:
        said = await gated.send("gitlab")
        assert (422, "nothing_opened") == (said.status, said.code)
        assert "one deployment has one answer" in said.body["detail"]
        assert [] == await gated.requests()


async def test_a_gate_of_another_kind(workplace, vendors, file):
    """A trigger that names a gate of another vendor, or none that there is, opens nothing and /readyz says so."""

    def mistaken(policies):
        policies["triggers"]["deployment-on-github"]["gate"] = "gitlab"
        policies["triggers"]["deployment-on-gitlab"]["gate"] = "nowhere"

    async with at_gates(workplace(mistaken), vendors, file) as gated:
        for vendor, why in (("github", "is one of gitlab, and not of github"), ("gitlab", "no gate nowhere")):
            said = await gated.send(vendor)
            assert (422, "nothing_opened") == (said.status, said.code)
            assert why in said.body["detail"].lower()
        warned = (await gated.work.bot.readiness()).warnings["triggers"]
        assert "deployment-on-github" in warned
        assert "deployment-on-gitlab" in warned


async def test_nobody_known(gated):
    """Whoever deploys and is nobody of the policies opens nothing; the vendor goes on waiting."""
    event = event_of(gated.vendors, "github")
    event["deployment"]["creator"]["login"] = "stranger"
    said = await gated.send("github", event)
    assert (422, "nothing_opened") == (said.status, said.code)
    assert [] == gated.vendors.calls


async def test_the_store_is_away(gated):
    """Nothing is taken that could not be kept: 503, and the vendor sends it again."""
    from app.domain.refusals import Unavailable

    async def away(*_: object) -> None:
        raise Unavailable

    gated.work.bot.gates.store.put_token = away
    said = await gated.send("terraform")
    assert (503, "unavailable") == (said.status, said.code)
    assert [] == await gated.requests()
