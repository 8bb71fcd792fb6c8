"""Messages that follow a request: posted once, updated as long as they differ from what they should show.

`chat.postMessage` has no idempotency key. So a role is reserved before its message is posted; a role found
reserved but without a place is in doubt, and is looked for in the channel by its metadata before it is
posted again (docs.slack.dev: reference/methods/chat.postMessage, messaging/message-metadata).

A process that was killed may have left a call under way, which Slack carries out after its successor has
looked. So what is in doubt is given SETTLES to arrive before it is done again: a post would be there twice,
and a change that arrives late would bring buttons back that no longer work.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from app.outbox import GiveUp, TryAgain
from app.slack.views.blocks import Block
from app.store.messages import IN_DOUBT, Messages, Overtaken, Place, is_in_doubt, reserved_at

METADATA = "jit_message"
A_PAGE = 200
CLOCKS_DIFFER = 60.0
"""By how many seconds at most Slack's clock, which stamps messages, and the store's are taken to differ."""
SETTLES = 5.0
"""Within how many seconds Slack has carried out a call whose caller is gone."""
TRANSIENT = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"}
)
TOKEN_REFUSED = frozenset(
    {
        "invalid_auth",
        "not_authed",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "org_login_required",
        "team_access_not_granted",
    }
)
"""What Slack says to every call while the token does not work: until that is mended, nothing is passed over."""
LOCKED_OUT = 15.0
OVERTAKEN = 0.2
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
    if code in TOKEN_REFUSED:
        log.error("slack_refuses_the_token", code=code, mend="see `jit doctor`", again_in=LOCKED_OUT)
        return TryAgain(LOCKED_OUT)
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
            place = await self._post(request_id, role, places, channel, text, blocks, thread, shown)
        elif is_in_doubt(known):
            place = await self._look_for(
                request_id, role, channel, thread, reserved_at(known)
            ) or await self._post(request_id, role, places, channel, text, blocks, thread, shown)
        else:
            place = Place.read(known)
        if place.shown != shown:
            await self._until_settled(place.since)
            try:
                await self._change(request_id, role, places, place, text, blocks)
                place = place._replace(shown=shown, since="")
            except GiveUp as refused:
                if "message_not_found" not in str(refused):
                    raise
                log.info("message_deleted_by_someone", channel=place.channel, ts=place.ts)
                place = await self._post(request_id, role, places, channel, text, blocks, thread, shown)
        await self._note(request_id, role, places, place)
        return place

    async def _note(self, request_id: str, role: str, places: dict[str, str], place: Place) -> None:
        if places.get(role) != str(place):
            await self._messages.put(request_id, role, str(place))
            places[role] = str(place)

    async def _post(
        self,
        request_id: str,
        role: str,
        places: dict[str, str],
        channel: str,
        text: str,
        blocks: list[Block] | None,
        thread: str | None,
        shown: str,
    ) -> Place:
        where = await self.channels.id_of(channel)
        with _looking_again():
            places[role] = await self._messages.reserve(request_id, role, places.get(role, ""))
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
            del places[role]
            self.channels.forget(channel)
            raise
        return Place(answer["channel"], answer["ts"], shown)

    async def _change(
        self,
        request_id: str,
        role: str,
        places: dict[str, str],
        place: Place,
        text: str,
        blocks: list[Block] | None,
    ) -> None:
        with _looking_again():
            known = places.get(role, "")
            places[role] = await self._messages.begin_change(request_id, role, known, place)
        try:
            await self._update(place, text, blocks)
        except (GiveUp, TryAgain):  # Slack said no, so nothing is under way
            await self._note(request_id, role, places, place._replace(since=""))
            raise

    async def _update(self, place: Place, text: str, blocks: list[Block] | None) -> None:
        await told(
            self._client.chat_update(channel=place.channel, ts=place.ts, text=text, blocks=blocks or [])
        )

    async def _until_settled(self, since: str) -> None:
        """Raise TryAgain while a call that was begun at `since` may still be under way."""
        if since and (left := SETTLES - await self._messages.passed(since)) > 0:
            raise TryAgain(left)

    async def _look_for(
        self, request_id: str, role: str, channel: str, thread: str | None, since: str
    ) -> Place | None:
        """Find a message that was posted without our hearing of it. Raises TryAgain where it may yet come."""
        where = await self.channels.id_of(channel)
        if where.startswith(("U", "W")):
            where = (await told(self._client.conversations_open(users=where)))["channel"]["id"]
        wanted = _metadata(request_id, role)
        async for message in self._said_since(where, thread, since):
            if (message.get("metadata") or {}).get("event_payload") == wanted["event_payload"]:
                return Place(where, message["ts"], IN_DOUBT)
        await self._until_settled(since)
        return None

    async def _said_since(
        self, channel: str, thread: str | None, since: str
    ) -> AsyncIterator[dict[str, Any]]:
        """What was said since (milliseconds) in a channel or thread, all of it however much that is."""
        oldest = f"{max(0.0, int(since or 0) / 1000 - CLOCKS_DIFFER):.6f}"
        ask: dict[str, Any] = {
            "channel": channel,
            "oldest": oldest,
            "limit": A_PAGE,
            "include_all_metadata": True,
        }
        cursor = ""
        while True:
            if thread:
                found = await told(self._client.conversations_replies(ts=thread, cursor=cursor, **ask))
            else:
                found = await told(self._client.conversations_history(cursor=cursor, **ask))
            for message in found["messages"]:
                yield message
            cursor = (found.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                return


@contextmanager
def _looking_again() -> Iterator[None]:
    """Have the outbox begin anew, with what is known by now, where somebody else was quicker."""
    try:
        yield
    except Overtaken:
        raise TryAgain(OVERTAKEN) from None


def _metadata(request_id: str, role: str) -> dict[str, Any]:
    return {"event_type": METADATA, "event_payload": {"request": request_id, "role": role}}


def _digest(text: str, blocks: list[Block] | None) -> str:
    content = json.dumps([text, blocks], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()[:16]
