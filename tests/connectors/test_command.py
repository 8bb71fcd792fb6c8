"""Programs that give and take back, real ones, run without a shell.

Contract: no text of a request becomes more, less or another word than its placeholder, nor an option; a program gets
nothing of the bot's environment and a question on its input; what does not end in time is killed with all that it
started; output is bounded; what it says on standard error is told, and secrets come by its answer alone. Nothing is run
where the installation does not allow it.
"""

import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.connectors.command import Command
from app.connectors.mark import Mark
from app.connectors.protocol import ConnectorFailed, Found, Unfit
from app.connectors.registry import Connectors
from app.connectors.settings import ConnectorsError
from app.doctor import Grade
from app.doctor.connectors import examine_connectors
from app.domain.people import Principal
from app.domain.refusals import NotSetUp
from app.domain.target import Target
from app.settings import Settings
from tests.connectors.asked import granting

MARK = Mark("harbour")
DOORS = f"""#!{sys.executable}
import json, os, sys
folder = os.environ["DOORS"]
asked = json.load(sys.stdin)
with open(os.path.join(folder, "log"), "a") as log:
    log.write(json.dumps([sys.argv[1:], asked, sorted(os.environ)]) + "\\n")
file = os.path.join(folder, asked.get("key", "none"))
if asked["call"] in ("grant", "extend"):
    open(file, "w").write(asked["request"]["ends_at"])
    print(json.dumps({{"summary": "the door", "environment": {{"CODE": "4711"}}, "files": {{"PLAN": "left"}}}}))
if asked["call"] == "revoke" and os.path.exists(file):
    os.unlink(file)
if asked["call"] == "list":
    names = [each for each in os.listdir(folder) if each.startswith("jit-")]
    print(json.dumps({{"grants": [{{"key": n, "ends_at": open(os.path.join(folder, n)).read()}} for n in names]}}))
"""
NASTY = [
    "; id",
    "$(id)",
    "`id`",
    "a b  c",
    "'\"",
    "*",
    "~root",
    "a|b>c",
    "{key}",
    "%s",
    "é🙂",
    "a\\nb",
    "&& rm -rf /",
]


def program(folder: Path, content: str, name: str = "doors") -> str:
    file = folder / name
    file.write_text(content)
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return str(file)


def written(doors: str, **changed: Any) -> dict[str, Any]:
    words = {
        "grant": [doors, "open", "{key}", "--", "{resource}", "{reason}", "{requester}"],
        "extend": [doors, "open", "{key}", "--", "{resource}"],
        "revoke": [doors, "shut", "{key}"],
        "check": [doors, "check"],
        "list": [doors, "list"],
        "environment": {"DOORS": {"env": "JIT_TEST_DOORS"}},
    }
    return words | changed


def command(doors: str, **changed: Any) -> Command:
    return Command("command", Command.Settings.model_validate(written(doors, **changed)), MARK)


@pytest.fixture
def doors(tmp_path, monkeypatch) -> str:
    """A program that keeps doors in a folder."""
    (tmp_path / "kept").mkdir()
    monkeypatch.setenv("JIT_TEST_DOORS", str(tmp_path / "kept"))
    return program(tmp_path, DOORS)


def logged(tmp_path: Path) -> list[Any]:
    return [json.loads(line) for line in (tmp_path / "kept/log").read_text().splitlines()]


def asked(**changed: Any) -> Any:
    target = Target(connector="command", parameters={"level": "2"})
    return granting(**{"target": target, "action": "door", "resource": "vault"} | changed)


async def test_gives_is_found_and_takes_back(doors, tmp_path):
    """All calls with a real program, each as often as it comes."""
    made, request = command(doors), asked()
    key = MARK.key(request.id)
    await made.check()
    for _ in range(2):
        granted = await made.grant(request, key)
    assert granted.secret
    assert "4711" == granted.secret.environment["CODE"].get_secret_value()
    assert "left" == granted.secret.files["PLAN"].get_secret_value()
    assert ("the door", key) == (granted.lease.summary, granted.lease.reference)
    assert [Found(key, "command", request.ends_at)] == list(await made.list_active())
    await made.extend(request, key)
    await made.revoke(request, key)
    await made.remove(Found(key, "command"))
    assert [] == list(await made.list_active())
    words, question, environment = logged(tmp_path)[1]
    assert ["open", key, "--", "vault", "INC-7", "ana"] == words
    assert ("grant", "harbour", {"level": "2"}) == (
        question["call"], question["installation"], question["parameters"]
    )  # fmt: skip
    assert {"DOORS", "LANG", "PATH"} == set(environment) - {"LC_CTYPE"}


@pytest.mark.parametrize("text", NASTY)
async def test_injection(doors, tmp_path, text):
    """Resource, reason and name arrive as they are, a word each, and nothing of them is run or filled in."""
    request = asked(resource=text, reason=text, requester=Principal(id=text, name=text, slack="U1"))
    await command(doors).grant(request, MARK.key(request.id))
    ((words, question, _),) = logged(tmp_path)
    assert [text] * 3 == words[-3:]
    assert 6 == len(words)
    assert text == question["request"]["reason"]


@given(st.text(max_size=50))
def test_a_value_is_one_word_or_refused(text):
    """Whatever the text is, it is that very word, or whoever asks is told that it cannot be."""
    made, request = command("/bin/doors"), asked(resource=text)
    try:
        words = made._words("grant", "k", request)
    except Unfit:
        assert text.startswith("-") or not text.isprintable()
    else:
        assert ["/bin/doors", "open", "k", "--", text, "INC-7", "ana"] == words


