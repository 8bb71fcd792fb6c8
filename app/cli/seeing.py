"""Seeing what happens in the demo's workspace: what a story is made of, and what counts its steps."""

from collections.abc import Callable

from app.playground.hands import (
    Hands,
    in_channel,
    offers,
    open_view,
    reads,
    told_directly,
    whispered,
)
from app.playground.model import Json


class Seeing:
    """Waits until something is seen; `step` is the one being played, `steps` counts those that were seen."""

    def __init__(self, hands: Hands, tell: Callable[[str], None]) -> None:
        self.hands = hands
        self._tell = tell
        self.step = ""
        self.steps = 0

    def begin(self, step: str) -> None:
        """Say what is to be seen next."""
        self.step = step

    def seen(self) -> None:
        """Tell that the step was seen."""
        self.steps += 1
        self._tell(f"✓ {self.step}")

    async def card(self, channel: str, *parts: str, offering: str = "", without: str = "") -> Json:
        """Wait for a card with these parts. Raises NotSeenError, as the others do."""

        def find(state: Json) -> Json | None:
            cards = [each for each in in_channel(state, channel) if "thread_ts" not in each]
            fits = [card for card in cards if _shows(card, parts, offering, without)]
            return fits[-1] if fits else None

        return await self.hands.until(f"a card in {channel} with {', '.join(parts)}", find, within=12)

    async def posted(self, channel: str, *parts: str) -> Json:
        """Wait for a message in a channel or a thread of it."""

        def find(state: Json) -> Json | None:
            return next((each for each in in_channel(state, channel) if reads(each, *parts)), None)

        return await self.hands.until(f"a message in {channel} with {', '.join(parts)}", find)

    async def told(self, user: str, *parts: str, offering: str = "") -> Json:
        """Wait for a direct message."""

        def find(state: Json) -> Json | None:
            return next(
                (each for each in told_directly(state, user) if _shows(each, parts, offering, "")), None
            )

        return await self.hands.until(f"a direct message to {user} with {', '.join(parts)}", find, within=12)

    async def whisper(self, user: str, *parts: str) -> Json:
        """Wait for an answer that only this person sees; the latest of them."""

        def find(state: Json) -> Json | None:
            return next((each for each in reversed(whispered(state, user)) if reads(each, *parts)), None)

        return await self.hands.until(f"an answer that only {user} sees with {', '.join(parts)}", find)

    async def view(self, user: str, callback_id: str, with_input: str = "") -> Json:
        """Wait for a form before somebody."""

        def find(state: Json) -> Json | None:
            view = open_view(state, user, callback_id)
            has = view is not None and (
                not with_input or any(each["block_id"] == with_input for each in view["blocks"])
            )
            return view if has else None

        return await self.hands.until(f"the form {callback_id} before {user}", find)


def _shows(message: Json, parts: tuple[str, ...], offering: str, without: str) -> bool:
    offered = offers(message)
    return (
        reads(message, *parts)
        and (not offering or offering in offered)
        and (not without or without not in offered)
    )
