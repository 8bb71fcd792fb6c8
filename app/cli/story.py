"""The main story, played by people of the demo's workspace: every step is seen before the next begins."""

from collections.abc import Callable

from app.cli.seeing import Seeing
from app.cli.visitor import Visitor
from app.playground.hands import Hands, NotSeenError, NotTakenError, readable, urls
from app.playground.model import Json

PROD = "#prod-approvals"
STAGING = "#staging-approvals"
SECURITY = "#security"


class MainStory(Seeing):
    """Steps in their order; people see pages with a browser that has a software key in it."""

    def __init__(self, hands: Hands, tell: Callable[[str], None], visitor: Visitor) -> None:
        super().__init__(hands, tell)
        self._visitor = visitor

    async def play(self) -> None:
        """Play it all. Raises NotSeenError or NotTakenError at the first step that does not happen."""
        self.begin("the bot is connected")
        await self.hands.until_connected(within=20)
        self.seen()
        await self._asked_and_approved()
        await self._asked_by_modal_and_denied()
        await self._adds_a_key()
        await self._expires_by_itself()
        await self._approved_by_template()
        await self._approved_with_a_key()
        await self._told_to_security()

    async def _asked_and_approved(self) -> None:
        self.begin("Ana asks for prod-db-debug on orders-db; one card appears for the approvers")
        await self.hands.types("@ana", "/jit request prod-db-debug orders-db 30m INC-7: checkout is slow")
        card = await self.card(PROD, "INC-7", offering="jit_approve")
        self.seen()

        self.begin("Ana clicks Approve on her own request and is refused")
        await self.hands.clicks("@ana", card, "jit_approve")
        await self.whisper("@ana", "your own request")
        await self.card(PROD, "INC-7", offering="jit_approve")
        self.seen()

        self.begin("Ben approves; the card says so and loses its buttons; Ana is told that access is live")
        await self.hands.clicks("@ben", card, "jit_approve")
        await self.card(PROD, "INC-7", "Approved by Ben Okafor", "Access is live", without="jit_approve")
        told = await self.told("@ana", "You have access", "orders-db", offering="jit_done")
        self.seen()

        self.begin("Ana is done; the access is taken back, and card and thread tell it")
        await self.hands.clicks("@ana", told, "jit_done")
        await self.card(PROD, "INC-7", "Given back by Ana Ruiz", "Access is gone", without="jit_revoke")
        await self.posted(PROD, "Access is gone: Ana Ruiz was done")
        self.seen()

    async def _asked_by_modal_and_denied(self) -> None:
        self.begin("Dev opens the form, chooses and asks for a config change")
        await self.hands.types("@dev", "/jit request")
        view = await self.view("@dev", "jit_request")
        await self.hands.chooses("@dev", view, "action", "prod-config-change")
        view = await self.view("@dev", "jit_request", with_input="reason")
        answers = {"resource": "rate-limits", "reason": "Raise the limit of checkout by half"}
        await self.hands.submits("@dev", view, answers)
        card = await self.card(PROD, "Raise the limit", offering="jit_deny")
        self.seen()

        self.begin("Ben denies it and says why; Dev is told by whom and why")
        await self.hands.clicks("@ben", card, "jit_deny")
        view = await self.view("@ben", "jit_deny_reason")
        await self.hands.submits("@ben", view, {"comment": "Not during the sale, please"})
        await self.card(PROD, "Denied by Ben Okafor", "Not during the sale", without="jit_approve")
        await self.told("@dev", "Ben Okafor denied", "Not during the sale")
        self.seen()

    async def _adds_a_key(self) -> None:
        self.begin("Ben has no second factor: he asks to enrol one, and Sam of security approves")
        await self.hands.types("@ben", "/jit request enrol-factor ben 10m My first security key")
        card = await self.card(PROD, "My first security key", offering="jit_approve")
        await self.hands.clicks("@sam", card, "jit_approve")
        await self.told("@ben", "You have access", "Enrol a second factor")
        self.seen()

        self.begin("Ben adds a security key on his own page; it counts after the cooling-off, and he is told")
        await self.hands.types("@ben", "/jit factors")
        await self._visitor.open(_link_in(await self.whisper("@ben", "You have no second factor")))
        await self._visitor.send({"do": "key"}, label="Blue key")
        await self._visitor.send({"do": "finish-key"})
        await self.told("@ben", "security key", "Blue key", "was added")
        await self.card(PROD, "My first security key", "Access is gone")
        self.seen()

    async def _expires_by_itself(self) -> None:
        self.begin("A grant of 6 seconds ends by itself, with a warning before and a notice after")
        await self.hands.types("@ana", "/jit request prod-db-debug users-db 6s INC-8: a short look")
        card = await self.card(PROD, "INC-8", offering="jit_approve")
        await self.hands.clicks("@chloe", card, "jit_approve")
        await self.told("@ana", "users-db", "ends in")
        await self.card(PROD, "INC-8", "Time is up", "Access is gone", without="jit_revoke")
        await self.told("@ana", "users-db", "has ended")
        self.seen()

    async def _approved_by_template(self) -> None:
        self.begin("Dev restarts a staging container: approved at once by template, and seen by all the same")
        await self.hands.types("@dev", "/jit request restart-container checkout 10m It hangs")
        await self.card(STAGING, "It hangs", "Approved automatically", "Access is live")
        self.seen()

    async def _approved_with_a_key(self) -> None:
        self.begin("Dev asks to read production secrets; Ben's click asks for his key, and decides nothing")
        await self.hands.types("@dev", "/jit request prod-secrets-read payments-keys 10m INC-9: a key leaked")
        card = await self.card(PROD, "INC-9", offering="jit_approve")
        await self.hands.clicks("@ben", card, "jit_approve")
        await self._visitor.open(_link_in(await self.view("@ben", "jit_prove")))
        await self.card(PROD, "INC-9", offering="jit_approve")
        self.seen()

        self.begin("Ben touches his key on his one-time page; the card says so, and Dev has access")
        await self._visitor.send({"how": "key"})
        await self.card(PROD, "INC-9", "Approved by Ben Okafor", "Access is live", without="jit_approve")
        await self.posted(PROD, "Ben Okafor approved", "with a security key")
        await self.told("@dev", "You have access", "payments-keys")
        self.seen()

        self.begin("The same answer of the key, sent once more, is refused")
        try:
            await self._visitor.send_again()
        except NotTakenError:
            if "has been used" not in self._visitor.said:
                raise
        else:
            raise NotSeenError(f"not refused, though it was used: {self._visitor.said}")
        self.seen()

    async def _told_to_security(self) -> None:
        self.begin("Ana may not read the audit log; Sam of security reads a request's whole story")
        card = await self.card(PROD, "INC-7")
        request_id = request_in(card)
        await self.hands.types("@ana", f"/jit audit {request_id}")
        await self.whisper("@ana", "Policy does not let you")
        await self.hands.types("@sam", f"/jit audit {request_id}")
        await self.whisper("@sam", request_id, "Ben Okafor", "INC-7")
        self.seen()

        self.begin("Sam asks for the digest; it counts what happened, and who tried to approve their own")
        await self.hands.types("@sam", "/jit digest", channel=SECURITY)
        await self.posted(SECURITY, "Ana Ruiz", "own request")
        self.seen()


def request_in(message: Json) -> str:
    """Read the id of the request that a message is about."""
    text = readable(message)
    begun = text.index("`R")
    return text[begun + 1 : text.index("`", begun + 1)]


def _link_in(shown: Json) -> str:
    """Give the address that a message or form leads to."""
    return next(iter(urls(shown)), "")