@pytest.mark.parametrize("text", ["-rf", "--help", "a\nb", "a\x00b", "\x1b[2J", "a\u2028b"])
async def test_what_a_program_could_misread(doors, tmp_path, text):
    """It is refused when it is asked for, and again before anything is run."""
    for changed in ({"resource": text}, {"reason": text}):
        request = asked(**changed)
        with pytest.raises(Unfit, match="command does not take"):
            command(doors).plan(request)
        with pytest.raises(ConnectorFailed, match="command does not take"):
            await command(doors).grant(request, MARK.key(request.id))
    assert not (tmp_path / "kept/log").exists()


async def test_dashes_where_settings_say_so(doors, tmp_path):
    """A program whose words have `--` may get them."""
    request = asked(resource="-rf")
    await command(doors, dashes=True).grant(request, MARK.key(request.id))
    assert "-rf" == logged(tmp_path)[0][0][3]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"grant": ["doors"]}, "whole path"),
        ({"grant": ["{resource}"]}, "whole path"),
        ({"grant": ["/bin/doors", "--for={resource}"]}, "a word of its own"),
        ({"grant": ["/bin/doors", "{nonsense}"]}, "known are: {action}"),
        ({"revoke": ["/bin/doors", "{resource}"]}, "known are: {key}"),
        ({"list": ["/bin/doors", "{key}"]}, "known are: none"),
        ({"grant": []}, "at least 1"),
        ({"grant": "/bin/doors open"}, "valid list"),
        ({"timeout": 60}, "less than or equal to 25"),
        ({"environment": {"a b": {"env": "A"}}}, "match pattern"),
    ],
)
def test_words_that_do_not_fit(changed, said):
    """What is wrong with the settings is told when they are read."""
    with pytest.raises(ValidationError, match=said):
        command("/bin/doors", **changed)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo no such door >&2; exit 3", "ended with 3: no such door"),
        ("exit 75", "ended with 75: and said nothing"),
        ("kill -9 $$", "ended with -9"),
        ("printf 'a\\033[2J\\nb' >&2; exit 1", r"ended with 1: a \[2J b"),
        ('echo \'{"environment": {"CODE": 4711}}\'', "environment.CODE: input should be"),
        ("echo s3cret", "does not fit"),
        ("exit 0", "does not fit"),
        ("exec cat /dev/zero", "prints more than 1048576 bytes"),
        ("exec cat /dev/zero >&2", "prints more than 1048576 bytes"),
    ],
)
async def test_what_does_not_confirm(tmp_path, script, said):
    """Any end but 0 with an answer that fits; no value of an answer is told."""
    made = command(program(tmp_path, f"#!/bin/sh\n{script}\n"), environment={})
    with pytest.raises(ConnectorFailed, match=said) as told:
        await made.grant(asked(), "jit-harbour-r07-4kx9tqz")
    assert "s3cret" not in str(told.value)


async def test_one_that_cannot_be_run(tmp_path):
    """A program that is not there, or may not be run, is told."""
    with pytest.raises(ConnectorFailed, match=r"nothing cannot be run: .*No such file"):
        await command(str(tmp_path / "nothing"), environment={}).check()


async def test_the_bots_environment_is_its_own(tmp_path, monkeypatch):
    """No token of the bot reaches a program, nor where it was started."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-s3cret")
    monkeypatch.setenv("DOORS_KEY", "4711")
    seen = tmp_path / "seen"
    told = program(tmp_path, f"#!/bin/sh\nenv >{seen}\npwd >>{seen}\n")
    await command(told, environment={"DOORS": {"env": "DOORS_KEY"}}).check()
    lines = seen.read_text().splitlines()
    assert {"DOORS=4711", "LANG=C.UTF-8"} <= set(lines)
    assert "/" == lines[-1]
    assert "xoxb-s3cret" not in seen.read_text()
    assert Path("/") != Path.cwd()


async def test_the_installation_has_to_allow_it(doors, tmp_path):
    """Without JIT_CONNECTOR_COMMANDS such settings are refused, by the bot and the doctor, and nothing is run."""
    file = tmp_path / "connectors.yaml"
    content = {"installation": "harbour", "connectors": {"gates": {"kind": "command"} | written(doors)}}
    file.write_text(yaml.safe_dump(content))
    with pytest.raises(
        ConnectorsError, match=r"connectors.gates.kind: runs programs.*JIT_CONNECTOR_COMMANDS=1"
    ):
        Connectors.open(file)
    unset = Settings(SLACK_BOT_TOKEN="xoxb-1", SLACK_APP_TOKEN="xapp-1", connectors=file)
    (told,) = await examine_connectors(unset, None, reconcile=False)
    assert (Grade.BAD, True) == (told.grade, "JIT_CONNECTOR_COMMANDS=1" in told.said)
    assert not (tmp_path / "kept/log").exists()

    allowed = unset.model_copy(update={"connector_commands": True})
    (told,) = await examine_connectors(allowed, None, reconcile=False)
    assert Grade.GOOD == told.grade
    assert [["check"]] == [words for words, _, _ in logged(tmp_path)]
    connectors = Connectors.open(file, commands=True)
    request = asked(target=Target(connector="gates"), resource="-rf")
    with pytest.raises(NotSetUp, match="the resource begins with a dash"):
        connectors.plan(request)


def test_what_approvers_are_shown():
    """The very words, quoted so that each can be told from the next."""
    request = asked(resource="a; id")
    plan = command("/bin/doors").plan(request)
    assert f"runs /bin/doors open {MARK.key(request.id)} -- 'a; id' INC-7 ana" == plan[0]
