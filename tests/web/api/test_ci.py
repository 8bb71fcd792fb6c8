"""Contract of CI: a job shows what its CI signed for it, once, and is the machine that policy says it is.

What is forged, tampered with, stale, replayed, for others, of a fork, or of another environment, branch or
workflow gets nothing; nobody whom policy does not name is asked anything. Attacks first.
"""

import asyncio
import base64
import json
import time

import pytest
from aiohttp import web
from joserfc import jwk, jwt

from app.ci.refusals import JobRefused
from app.domain.refusals import Unavailable
from app.domain.request import State
from app.oidc import http as calls
from app.store import keys
from tests.ci_issuer import FOREIGN, JOB, KEY, SAID, claims, forging, signed
from tests.web.callers import ASK, Caller, at_once, at_the_api
from tests.workplace import live_markup

TOLD_NOTHING = ("production", "refs/heads/main", "1296269")


@pytest.fixture
async def ci():
    async with forging() as issuer:
        yield issuer


def with_job(issuer, **changed):
    def change(policies):
        policies["machines"]["deploy-ci"]["oidc"] = {"issuer": issuer, **JOB, **changed}
        policies["rules"]["staging-restart"]["people"] = ["deploy-ci"]

    return change


@pytest.fixture
async def api(workplace, ci):
    async with at_the_api(workplace(with_job(ci.issuer))) as opened:
        yield opened


async def sign_in(api, token, **more):
    return await api.nobody.post("/v1/ci/token", {"token": token, **more})


async def test_a_job_asks(api, ci):
    """A job signs in, asks as its machine with the source `ci` from its address, and waits until it has access."""
    said = await sign_in(api, signed(claims(ci)))
    assert (201, "deploy-ci", ["read", "request"], "no-store") == (
        said.status, said.body["machine"], said.body["scopes"], said.headers["Cache-Control"],
    )  # fmt: skip
    job = Caller(api.work, said.body["token"])
    asked = await job.post(
        "/v1/requests", ASK | {"action": "restart-container", "resource": "checkout", "source": "cli"}
    )
    assert (201, "ci", "deploy-ci") == (
        asked.status, asked.body["source"], asked.body["requester"]["id"],
    ), asked.body  # fmt: skip
    given = await job.get(f"/v1/requests/{asked.body['id']}?wait=20")
    assert (True, "active") == (given.body["settled"], given.body["state"])
    kept = await api.work.request(asked.body["id"])
    assert ("127.0.0.1", "connection") == (kept.ip, kept.ip_told_by)
    assert 200 == (await job.verb(asked.body["id"], "done")).status
    await api.work.reaches(asked.body["id"], State.COMPLETED)


SHOWN = (
    "project octo/deploy, run 30433642, commit 0f1e2d3c, actor 7, "
    "workflow octo/deploy/.github/workflows/deploy.yml@refs/heads/main"
)


def by_people(issuer):
    """A production database is debugged by a job too, once people agree."""

    def change(policies):
        with_job(issuer)(policies)
        policies["rules"]["prod-db-debug"]["people"] = ["deploy-ci"]

    return change


async def job_of(api, ci, **other):
    return Caller(api.work, (await sign_in(api, signed(claims(ci, **other)))).body["token"])


