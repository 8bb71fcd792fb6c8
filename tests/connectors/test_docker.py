"""A restart, and a debug container for the grant's time, at a real dockerd over its Engine API.

Contract: a container is restarted once for each grant, however often that is tried; a debug container stands beside its
target, has what policy says and no more, and when it ends all that runs in it is killed. What is made bears our mark in
name and label, is found by it, and what lacks one of the two is never touched. A container is reached by its resource
alone, as settings say.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.connectors.docker import Debug, Restart
from app.connectors.docker.frames import texts
from app.connectors.mark import Mark
from app.connectors.protocol import ConnectorFailed, Unfit
from app.domain.target import Target
from tests.connectors.asked import granting
from tests.connectors.receiver import service
from tests.docker_engine import IMAGE, Dockerd

MARK = Mark("harbour")


def restarts(at: Dockerd, **changed: Any) -> Restart:
    written = {"engine": at.url, "containers": {"web": "web-1"}}
    return Restart("docker", Restart.Settings.model_validate(written | changed), MARK)


def debugs(at: Dockerd, **changed: Any) -> Debug:
    written = {"engine": at.url, "containers": {"web": "web-1"}, "image": IMAGE}
    return Debug("docker", Debug.Settings.model_validate(written | changed), MARK)


@pytest.fixture
async def restart(engine: Dockerd) -> AsyncIterator[Restart]:
    made = restarts(engine)
    yield made
    await made.close()


@pytest.fixture
async def debug(engine: Dockerd) -> AsyncIterator[Debug]:
    made = debugs(engine)
    yield made
    await made.close()


def asked(resource: str = "web", **parameters: Any) -> Any:
    return granting(target=Target(connector="docker", parameters=parameters), resource=resource)


async def test_a_restart_happens_once(engine, restart):
    """A second try, by another process too, restarts nothing; another grant does."""
    first, began = asked(), engine.inspect("web-1")["State"]["StartedAt"]
    granted = await restart.grant(first, MARK.key(first.id))
    assert ("the container web-1, restarted", None) == (granted.lease.summary, granted.secret)
    after = engine.inspect("web-1")["State"]
    assert (True, True) == (after["Running"], after["StartedAt"] > began)

    another = restarts(engine, engine=f"http://127.0.0.1:{engine.port}")
    await another.grant(first, MARK.key(first.id))
    assert after["StartedAt"] == engine.inspect("web-1")["State"]["StartedAt"]
    second = asked()
    await another.grant(second, MARK.key(second.id))
    assert after["StartedAt"] < engine.inspect("web-1")["State"]["StartedAt"]
    assert {MARK.key(each.id) for each in (first, second)} == {
        each.key for each in await restart.list_active()
    }
    for each in (first, first, second):
        await restart.revoke(each, MARK.key(each.id))
    assert [] == list(await restart.list_active())
    await another.close()


async def test_a_restart_by_someone_who_died_before_it(engine, restart):
    """The mark was left and the container not restarted: whoever comes next does it."""
    request, key = asked(), ""
    key = MARK.key(request.id)
    target = engine.inspect("web-1")
    await restart._marked.make(
        request, key, {"Image": target["Image"], "Cmd": ["true"]},
        target=target["Id"], before=target["State"]["StartedAt"],
    )  # fmt: skip
    await restart.grant(request, key)
    assert engine.inspect("web-1")["State"]["StartedAt"] > target["State"]["StartedAt"]
    await restart.revoke(request, key)


async def test_a_container_that_does_not_come_up(engine):
    """It is told, and the mark can be removed."""
    engine.run("once", "/bin/sh", "-c", "exit 0")
    made, request = restarts(engine, containers={"once": "once"}), asked("once")
    with pytest.raises(ConnectorFailed, match="once does not run after its restart"):
        await made.grant(request, MARK.key(request.id))
    await made.revoke(request, MARK.key(request.id))
    await made.close()
    engine.remove("once")


async def test_a_debug_container(engine, debug):
    """It sees its target's processes, runs what policy says once, and has no capability and no way to more."""
    request = asked(run=["sh", "-c", "ps; id -u; cat /proc/self/status; echo told >&2"])
    key = MARK.key(request.id)
    granted = await debug.grant(request, key)
    assert granted.secret
    assert key == granted.secret.environment["DEBUG_CONTAINER"].get_secret_value()
    output = granted.secret.files["DEBUG_OUTPUT"].get_secret_value()
    assert "sleep 0.1" in output or "trap 'exit 0' TERM" in output
    assert "told" in output
    assert {"0000000000000000"} == set(re.findall(r"Cap(?:Prm|Eff|Bnd):\t(\w+)", output))
    assert "NoNewPrivs:\t1" in output
    assert "INC-7" not in str(engine.inspect(key))
    labels = engine.inspect(key)["Config"]["Labels"]
    assert ("harbour", request.id, "ana", request.ends_at.isoformat()) == tuple(
        labels[f"io.jit-approval.{each}"] for each in ("installation", "request", "requester", "ends-at")
    )
    assert [key] == [each.key for each in await debug.list_active()]
    await debug.grant(request, key)
    assert [key, "web-1"] == engine.names()
    await debug.extend(request, key)
    await debug.revoke(request, key)
    await debug.revoke(request, key)
    assert engine.inspect("web-1")["State"]["Running"]


