"""The workspace's state in memory, the changes it can undergo, and who waits for the next change.

Nothing here knows of HTTP, sockets or apps' code: time is a parameter and everything is synchronous, so
that each API call is one step that nothing interleaves.
"""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from app.playground.model import Channel, File, Kind, Message, User, UserGroup, View

BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def base36(number: int) -> str:
    """Write a number as Slack writes ids."""
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = BASE36[digit] + digits
    return digits or "0"


@dataclass
class Workspace:
    """People, channels and everything said; `version` grows with every change."""

    team_id: str = "T0DEMO"
    team_name: str = "Harbour (demo)"
    team_domain: str = "harbour-demo"
    users: dict[str, User] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    usergroups: dict[str, UserGroup] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    ephemerals: dict[str, list[Message]] = field(default_factory=dict)
    modals: dict[str, list[View]] = field(default_factory=dict)
    homes: dict[str, dict[str, View]] = field(default_factory=dict)
    clock: Callable[[], float] = time.time
    version: int = 0
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(46_656))
    _last_ts: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def new_id(self, prefix: str) -> str:
        """Make an id such as `C0000100A`."""
        return f"{prefix}{base36(next(self._ids)):0>8}"

    def new_ts(self) -> str:
        """Make a message id: seconds since the epoch with six decimals, and never the same one twice."""
        self._last_ts = max(self._last_ts + 1, int(self.clock() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def touch(self) -> None:
        """Tell whoever waits that something changed."""
        self.version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def change_after(self, version: int) -> int:
        """Wait until the workspace is newer than `version`, and return the version it then has."""
        while self.version <= version:
            await self._changed.wait()
        return self.version

    def add_user(self, user: User) -> User:
        user.team_id = user.team_id or self.team_id
        self.users[user.id] = user
        return user

    def add_channel(
        self,
        name: str,
        members: list[str],
        *,
        channel_id: str = "",
        kind: Kind = "channel",
        purpose: str = "",
    ) -> Channel:
        channel = Channel(
            id=channel_id or self.new_id("D" if kind == "im" else "C"),
            name=name,
            kind=kind,
            members=list(members),
            created=int(self.clock()),
            creator=members[0] if members else "",
            purpose=purpose,
        )
        self.channels[channel.id] = channel
        self.touch()
        return channel

    def direct_message(self, one: str, other: str) -> Channel:
        """Find or open the direct message between two members."""
        for channel in self.channels.values():
            if channel.kind == "im" and set(channel.members) == {one, other}:
                return channel
        return self.add_channel("", [one, other], kind="im")

    def user_named(self, name: str) -> User | None:
        """Find anybody by id, `@name` or `name`."""
        bare = name.removeprefix("@")
        return self.users.get(bare) or next((u for u in self.users.values() if u.name == bare.lower()), None)

    def channel_named(self, name: str) -> Channel | None:
        """Find a channel by id, `#name` or `name`."""
        bare = name.removeprefix("#")
        if bare in self.channels:
            return self.channels[bare]
        return next((c for c in self.channels.values() if c.kind != "im" and c.name == bare), None)

    def post(self, message: Message) -> Message:
        """Put a message where it belongs: into its channel, or before one person's eyes only."""
        if message.ephemeral_for:
            self.ephemerals.setdefault(message.ephemeral_for, []).append(message)
        else:
            self.channels[message.channel].add(message)
        self.touch()
        return message

    def ephemeral(self, user: str, ts: str) -> Message | None:
        return next((m for m in self.ephemerals.get(user, []) if m.ts == ts), None)

    def remove(self, message: Message) -> None:
        """Take a message away; one that is gone already stays gone."""
        if message.ephemeral_for:
            shown = self.ephemerals.get(message.ephemeral_for, [])
            shown[:] = [other for other in shown if other is not message]
        elif self.shows(message):
            self.channels[message.channel].remove(message)
        self.touch()

    def shows(self, message: Message) -> bool:
        """Tell whether a message is still there."""
        if message.ephemeral_for:
            return self.ephemeral(message.ephemeral_for, message.ts) is not None
        return self.channels[message.channel].message(message.ts) is not None

    def view(self, view_id: str) -> View | None:
        """Find an open modal or a published home by its id."""
        modals = (view for stack in self.modals.values() for view in stack)
        homes = (view for by_app in self.homes.values() for view in by_app.values())
        return next((view for view in itertools.chain(modals, homes) if view.id == view_id), None)