async def test_which_run_asked(workplace, ci):
    """The request, the card, the story and the event say which run asked, as the CI signed it."""
    async with at_the_api(workplace(by_people(ci.issuer))) as api:
        job = await job_of(api, ci)
        asked = await job.post("/v1/requests", ASK)
        request_id = asked.body["id"]
        card = await api.work.card(request_id, f"Signed by the CI: {SHOWN}", offering="jit_approve")
        kept = await api.work.request(request_id)
        assert ("octo/deploy", "30433642", "0f1e2d3c", "7", SHOWN) == (
            kept.run.project, kept.run.run, kept.run.commit, kept.run.actor, str(kept.run),
        )  # fmt: skip
        await api.work.settled()
        entries = await asyncio.to_thread(api.work.bot.audit_log.story, request_id)
        assert ("requested", kept.run) == (entries[0].event.kind, entries[0].event.run)
        story = [line.text for line in await api.work.bot.story(request_id)]
        assert f"Its CI signed for it: {SHOWN}." in story

        await api.work.clicks("@ben", card, "jit_approve")
        await api.work.reaches(request_id, State.ACTIVE)
        other = await job_of(api, ci, run_id="30433999", run_attempt="2", actor_id="8")
        assert 200 == (await other.post(f"/v1/requests/{request_id}/extend", {"duration": "10m"})).status
        await api.work.card(request_id, "run 30433999, attempt 2,", offering="jit_approve_more")
        await api.work.settled()
        story = "\n".join(line.text for line in await api.work.bot.story(request_id))
        assert "run 30433999, attempt 2, commit 0f1e2d3c" in story
        assert "30433642" == (await api.work.request(request_id)).run.run


async def test_a_run_that_is_called_something_nasty(workplace, ci):
    """Names that people give to branches become neither markup nor a ping nor a line of their own."""
    nasty = "octo/<!channel>`*x*`\n\u202e<@U0BEN> &"
    async with at_the_api(workplace(by_people(ci.issuer))) as api:
        job = await job_of(api, ci, repository=nasty, run_id=30433642, sha="\u2066", actor_id=None)
        request_id = (await job.post("/v1/requests", ASK)).body["id"]
        card = await api.work.card(request_id, '<!channel>`*x*`\\n\\u202e<@U0BEN> &", run 30433642')
        assert ["<@U0BEN>", "<@U0CHLOE>"] == live_markup(card), "who may decide, and nobody else"
        await api.work.settled()
        story = "\n".join(line.text for line in await api.work.bot.story(request_id))
        assert ("\u202e" in story, 'commit "\\u2066"' in story) == (False, True)


async def test_a_run_is_not_what_a_caller_says(api, ci):
    """Nobody says it of themselves; a person and a machine with a stored token have none."""
    job = await job_of(api, ci)
    wish = ASK | {"action": "restart-container", "resource": "checkout"}
    assert 422 == (await job.post("/v1/requests", wish | {"run": {"project": "octo/evil"}})).status
    ana = await api.person("@ana")
    assert 422 == (await ana.post("/v1/requests", ASK | {"source": "ci"})).status
    asked = await ana.post("/v1/requests", ASK)
    assert (await api.work.request(asked.body["id"])).run is None


def _unsigned(said, **header):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'typ': 'JWT'} | header)}.{part(said)}."


def _tampered(token):
    head, _, signature = token.split(".")
    body = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    changed = base64.urlsafe_b64encode(json.dumps(body | {"environment": "production"}).encode())
    return f"{head}.{changed.rstrip(b'=').decode()}.{signature}"


def _hs256(said):
    public = KEY.as_pem(private=False)
    weak = jwk.OctKey.import_key(base64.urlsafe_b64encode(public).decode())
    return jwt.encode({"alg": "HS256", "kid": "one"}, said, weak, algorithms=["HS256"])


def _now(seconds):
    return int(time.time()) + seconds