async def test_what_runs_in_it_ends_with_it(engine, debug):
    """A session of a person in it is killed, though it shares the processes of a container that lives on."""
    request = asked()
    key = MARK.key(request.id)
    await debug.grant(request, key)
    session = engine.ask("POST", f"/containers/{key}/exec", {"Cmd": ["sleep", "4711"]})["Id"]
    engine.ask("POST", f"/exec/{session}/start", {"Detach": True})
    pid = engine.ask("GET", f"/exec/{session}/json")["Pid"]
    assert is_alive(pid)
    (found,) = await debug.list_active()
    await debug.remove(found)
    assert not is_alive(pid)
    assert ["web-1"] == engine.names()


def is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_capabilities_that_policy_adds(engine, debug):
    """Those of a short list; others are refused when it is asked for."""
    request = asked(add=["SYS_PTRACE"], run=["cat", "/proc/self/status"])
    granted = await debug.grant(request, MARK.key(request.id))
    assert granted.secret
    assert "CapEff:\t0000000000080000" in granted.secret.files["DEBUG_OUTPUT"].get_secret_value()
    await debug.revoke(request, MARK.key(request.id))
    with pytest.raises(Unfit, match=r"add.0: input should be 'SYS_PTRACE' or 'NET_RAW'"):
        debug.plan(asked(add=["SYS_ADMIN"]))


async def test_injection(engine, debug):
    """A resource is looked up and never part of a path; text of people is no label but the requester's id."""
    for resource in ("../images", "web-1", "web-1/json?x=", "web\r\nX: y", "web%2f.."):
        with pytest.raises(Unfit, match="has no container for"):
            debug.plan(asked(resource))
        with pytest.raises(ConnectorFailed, match="has no container for"):
            await debug.grant(asked(resource), "jit-harbour-r07-4kx9tqz")


async def test_strangers_are_left_alone(engine, debug, restart):
    """A container of our name without our labels, and one with our labels and another name, as an image hands on."""
    request = asked()
    key = MARK.key(request.id)
    engine.run(key, "sleep", "100")
    labels = {"io.jit-approval.installation": "harbour", "io.jit-approval.key": key}
    engine.run("inherits", "sleep", "100", Labels=labels)
    for call in (debug.grant, restart.grant, debug.revoke):
        with pytest.raises(ConnectorFailed, match="that is not ours"):
            await call(request, key)
    assert [] == list(await debug.list_active())
    other = Debug("docker", debug._settings, Mark("other"))
    assert [] == list(await other.list_active())
    await other.close()
    assert ["inherits", key, "web-1"] == engine.names()
    engine.remove(key)
    engine.remove("inherits")


