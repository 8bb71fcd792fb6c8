"""Messages that follow a request: posted once, updated as long as they differ from what they should show.

`chat.postMessage` has no idempotency key. So a role is reserved before its message is posted; a role found
reserved but without a place is in doubt, and is looked for in the channel by its metadata before it is
posted again (docs.slack.dev: reference/methods/chat.postMessage, messaging/message-metadata).
"""

import hashlib
import json
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from app.outbox import GiveUp, TryAgain
from app.slack.views.blocks import Block
from app.store.messages import IN_DOUBT, Messages, Place

METADATA = "jit_message"
LOOKED_THROUGH = 200
TRANSIENT = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"}
)
log = structlog.get_logger(__name__)


class Channels:
    """Channel ids by name: Slack's history answers to ids alone."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._ids: dict[str, str] = {}

    async def id_of(self, channel: str) -> str:
        """Give a channel's id, from a `#name` or an id. Raises GiveUp when there is none that we are in."""
        if not channel.startswith("#"):
            return channel
        name = channel.removeprefix("#")
        if name not in self._ids:
            self._ids |= {each["name"]: each["id"] for each in await told(every_channel(self._client))}
        if name not in self._ids:
            raise GiveUp(f"there is no channel {channel}, or the app is not in it: invite the app")
        return self._ids[name]

    def forget(self, channel: str) -> None:
        """A channel turned out to be gone or renamed."""
        self._ids.pop(channel.removeprefix("#"), None)


async def every_channel(client: AsyncWebClient) -> list[dict[str, Any]]:
    """List the channels that the app can see, public ones and the private ones it is in."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        answer = await client.conversations_list(
            types="public_channel,private_channel", exclude_archived=True, limit=1000, cursor=cursor
        )
        found += answer["channels"]
        cursor = (answer.get("response_metadata") or {}).get("next_cursor", "")
        if not cursor:
            return found


async def told(call: Any) -> Any:
    """Await a call of the Web API. Raises TryAgain for what passes by itself, GiveUp for what does not."""
    try:
        return await call
    except SlackApiError as error:
        raise _verdict_on(error) from error


def _verdict_on(error: SlackApiError) -> Exception:
    status, code = error.response.status_code, str(error.response.get("error", ""))
    if status == 429 or code == "ratelimited":
        return TryAgain(float(error.response.headers.get("Retry-After", 1)))
    if status >= 500 or code in TRANSIENT:
        return error  # the outbox tries again, with growing pauses
    return GiveUp(f"Slack refuses: {code} {error.response.get('response_metadata', '')}")


class Posting:
    """Posts and updates the messages of requests."""

    def __init__(self, client: AsyncWebClient, messages: Messages) -> None:
        self._client = client
        self._messages = messages
        self.channels = Channels(client)

    async def show(
        self,
        request_id: str,
        role: str,
        places: dict[str, str],
        *,
        channel: str,
        text: str,
        blocks: list[Block] | None = None,
        thread: str | None = None,
    ) -> Place:
        """Make the message of a role show this; post it where it does not exist. `places` is kept up to date.

        `channel` is a channel's `#name` or id, or a user's id for a direct message.
        """
        shown = _digest(text, blocks)
        known = places.get(role)
        if known is None:
            place = await self._post(request_id, role, channel, text, blocks, thread, shown)
        elif known == IN_DOUBT:
            place = await self._look_for(request_id, role, channel, thread) or await self._post(
                request_id, role, channel, text, blocks, thread, shown
            )
        else:
            place = Place.read(known)
        if place.shown != shown:
            await self._update(place, text, blocks)
            place = place._replace(shown=shown)
        if places.get(role) != str(place):
            await self._messages.put(request_id, role, str(place))
            places[role] = str(place)
        return place

    async def _post(
        self,
        request_id: str,
        role: str,
        channel: str,
        text: str,
        blocks: list[Block] | None,
        thread: str | None,
        shown: str,
    ) -> Place:
        where = await self.channels.id_of(channel)
        await self._messages.reserve(request_id, role)
        try:
            answer = await told(
                self._client.chat_postMessage(
                    channel=where,
                    text=text,
                    blocks=blocks,
                    thread_ts=thread,
                    metadata=_metadata(request_id, role),
                    unfurl_links=False,
                    unfurl_media=False,
                )
            )
        except (GiveUp, TryAgain):  # Slack said no, so nothing was posted
            await self._messages.forget(request_id, role)
            self.channels.forget(channel)
            raise
        return Place(answer["channel"], answer["ts"], shown)

    async def _update(self, place: Place, text: str, blocks: list[Block] | None) -> None:
        try:
            await told(
                self._client.chat_update(channel=place.channel, ts=place.ts, text=text, blocks=blocks or [])
            )
        except GiveUp as refused:
            if "message_not_found" not in str(refused):
                raise
            log.info("message_deleted_by_someone", channel=place.channel, ts=place.ts)

    async def _look_for(self, request_id: str, role: str, channel: str, thread: str | None) -> Place | None:
        """Find a message that was posted without our hearing of it."""
        where = await self.channels.id_of(channel)
        if where.startswith(("U", "W")):
            where = (await told(self._client.conversations_open(users=where)))["channel"]["id"]
        if thread:
            found = await told(
                self._client.conversations_replies(
                    channel=where, ts=thread, limit=LOOKED_THROUGH, include_all_metadata=True
                )
            )
        else:
            found = await told(
                self._client.conversations_history(
                    channel=where, limit=LOOKED_THROUGH, include_all_metadata=True
                )
            )
        wanted = _metadata(request_id, role)
        for message in found["messages"]:
            if (message.get("metadata") or {}).get("event_payload") == wanted["event_payload"]:
                return Place(where, message["ts"], "?")
        return None


def _metadata(request_id: str, role: str) -> dict[str, Any]:
    return {"event_type": METADATA, "event_payload": {"request": request_id, "role": role}}


def _digest(text: str, blocks: list[Block] | None) -> str:
    content = json.dumps([text, blocks], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()[:16]
