"""The main story, played by people of the demo's workspace: every step is seen before the next begins."""

from collections.abc import Callable

from app.playground.hands import (
    Hands,
    in_channel,
    offers,
    open_view,
    readable,
    reads,
    told_directly,
    whispered,
)
from app.playground.model import Json

PROD = "#prod-approvals"
STAGING = "#staging-approvals"
SECURITY = "#security"


class MainStory:
    """Steps in their order; `step` is the one being played, `steps` counts those that were seen."""

    def __init__(self, hands: Hands, tell: Callable[[str], None]) -> None:
        self._hands = hands
        self._tell = tell
        self.step = ""
        self.steps = 0

    async def play(self) -> None:
        """Play it all. Raises NotSeenError or NotTakenError at the first step that does not happen."""
        self._begin("the bot is connected")
        await self._hands.until_connected(within=20)
        self._seen()
        await self._asked_and_approved()
        await self._asked_by_modal_and_denied()
        await self._expires_by_itself()
        await self._approved_by_template()
        await self._told_to_security()

    async def _asked_and_approved(self) -> None:
        self._begin("Ana asks for prod-db-debug on orders-db; one card appears for the approvers")
        await self._hands.types("@ana", "/jit request prod-db-debug orders-db 30m INC-7: checkout is slow")
        card = await self._card(PROD, "INC-7", offering="jit_approve")
        self._seen()

        self._begin("Ana clicks Approve on her own request and is refused")
        await self._hands.clicks("@ana", card, "jit_approve")
        await self._whisper("@ana", "your own request")
        await self._card(PROD, "INC-7", offering="jit_approve")
        self._seen()

        self._begin("Ben approves; the card says so and loses its buttons; Ana is told that access is live")
        await self._hands.clicks("@ben", card, "jit_approve")
        await self._card(PROD, "INC-7", "Approved by Ben Okafor", "Access is live", without="jit_approve")
        told = await self._told("@ana", "You have access", "orders-db", offering="jit_done")
        self._seen()

        self._begin("Ana is done; the access is taken back, and card and thread tell it")
        await self._hands.clicks("@ana", told, "jit_done")
        await self._card(PROD, "INC-7", "Given back by Ana Ruiz", "Access is gone", without="jit_revoke")
        await self._until_posted(PROD, "Access is gone: Ana Ruiz was done")
        self._seen()

    async def _asked_by_modal_and_denied(self) -> None:
        self._begin("Dev opens the form, chooses and asks for a config change")
        await self._hands.types("@dev", "/jit request")
        view = await self._view("@dev", "jit_request")
        await self._hands.chooses("@dev", view, "action", "prod-config-change")
        view = await self._view("@dev", "jit_request", with_input="reason")
        answers = {"resource": "rate-limits", "reason": "Raise the limit of checkout by half"}
        await self._hands.submits("@dev", view, answers)
        card = await self._card(PROD, "Raise the limit", offering="jit_deny")
        self._seen()

        self._begin("Ben denies it and says why; Dev is told by whom and why")
        await self._hands.clicks("@ben", card, "jit_deny")
        view = await self._view("@ben", "jit_deny_reason")
        await self._hands.submits("@ben", view, {"comment": "Not during the sale, please"})
        await self._card(PROD, "Denied by Ben Okafor", "Not during the sale", without="jit_approve")
        await self._told("@dev", "Ben Okafor denied", "Not during the sale")
        self._seen()

    async def _expires_by_itself(self) -> None:
        self._begin("A grant of 6 seconds ends by itself, with a warning before and a notice after")
        await self._hands.types("@ana", "/jit request prod-db-debug users-db 6s INC-8: a short look")
        card = await self._card(PROD, "INC-8", offering="jit_approve")
        await self._hands.clicks("@chloe", card, "jit_approve")
        await self._told("@ana", "users-db", "ends in")
        await self._card(PROD, "INC-8", "Time is up", "Access is gone", without="jit_revoke")
        await self._told("@ana", "users-db", "has ended")
        self._seen()

    async def _approved_by_template(self) -> None:
        self._begin(
            "Dev restarts a staging container: approved at once by template, and seen by all the same"
        )
        await self._hands.types("@dev", "/jit request restart-container checkout 10m It hangs")
        await self._card(STAGING, "It hangs", "Approved automatically", "Access is live")
        self._seen()

    async def _told_to_security(self) -> None:
        self._begin("Ana may not read the audit log; Sam of security reads a request's whole story")
        card = await self._card(PROD, "INC-7")
        request_id = request_in(card)
        await self._hands.types("@ana", f"/jit audit {request_id}")
        await self._whisper("@ana", "Policy does not let you")
        await self._hands.types("@sam", f"/jit audit {request_id}")
        await self._whisper("@sam", request_id, "Ben Okafor", "INC-7")
        self._seen()

        self._begin("Sam asks for the digest; it counts what happened, and who tried to approve their own")
        await self._hands.types("@sam", "/jit digest", channel=SECURITY)
        await self._until_posted(SECURITY, "Ana Ruiz", "own request")
        self._seen()

    # -- seeing ----------------------------------------------------------------------------------------

    async def _card(self, channel: str, *parts: str, offering: str = "", without: str = "") -> Json:
        def find(state: Json) -> Json | None:
            cards = [each for each in in_channel(state, channel) if "thread_ts" not in each]
            fits = [card for card in cards if _shows(card, parts, offering, without)]
            return fits[-1] if fits else None

        return await self._hands.until(f"a card in {channel} with {', '.join(parts)}", find, within=12)

    async def _until_posted(self, channel: str, *parts: str) -> Json:
        def find(state: Json) -> Json | None:
            return next((each for each in in_channel(state, channel) if reads(each, *parts)), None)

        return await self._hands.until(f"a message in {channel} with {', '.join(parts)}", find)

    async def _told(self, user: str, *parts: str, offering: str = "") -> Json:
        def find(state: Json) -> Json | None:
            return next(
                (each for each in told_directly(state, user) if _shows(each, parts, offering, "")), None
            )

        return await self._hands.until(f"a direct message to {user} with {', '.join(parts)}", find, within=12)

    async def _whisper(self, user: str, *parts: str) -> Json:
        def find(state: Json) -> Json | None:
            return next((each for each in whispered(state, user) if reads(each, *parts)), None)

        return await self._hands.until(f"an answer that only {user} sees with {', '.join(parts)}", find)

    async def _view(self, user: str, callback_id: str, with_input: str = "") -> Json:
        def find(state: Json) -> Json | None:
            view = open_view(state, user, callback_id)
            has = view is not None and (
                not with_input or any(each["block_id"] == with_input for each in view["blocks"])
            )
            return view if has else None

        return await self._hands.until(f"the form {callback_id} before {user}", find)

    def _begin(self, step: str) -> None:
        self.step = step

    def _seen(self) -> None:
        self.steps += 1
        self._tell(f"✓ {self.step}")


def request_in(message: Json) -> str:
    """Read the id of the request that a message is about."""
    text = readable(message)
    begun = text.index("`R")
    return text[begun + 1 : text.index("`", begun + 1)]


def _shows(message: Json, parts: tuple[str, ...], offering: str, without: str) -> bool:
    offered = offers(message)
    return (
        reads(message, *parts)
        and (not offering or offering in offered)
        and (not without or without not in offered)
    )
