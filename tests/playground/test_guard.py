"""Contract of the guard: only loopback names, only the workspace's own page, no form posts of other sites."""

import pytest


async def ask(session, playground, path="/workspace/state", method="GET", body=None, **headers):
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    async with session.request(method, playground.url + path, headers=named, data=body) as answer:
        return answer.status


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:8800", 200),
        ("[::1]:8800", 200),
        ("evil.example.com", 403),
        ("127.0.0.1.evil.example.com", 403),
        ("localhost.", 403),
        ("", 403),
        ("[", 403),
    ],
)
async def test_a_name_that_is_not_loopback_is_refused(session, playground, host, status):
    """Another site's name that resolves here (DNS rebinding) gets nothing."""
    assert status == await ask(session, playground, Host=host)


@pytest.mark.parametrize("path", ["/workspace/state", "/api/auth.test", "/", "/response/A0JIT/x"])
async def test_another_origin_is_refused_everywhere(session, playground, path):
    """Page, user side, Web API and response_url alike; its own origin is welcome."""
    for origin in ("http://evil.example.com", "null", "http://127.0.0.1:1", "http://[", ""):
        assert 403 == await ask(session, playground, path, Origin=origin)
    assert 403 != await ask(session, playground, path, Origin=playground.url)


@pytest.mark.parametrize(
    ("site", "status"), [("none", 200), ("same-origin", 200), ("cross-site", 403), ("same-site", 403)]
)
async def test_what_a_browser_says_of_the_asking_site(session, playground, site, status):
    """Sec-Fetch-Site. docs: W3C Fetch Metadata."""
    assert status == await ask(session, playground, Sec_Fetch_Site=site)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
async def test_a_form_cannot_act_for_a_person(session, playground, kind):
    """The kinds that a page may send to any site without asking: 415."""
    body = b'{"user": "@ana", "channel": "#general", "text": "hi"}'
    how = {"method": "POST", "body": body, "Content_Type": kind}
    assert 415 == await ask(session, playground, "/workspace/message", **how)


async def test_a_body_that_is_not_json(session, playground):
    """400, with the reason."""
    how = {"method": "POST", "Content_Type": "application/json"}
    for body in (b"{", b"[]", b"\xff"):
        assert 400 == await ask(session, playground, "/workspace/message", body=body, **how)


async def test_every_answer_keeps_to_itself(session, playground):
    """No script from elsewhere, no frame, no sniffing, no cache."""
    async with session.get(playground.url + "/workspace/state") as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert ("nosniff", "no-referrer", "no-store") == tuple(
            answer.headers[key] for key in ("X-Content-Type-Options", "Referrer-Policy", "Cache-Control")
        )


async def test_it_listens_on_loopback_only(playground):
    """Not on any other of the machine's addresses."""
    assert ["127.0.0.1"] == [address[0] for address in playground._runner.addresses]


async def test_an_unknown_call_names_the_known_ones(session, playground):
    """404 with a sentence."""
    async with session.post(f"{playground.url}/workspace/dance", json={}) as answer:
        said = await answer.json()
    assert (404, True) == (
        answer.status,
        said["error"].startswith("There is no call 'dance'; there are command"),
    )
