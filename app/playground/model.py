"""What a workspace is made of: people, channels, messages, views, files.

Field names are Slack's own, so that a value turns into Slack's JSON without a table of names.
docs: reference/objects/user-object, reference/objects/conversation-object, reference/views
"""

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Json: TypeAlias = dict[str, Any]
Kind: TypeAlias = Literal["channel", "group", "im"]


@dataclass
class User:
    """A person or a bot, with everything that Slack's user object tells of one."""

    id: str
    name: str
    real_name: str
    email: str = ""
    title: str = ""
    is_bot: bool = False
    bot_id: str = ""
    app_id: str = ""
    deleted: bool = False
    is_admin: bool = False
    is_owner: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    team_id: str = ""
    tz: str = "Europe/London"
    tz_label: str = "Greenwich Mean Time"
    tz_offset: int = 0
    updated: int = 1_700_000_000

    def to_slack(self, *, with_email: bool = True) -> Json:
        """docs: reference/objects/user-object."""
        first, _, last = self.real_name.partition(" ")
        profile: Json = {
            "title": self.title,
            "real_name": self.real_name,
            "real_name_normalized": self.real_name,
            "display_name": self.name,
            "display_name_normalized": self.name,
            "first_name": first,
            "last_name": last,
            "team": self.team_id,
            "status_text": "",
            "status_emoji": "",
        }
        if self.is_bot:
            profile |= {"bot_id": self.bot_id, "api_app_id": self.app_id}
        elif with_email:
            profile["email"] = self.email
        user: Json = {
            "id": self.id,
            "team_id": self.team_id,
            "name": self.name,
            "deleted": self.deleted,
            "profile": profile,
            "is_bot": self.is_bot,
            "is_app_user": False,
            "updated": self.updated,
        }
        if self.is_stranger:
            user["is_stranger"] = True
        if self.deleted:
            return user
        return user | {
            "color": "9f69e7",
            "real_name": self.real_name,
            "tz": self.tz,
            "tz_label": self.tz_label,
            "tz_offset": self.tz_offset,
            "is_admin": self.is_admin,
            "is_owner": self.is_owner,
            "is_primary_owner": False,
            "is_restricted": self.is_restricted,
            "is_ultra_restricted": self.is_ultra_restricted,
            "is_email_confirmed": not self.is_bot,
            "who_can_share_contact_card": "EVERYONE",
        }


@dataclass
class File:
    """An uploaded file; `content` stays in memory."""

    id: str
    name: str
    title: str
    mimetype: str
    user: str
    created: int
    content: bytes = b""
    length: int = 0
    channels: list[str] = field(default_factory=list)
    uploaded: bool = False
    shared: bool = False

    def to_slack(self, base_url: str) -> Json:
        """docs: reference/objects/file-object."""
        url = f"{base_url}/files-pri/{self.id}/{self.name}"
        suffix = self.name.rpartition(".")[2].lower() if "." in self.name else "text"
        return {
            "id": self.id,
            "created": self.created,
            "timestamp": self.created,
            "name": self.name,
            "title": self.title,
            "mimetype": self.mimetype,
            "filetype": suffix,
            "pretty_type": suffix.upper(),
            "user": self.user,
            "size": len(self.content),
            "mode": "hosted",
            "is_external": False,
            "is_public": True,
            "url_private": url,
            "url_private_download": url,
            "permalink": url,
            "channels": list(self.channels),
        }


@dataclass(eq=False)
class Message:
    """One message, whether in a channel, a thread or shown to one person only."""

    ts: str
    user: str
    text: str
    channel: str
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    bot_id: str = ""
    app_id: str = ""
    subtype: str = ""
    metadata: Json | None = None
    edited: Json | None = None
    files: list[File] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    ephemeral_for: str = ""
    state: Json = field(default_factory=dict)


@dataclass
class Channel:
    """A public channel, a private one (`group`) or a direct message (`im`)."""

    id: str
    name: str
    kind: Kind = "channel"
    members: list[str] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    pins: list[str] = field(default_factory=list)
    is_archived: bool = False
    created: int = 1_700_000_000
    creator: str = ""
    topic: str = ""
    purpose: str = ""
    _by_ts: dict[str, Message] = field(default_factory=dict)
    _threads: dict[str, list[Message]] = field(default_factory=dict)

    def add(self, message: Message) -> None:
        """Put a message at the end, and into its thread."""
        self.messages.append(message)
        self._by_ts[message.ts] = message
        if message.thread_ts:
            self._threads.setdefault(message.thread_ts, []).append(message)

    def remove(self, message: Message) -> None:
        """Take a message out, and out of its thread."""
        self.messages.remove(message)
        del self._by_ts[message.ts]
        if message.thread_ts:
            self._threads[message.thread_ts].remove(message)

    def message(self, ts: str) -> Message | None:
        return self._by_ts.get(ts)

    def replies(self, ts: str) -> list[Message]:
        """List a message's replies, oldest first."""
        return self._threads.get(ts, [])


@dataclass
class View:
    """A modal or an App Home as it stands, with what was typed into it so far."""

    id: str
    app_id: str
    bot_id: str
    team_id: str
    user: str
    definition: Json
    hash: str
    state: Json = field(default_factory=dict)
    root_view_id: str = ""
    previous_view_id: str | None = None
    errors: dict[str, str] = field(default_factory=dict)
    trouble: str = ""

    def to_slack(self) -> Json:
        """docs: reference/views (a view as the Web API and payloads carry it)."""
        given = self.definition
        return {
            "id": self.id,
            "team_id": self.team_id,
            "type": given["type"],
            "title": given.get("title", {"type": "plain_text", "text": "View Title", "emoji": True}),
            "submit": given.get("submit"),
            "close": given.get("close"),
            "blocks": given["blocks"],
            "private_metadata": given.get("private_metadata", ""),
            "callback_id": given.get("callback_id", ""),
            "external_id": given.get("external_id", ""),
            "state": {"values": self.state},
            "hash": self.hash,
            "clear_on_close": bool(given.get("clear_on_close")),
            "notify_on_close": bool(given.get("notify_on_close")),
            "root_view_id": self.root_view_id or self.id,
            "previous_view_id": self.previous_view_id,
            "app_id": self.app_id,
            "app_installed_team_id": self.team_id,
            "bot_id": self.bot_id,
        }


@dataclass
class UserGroup:
    """docs: reference/objects/usergroup-object."""

    id: str
    handle: str
    name: str
    users: list[str]

    def to_slack(self, team_id: str) -> Json:
        return {
            "id": self.id,
            "team_id": team_id,
            "is_usergroup": True,
            "name": self.name,
            "handle": self.handle,
            "description": "",
            "is_external": False,
            "date_create": 1_700_000_000,
            "date_delete": 0,
            "user_count": len(self.users),
            "users": list(self.users),
        }
