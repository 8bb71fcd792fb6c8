"""Text that is meant for an interpreter, through resource, reason and name, at the real target of every kind.

Contract: what policy refuses is refused with a sentence, and no target is asked; what is let through is given as any
other is: one grant of its own key stands, nothing else comes or goes at the target, and it is taken back. A resource
that settings do not name leads nowhere but to a sentence.
"""

import asyncio
from typing import Any

import pytest

from app.domain.refusals import BadInput, NotSetUp
from app.domain.request import State
from app.policy import PolicySource
from app.workflow import Wish
from tests.connectors.killing import ACTION, Bot
from tests.connectors.targets import RESOURCE
from tests.workplace import policy_folder

NASTY = {
    "sql": "'; DROP ROLE jit; --",
    "shell": "$(touch /tmp/x) `id` ; id && id | id > x",
    "ldap": "*)(uid=*))(|(uid=*",
    "header": "x\r\nX-Evil: 1\r\n\r\nGET / HTTP/1.1",
    "path": "../../etc/passwd",
    "encoded_path": "..%2f..%2fetc%2fpasswd%00",
    "bidi": "\u202egro.live\u2066",
    "zero_width": "orders\u200b-db\ufeff",
    "nul": "a\x00b",
    "dashes": "--privileged",
    "long": "x" * 3_000,
    "template": "{{7*7}} ${7*7} {key} %s %(key)s {0}",
    "json": '"}, "call": "revoke", "x": {"y": "',
    "yaml": "!!python/object/apply:os.system ['id']",
    "sudoers": "ALL=(ALL) NOPASSWD: ALL\nroot ALL",
    "ssh_option": "-oProxyCommand=id",
    "lone_surrogate": "a\ud800b",
}


LET_THROUGH = {"command": {"path"}, "webhook": {"path", "dashes", "ssh_option"}}
"""What a resource may look like, by policy, for kinds that take any: to them it is one word, or one text of JSON."""


class Place:
    """A bot without Slack, whose template gives access at a target to whatever resource settings name."""

    def __init__(self, real: Any, redis: Any, folder: Any) -> None:
        def change(policies: dict[str, Any]) -> None:
            policies["actions"][ACTION] |= real.given | {"resources": [RESOURCE, "*"]}

        policy = PolicySource(policy_folder(folder / "policies", change)).current
        self.bot, self.real = Bot(redis, real.file(folder), policy, "nasty"), real
        self.asked = 0

    async def all_of(self, wishes: dict[str, tuple[Wish, Any]]) -> set[str]:
        """Ask for all at once; gives those that were refused. Nothing stands when the others have been given back."""
        told = await asyncio.gather(*(self.gives(*each) for each in wishes.values()))
        assert [] == list(await asyncio.to_thread(self.real.stands))
        assert [] == [said for said in told if not said.isprintable()]
        refused = {name for name, said in zip(wishes, told, strict=True) if said}
        assert len(wishes) - len(refused) == self.asked
        return refused

    async def gives(self, wish: Wish, by: Any) -> str:
        """Ask, and give; gives what was told where it was refused."""
        try:
            request = await self.bot.workflow.request(wish, by)
        except (BadInput, NotSetUp) as refused:
            return str(refused)
        await self.bot.granter.settle(request.id)
        given = (await self.bot.store.load(request.id)).request
        assert (State.ACTIVE, "") == (given.state, given.comment)
        assert self.bot.connectors.mark.key(request.id) in await asyncio.to_thread(self.real.stands)
        self.asked += 1
        await self.bot.give_back(request.id)
        return ""


@pytest.fixture
async def place(real: Any, redis: Any, tmp_path: Any) -> Any:
    """One whose connections are closed at the end."""
    made = Place(real, redis, tmp_path)
    yield made
    await made.bot.connectors.close()


async def test_as_a_reason(place):
    """It is text about the grant and never a part of it; one that is too long is told so."""
    wishes = {
        name: (Wish(action=ACTION, resource=RESOURCE, reason=text), place.bot.ana)
        for name, text in NASTY.items()
    }
    assert {"long"} == await place.all_of(wishes)


async def test_as_a_name(place):
    """Whatever somebody is called, their access is theirs by their id, and nothing else comes of it."""
    wish = Wish(action=ACTION, resource=RESOURCE)
    called = {name: text for name, text in NASTY.items() if name != "lone_surrogate"}  # no name can be one
    wishes = {
        name: (wish, place.bot.ana.model_copy(update={"name": text, "email": text}))
        for name, text in called.items()
    }
    assert set() == await place.all_of(wishes)


async def test_as_a_resource(place):
    """Policy lets few of them through, though its action is for all; those lead nowhere but where settings say."""
    wishes = {name: (Wish(action=ACTION, resource=text), place.bot.ana) for name, text in NASTY.items()}
    assert NASTY.keys() - LET_THROUGH.get(place.real.kind, set()) == await place.all_of(wishes)