FORGED = {
    "no token": lambda ci: "x",
    "two dots": lambda ci: "..",
    "alg none": lambda ci: _unsigned(claims(ci), alg="none"),
    "alg None": lambda ci: _unsigned(claims(ci), alg="None"),
    "no alg": lambda ci: _unsigned(claims(ci)),
    "HS256 with the public key": lambda ci: _hs256(claims(ci)),
    "a foreign key by the same id": lambda ci: signed(claims(ci), FOREIGN),
    "a foreign key by its own id": lambda ci: signed(claims(ci), FOREIGN, kid="two"),
    "a foreign key in the header": lambda ci: signed(claims(ci), FOREIGN, jwk=FOREIGN.as_dict(private=False)),
    "an address of keys in the header": lambda ci: signed(claims(ci), FOREIGN, jku=f"{ci.issuer}/evil"),
    "tampered": lambda ci: _tampered(signed(claims(ci, environment="staging"))),
    "no signature": lambda ci: signed(claims(ci)).rsplit(".", 1)[0] + ".",
    "another type": lambda ci: signed(claims(ci), typ="at+jwt"),
    "types": lambda ci: _unsigned(claims(ci), alg="RS256", typ=["JWT"]),
    "a type that is an object": lambda ci: _unsigned(claims(ci), alg="RS256", typ={}),
    "algorithms": lambda ci: _unsigned(claims(ci), alg=["RS256"]),
    "keys": lambda ci: _unsigned(claims(ci), alg="RS256", kid=["one"]),
    "another issuer": lambda ci: signed(claims(ci, iss="https://evil.example.com")),
    "the issuer with a slash": lambda ci: signed(claims(ci, iss=ci.issuer + "/")),
    "no issuer": lambda ci: signed(claims(ci, iss=None)),
    "issuers": lambda ci: signed(claims(ci, iss=[ci.issuer])),
    "expired": lambda ci: signed(claims(ci, iat=_now(-900), nbf=None, exp=_now(-70))),
    "without an end": lambda ci: signed(claims(ci, exp=None)),
    "without a beginning": lambda ci: signed(claims(ci, iat=None)),
    "an end that is text": lambda ci: signed(claims(ci, exp=str(_now(300)))),
    "an end that is true": lambda ci: signed(claims(ci, exp=True)),
    "from the future": lambda ci: signed(claims(ci, iat=_now(120), nbf=None)),
    "not before later": lambda ci: signed(claims(ci, nbf=_now(120))),
    "for a year": lambda ci: signed(claims(ci, exp=_now(366 * 86400))),
    "no jti": lambda ci: signed(claims(ci, jti=None)),
    "an empty jti": lambda ci: signed(claims(ci, jti="")),
    "a jti that is a number": lambda ci: signed(claims(ci, jti=7)),
    "a long jti": lambda ci: signed(claims(ci, jti="x" * 256)),
}


@pytest.mark.parametrize("case", FORGED)
async def test_what_is_no_token_of_a_job(api, ci, case):
    """401, as a problem document, and the bot says nothing of what policy expects."""
    said = await sign_in(api, FORGED[case](ci))
    assert (401, "job_refused") == (said.status, said.code), said.body
    assert not any(word in said.body["detail"] for word in TOLD_NOTHING)
    assert [] == await api.work.bot.connection.calls.keys("jit:{tokens}:token:*")


FOREIGN_JOBS = {
    "another audience": {"aud": "https://github.com/octo"},
    "an audience beside": {"aud": [JOB["audience"], "https://other.example.com"]},
    "no audience": {"aud": None},
    "a fork": {"repository_id": "99", "repository": "mallory/deploy"},
    "a repository of the same name": {"repository_id": "100"},
    "another environment": {"environment": "staging"},
    "no environment": {"environment": None},
    "another branch": {"ref": "refs/heads/evil"},
    "a tag of the branch's name": {"ref": "refs/tags/main"},
    "a pull request": {"ref": "refs/pull/7/merge", "event_name": "pull_request"},
    "another workflow": {"workflow_ref": "octo/deploy/.github/workflows/evil.yml@refs/heads/main"},
    "the workflow of another branch": {"workflow_ref": SAID["workflow_ref"].replace("main", "evil")},
    "no workflow": {"workflow_ref": None},
    "an environment in other letters": {"environment": "Production"},
    "environments": {"environment": ["production"]},
}


