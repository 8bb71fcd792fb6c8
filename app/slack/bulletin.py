"""Posts that belong to no request: the digest, and notices to those who run the bot. Once for each key."""

from collections.abc import Callable

from app.audit.digest import Digest
from app.policy import Policy
from app.slack.posting import Posting
from app.slack.views.blocks import Block
from app.slack.views.digest import digest_blocks, digest_text
from app.store.messages import Messages

ROLE = "post"


class Bulletin:
    """A way into channels. A key that was posted, even by a process that died at it, is not posted again."""

    def __init__(self, posting: Posting, messages: Messages, policy: Callable[[], Policy]) -> None:
        self._posting = posting
        self._messages = messages
        self._policy = policy

    async def digest(self, digest: Digest, key: str) -> None:
        """Post a digest to the channel that policy names."""
        await self._post(key, self._policy().digest_channel, digest_text(digest), digest_blocks(digest))

    async def notice(self, text: str, key: str) -> None:
        """Tell the admin channel."""
        await self._post(key, self._policy().admin_channel, text)

    async def _post(self, key: str, channel: str, text: str, blocks: list[Block] | None = None) -> None:
        places = await self._messages.places(key)
        await self._posting.show(key, ROLE, places, channel=channel, text=text, blocks=blocks)