async def test_check(engine, debug):
    """The engine, each container and the image are there, or it is told which is not."""
    await debug.check()
    for changed, said in (
        ({"containers": {"web": "web-2"}}, "there is no container web-2"),
        ({"image": "nothing:1"}, "no image nothing:1, and none is pulled"),
        ({"engine": "unix:///nowhere.sock"}, "cannot be asked"),
        ({"engine": "http://127.0.0.1:1"}, "cannot be asked"),
    ):
        made = debugs(engine, **changed)
        with pytest.raises(ConnectorFailed, match=said):
            await made.check()
        await made.close()


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"run": ["sh", "-c", "echo lost >&2; exit 3"]}, "sh ended with 3: lost"),
        ({"run": ["nothing"]}, "nothing"),
        ({"run": ["head", "-c", "300000", "/dev/zero"]}, "prints more than"),
    ],
)
async def test_a_first_command_that_fails(engine, debug, parameters, said):
    """The grant fails, and what is left can be removed."""
    request = asked(**parameters)
    with pytest.raises(ConnectorFailed, match=said):
        await debug.grant(request, MARK.key(request.id))
    await debug.revoke(request, MARK.key(request.id))


async def test_an_image_that_does_not_hold(engine):
    """A container that ends at once is no access."""
    made, request = debugs(engine, hold=["true"]), asked()
    with pytest.raises(ConnectorFailed, match="does not keep running"):
        await made.grant(request, MARK.key(request.id))
    await made.revoke(request, MARK.key(request.id))
    await made.close()


async def test_at_once(engine, debug):
    """Twenty tries at a time make one container."""
    request = asked()
    key = MARK.key(request.id)
    await asyncio.gather(*(debug.grant(request, key) for _ in range(20)))
    assert [key, "web-1"] == engine.names()
    await asyncio.gather(*(debug.revoke(request, key) for _ in range(5)))


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b"<html>", "is no Docker engine"),
        (200, b'{"ApiVersion": 1}', "is no Docker engine"),
        (200, b"x" * (8 * 1024 * 1024 + 1), "more than 8388608 bytes"),
        (500, b'{"message": "no\\nspace"}', "answered 500: no space"),
        (307, b"", "answered 307"),
    ],
)
async def test_what_is_no_engine(status, body, said):
    """Something else at the address is told, and redirects lead nowhere."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers={"Location": "/elsewhere"})

    async with service(answer) as port:
        made = restarts(Dockerd("/nowhere", port), engine=f"http://127.0.0.1:{port}")
        with pytest.raises(ConnectorFailed, match=said):
            await made.check()
        await made.close()


@pytest.mark.parametrize(
    "written",
    [
        {"engine": "http://docker.internal:2375"},
        {"engine": "unix://relative"},
        {"engine": "https://u:p@docker:2376"},
        {"engine": "https://docker:2376/path"},
        {"engine": "tcp://docker"},
        {"containers": {}},
        {"containers": {"web": "../web"}},
        {"containers": {"web": "-web"}},
        {"certificate": "cert.pem"},
    ],
)
def test_settings_that_do_not_fit(written):
    """An engine in clear over a network, a name that is none, half of a pair."""
    with pytest.raises(ValidationError):
        restarts(Dockerd("/nowhere", 1), **written)


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.text(max_size=20)), max_size=5), st.integers(0, 30))
def test_frames(parts, torn):
    """All that came in whole frames is given, in order; one that is torn breaks nothing."""
    sent = b"".join(
        bytes([stream, 0, 0, 0]) + len(text.encode()).to_bytes(4, "big") + text.encode()
        for stream, text in parts
    )
    assert "".join(text for _, text in parts) == texts(sent)
    assert isinstance(texts(sent[: max(0, len(sent) - torn)]), str)