@pytest.mark.parametrize("case", FOREIGN_JOBS)
async def test_other_jobs(api, ci, case):
    """A genuine token of another job gets nothing, and is told only what it says itself."""
    token = signed(claims(ci, **FOREIGN_JOBS[case]))
    said = await sign_in(api, token)
    assert (401, "job_refused") == (said.status, said.code)
    assert "policy names no machine" in said.body["detail"]
    assert [] == await api.work.bot.connection.calls.keys("jit:{tokens}:job:*")
    for name, value in FOREIGN_JOBS[case].items():
        expected = JOB.get(name)
        if value is not None and isinstance(expected, str) and expected not in str(value):
            assert expected not in said.body["detail"].replace(SAID["sub"], "")


async def test_used_once(api, ci):
    """A token is good for one sign-in, and stays used for as long as it could hold."""
    said = claims(ci)
    token = signed(said)
    assert [201, 401, 401] == [(await sign_in(api, token)).status for _ in range(3)]
    assert "used already" in (await sign_in(api, signed(said | {"exp": said["exp"] + 5}))).body["detail"]
    left = await api.work.bot.connection.calls.pttl(keys.job(ci.issuer, said["jti"]))
    assert 330_000 < left <= 360_000


async def test_a_store_that_fails_in_between(api, ci, monkeypatch):
    """503, and the same token is good for the next try, and then for none."""
    store, token = api.work.bot.tokens._store, signed(claims(ci))
    with monkeypatch.context() as broken:
        broken.setattr(type(store), "now", _away)
        said = await sign_in(api, token)
    assert (503, "unavailable") == (said.status, said.code)
    assert [] == await api.work.bot.connection.calls.keys("jit:{tokens}:job:*")
    assert [201, 401] == [(await sign_in(api, token)).status for _ in range(2)]


async def _away(_):
    raise Unavailable


async def test_raced_over_replicas(api, ci):
    """Shown forty times at once to two bots on one Redis, a token is taken once."""
    other = await api.work.start()
    token = signed(claims(ci))

    async def at(bot):
        try:
            return (await bot.api.jobs.exchange(token)).text
        except JobRefused as refused:
            return type(refused).__name__

    got = await at_once(at(bot) for _ in range(20) for bot in (api.work.bot, other.bot))
    assert (1, 39) == (sum(each.startswith("jit_") for each in got), got.count("JobRefused"))


async def test_nobody_else_is_asked(api, ci):
    """An issuer that policy does not name is not asked for keys, whatever address it gives (SSRF)."""
    async with forging() as evil:
        for issuer in (evil.issuer, evil.issuer + "/x", f"{ci.issuer}@{evil.issuer[7:]}"):
            said = await sign_in(api, signed(claims(evil, iss=issuer)))
            assert (401, "job_refused") == (said.status, said.code)
        assert ([], []) == (evil.asked, ci.asked)


async def test_unknown_keys_do_not_make_it_ask_without_end(api, ci):
    """Tokens of fifty unknown keys make it fetch the keys once in 10 s."""
    await sign_in(api, signed(claims(ci)))
    said = await at_once(sign_in(api, signed(claims(ci), FOREIGN, kid=f"k{n}")) for n in range(50))
    assert ({401}, 1) == ({each.status for each in said}, ci.asked.count("/jwks"))


WEATHER = {
    "fails": lambda: web.Response(status=503),
    "sends elsewhere": lambda: web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}),
    "speaks no JSON": lambda: web.Response(text="<html>"),
    "gives too much": lambda: web.json_response({"keys": ["y" * 300_000]}),
    "is silent": lambda: 5.0,
}


@pytest.mark.parametrize("where", ["/.well-known/openid-configuration", "/jwks"])
@pytest.mark.parametrize("what", WEATHER)
async def test_an_issuer_on_a_bad_day(api, ci, monkeypatch, what, where):
    """503, soon; the token is not used up, and is good once the issuer is well."""
    monkeypatch.setattr(calls, "TIMEOUT", 0.3)
    token = signed(claims(ci))
    ci.weather[where] = WEATHER[what]()
    began = time.monotonic()
    said = await sign_in(api, token)
    assert (503, "issuer_away") == (said.status, said.code)
    assert time.monotonic() - began < 4.5
    ci.weather.clear()
    assert 201 == (await sign_in(api, token)).status


