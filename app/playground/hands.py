"""Hands and eyes for the workspace's people: types, clicks, fills in, and waits until something is seen.

The demo and the tests use the user side through this, as the page does through its own code.
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import aiohttp

from app.playground.model import Json

LOOK_EVERY = 0.02
Seen = TypeVar("Seen")
PATIENCE = 40.0
"""Seconds for which something is looked for before it is said not to be there; machines are slow at times."""


class NotSeenError(Exception):
    """What was waited for did not come; says what, and what was there instead."""


class NotTakenError(Exception):
    """The workspace did not take what somebody did, or the app did not acknowledge it; says which."""


class Hands:
    """The user side of the workspace at `url`; users and channels by `@name`, `#name` or id."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._session = session

    async def look(self) -> Json:
        """Give the state of the whole workspace."""
        async with self._session.get(f"{self._url}/workspace/state") as answer:
            state: Json = await answer.json()
            return state

    async def do(self, verb: str, **body: Any) -> Json:
        """Make one call of the user side. Raises NotTakenError."""
        async with self._session.post(f"{self._url}/workspace/{verb}", json=body) as answer:
            said: Json = await answer.json()
        if answer.status >= 400:
            raise NotTakenError(f"{verb}: {said.get('error', said)}")
        if said.get("acked") is False:
            raise NotTakenError(f"{verb}: the app did not acknowledge it ({said.get('error', 'no reason')})")
        return said

    async def types(self, user: str, command: str, channel: str = "#general") -> Json:
        """Type a slash command."""
        name, _, text = command.partition(" ")
        return await self.do("command", user=user, channel=channel, command=name, text=text)

    async def clicks(self, user: str, message: Json, action_id: str) -> Json:
        """Click a button of a message."""
        return await self.do(
            "action", user=user, channel=message["channel"], ts=message["ts"], action_id=action_id
        )

    async def chooses(self, user: str, view: Json, action_id: str, value: str) -> Json:
        """Choose something in an open modal."""
        return await self.do("action", user=user, view_id=view["id"], action_id=action_id, value=value)

    async def submits(self, user: str, view: Json, answers: Mapping[str, str | Sequence[str]]) -> Json:
        """Fill in a modal, by action id, and submit it; what is not named stays as it is."""
        values = {
            block["block_id"]: {
                block["element"]["action_id"]: _fitting(
                    block["element"], answers[block["element"]["action_id"]]
                )
            }
            for block in view["blocks"]
            if block["type"] == "input" and block["element"]["action_id"] in answers
        }
        return await self.do("submit", user=user, view_id=view["id"], values=values)

    async def until(self, what: str, find: Callable[[Json], Seen | None], within: float = PATIENCE) -> Seen:
        """Look until `find` finds something in the state. Raises NotSeenError after `within` seconds."""
        ends = asyncio.get_running_loop().time() + within
        while True:
            state = await self.look()
            found = find(state)
            if found:
                return found
            if asyncio.get_running_loop().time() > ends:
                raise NotSeenError(f"not seen within {within:g} s: {what}. There was: {_excerpt(state)}")
            await asyncio.sleep(LOOK_EVERY)

    async def until_connected(self, within: float = 15.0) -> None:
        """Wait until the first app is there."""
        await self.until("the app is connected", lambda state: bool(state["apps"][0]["connected"]), within)


def in_channel(state: Json, channel: str) -> list[Json]:
    """List the messages of a channel, replies among them, oldest first."""
    name = channel.removeprefix("#")
    return next((each["messages"] for each in state["channels"] if name in {each["name"], each["id"]}), [])


def told_directly(state: Json, user: str) -> list[Json]:
    """List the direct messages of somebody, oldest first."""
    return list(state["direct"].get(_id(state, user), []))


def whispered(state: Json, user: str) -> list[Json]:
    """List what only this person sees, oldest first."""
    return list(state["ephemeral"].get(_id(state, user), []))


def open_view(state: Json, user: str, callback_id: str) -> Json | None:
    """Find the topmost modal of somebody, if it is the one that is meant."""
    stack: list[Json] = state["views"].get(_id(state, user), [])
    return stack[-1] if stack and stack[-1]["callback_id"] == callback_id else None


def reads(message: Json, *parts: str) -> bool:
    """Tell whether all parts can be read in a message."""
    text = readable(message)
    return all(part in text for part in parts)


def readable(message: Json) -> str:
    """Give all that can be read in a message: its blocks if it has some, else its text."""
    blocks = message.get("blocks")
    return "\n".join(_texts(blocks)) if blocks else str(message.get("text", ""))


def offers(message: Json) -> list[str]:
    """List the action ids of a message's elements."""
    return [
        element["action_id"]
        for block in message.get("blocks") or ()
        for element in (*block.get("elements", ()), block.get("accessory") or {})
        if "action_id" in element
    ]


def urls(shown: Json) -> list[str]:
    """List where the buttons of a message or a view lead."""
    return [
        element["url"]
        for block in shown.get("blocks") or ()
        for element in (*block.get("elements", ()), block.get("accessory") or {})
        if element.get("url")
    ]


def _fitting(element: Json, answer: str | Sequence[str]) -> str | Sequence[str]:
    """Give a list of one where several may be chosen and one is."""
    return [answer] if element["type"].startswith("multi_") and isinstance(answer, str) else answer


def _id(state: Json, user: str) -> str:
    name = user.removeprefix("@")
    return next((each["id"] for each in state["users"] if name in {each["name"], each["id"]}), name)


def _texts(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            if key in {"text", "label", "title"} and isinstance(value, str):
                yield value
            else:
                yield from _texts(value)
    elif isinstance(part, list):
        for each in part:
            yield from _texts(each)


def _excerpt(state: Json) -> str:
    said = {
        f"#{channel['name']}": [readable(message)[:300] for message in channel["messages"][-4:]]
        for channel in state["channels"]
        if channel["messages"]
    }
    alone = {
        user: [readable(m)[:300] for m in messages[-3:]] for user, messages in state["ephemeral"].items()
    }
    direct = {user: [readable(m)[:300] for m in messages[-3:]] for user, messages in state["direct"].items()}
    return json.dumps({"channels": said, "ephemeral": alone, "direct": direct}, ensure_ascii=False)