async def test_keys_published_elsewhere_in_the_clear(api, ci):
    """Keys are not fetched from where others can answer."""
    ci.metadata["jwks_uri"] = "http://ci.example.com/jwks"
    assert (503, "issuer_away") == ((said := await sign_in(api, signed(claims(ci)))).status, said.code)


async def test_what_policy_takes_back(api, ci):
    """A job that is not the machine any more loses its token at once; and gets none."""
    job = Caller(api.work, (await sign_in(api, signed(claims(ci)))).body["token"])
    assert 200 == (await job.get("/v1/requests")).status
    await api.work.repolicy(with_job(ci.issuer, environment="staging"))
    assert (401, "token_refused") == ((said := await job.get("/v1/requests")).status, said.code)
    await api.work.repolicy(with_job(ci.issuer))
    assert 200 == (await job.get("/v1/requests")).status
    await api.work.repolicy(lambda policies: policies["machines"]["deploy-ci"].pop("oidc"))
    assert 401 == (await job.get("/v1/requests")).status
    assert 401 == (await sign_in(api, signed(claims(ci)))).status


async def test_several_machines(workplace, ci):
    """A job that may be two machines says which; it is none that it does not fit."""

    def two(policies):
        with_job(ci.issuer)(policies)
        wide = {"issuer": ci.issuer, "audience": JOB["audience"], "repository_id": JOB["repository_id"]}
        policies["machines"]["checkout-gateway"]["oidc"] = wide

    async with at_the_api(workplace(two)) as api:
        said = await sign_in(api, signed(claims(ci)))
        assert (401, True) == (said.status, "JIT_MACHINE" in said.body["detail"])
        named = await sign_in(api, signed(claims(ci)), machine="deploy-ci")
        assert (201, "deploy-ci") == (named.status, named.body["machine"])
        staging = claims(ci, environment="staging")
        assert 401 == (await sign_in(api, signed(staging), machine="deploy-ci")).status
        assert "checkout-gateway" == (await sign_in(api, signed(staging))).body["machine"]
        assert 401 == (await sign_in(api, signed(claims(ci)), machine="nobody")).status


async def test_it_ends(api, ci):
    """The token of the API lasts an hour, natively, and says on `/jit tokens` which run it was made for."""
    await sign_in(api, signed(claims(ci)))
    [key] = await api.work.bot.connection.calls.keys("jit:{tokens}:token:*")
    assert 3_590_000 < await api.work.bot.connection.calls.pttl(key) <= 3_600_000
    assert "octo/deploy 30433642" in await api.work.types("@sam", "/jit tokens deploy-ci")


async def test_malformed(api):
    """What is no body of this call is 422; a large one is refused before it is read."""
    for body in (
        {},
        {"token": ""},
        {"token": 7},
        {"token": "a b"},
        {"token": "x" * 16_385},
        {"token": "x", "y": 1},
    ):
        assert 422 == (await api.nobody.post("/v1/ci/token", body)).status
    assert 413 == (await api.nobody.post("/v1/ci/token", {"token": "x" * 70_000})).status


async def test_nothing_of_it_is_kept(api, ci):
    """Neither the job's token nor ours is in the log or in Redis."""
    token = signed(claims(ci))
    ours = (await sign_in(api, token)).body["token"].split("_")[2]
    redis = api.work.bot.connection.calls
    kept = [str(await redis.hgetall(key)) for key in await redis.keys("jit:{tokens}:token:*")]
    text = "\n".join([*kept, *await redis.keys("*"), *map(str, api.work.log)])
    await asyncio.sleep(0)
    assert ("job_signed_in" in text, token.split(".")[2] in text, ours in text) == (True, False, False)
