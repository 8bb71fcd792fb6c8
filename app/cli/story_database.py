"""The part of the story that takes a PostgreSQL: access that is really there, and really gone."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from app.cli.demo_postgres import DemoPostgres
from app.cli.seeing import Seeing
from app.cli.visitor import Visitor
from app.playground.hands import Hands, NotSeenError, NotTakenError, readable, urls

if TYPE_CHECKING:
    from psycopg import AsyncConnection

PROD = "#prod-approvals"
EXPORTED = re.compile(r"export (PG[A-Z]+)=(\S+)")
WORD = re.compile(r"code: `([0-9A-Z-]{9})`")


class DatabaseStory(Seeing):
    """Ana gets a role of her own in payments-db, uses it, and gives it back."""

    def __init__(
        self, hands: Hands, tell: Callable[[str], None], visitor: Visitor, server: DemoPostgres
    ) -> None:
        super().__init__(hands, tell)
        self._visitor = visitor
        self._server = server

    async def play(self) -> None:
        """Play it. Raises NotSeenError or NotTakenError at the first step that does not happen."""
        self.begin("Ana asks for payments-db; the card says which role PostgreSQL would be told to create")
        await self.hands.types("@ana", "/jit request prod-db-debug payments-db 10m INC-10: refunds hang")
        card = await self.card(PROD, "INC-10", "a role of your own in payments", offering="jit_approve")
        _must(not await self._server.roles(), "no role yet")
        self.seen()

        self.begin("Ben approves; the role is there, and Ana is told so")
        await self.hands.clicks("@ben", card, "jit_approve")
        told = await self.told("@ana", "You have access", "payments-db", offering="jit_credentials")
        (role,) = await self._server.roles() or ("",)
        _must(role.startswith("jit_demo_"), f"a role of the grant's; there is {role or 'none'}")
        self.seen()

        self.begin("A one-time page shows Ana the credentials, for the code from Slack, and shows them once")
        await self.hands.clicks("@ana", told, "jit_credentials")
        given = await self._credentials()
        self.seen()

        self.begin("Ana is in the database as that role: she reads, and may not write")
        session = await self._enters(given)
        try:
            await self._reads_and_may_not_write(session, role)
            self.seen()

            self.begin("Ana is done: her open session is ended and the role is gone, before the card says so")
            await self.hands.clicks("@ana", told, "jit_done")
            await self.card(PROD, "INC-10", "Access is gone")
            _must(not await self._server.roles(), "no role any more")
            _must(await self._is_cut_off(session), "the session that was open is ended")
            _must(await self._is_shut_out(given), "nobody logs in by the credentials any more")
            self.seen()
        finally:
            await session.close()

    async def _credentials(self) -> dict[str, str]:
        """Go by the link and the code that Slack gave; then see that it works once."""
        message = await self.whisper("@ana", "shows the credentials")
        url, found = next(iter(urls(message)), ""), WORD.search(readable(message))
        await self._visitor.open(url)
        _must("PGPASSWORD" not in self._visitor.said, "a page that shows nothing before the code is typed")
        await self._visitor.send({"how": "word"}, word=found[1] if found else "")
        given = dict(EXPORTED.findall(self._visitor.said))
        _must({"PGUSER", "PGPASSWORD", "PGDATABASE"} <= given.keys(), "credentials on the page")
        try:
            await self._visitor.open(url)
        except NotTakenError:
            _must("Shown already" in self._visitor.said, "a page that says that they were shown")
        else:
            raise NotSeenError("the page was not gone, though it was used")
        return given

    async def _enters(self, given: dict[str, str]) -> "AsyncConnection[Any]":
        return await self._server.connect(given["PGDATABASE"], given["PGUSER"], given["PGPASSWORD"])

    async def _reads_and_may_not_write(self, session: "AsyncConnection[Any]", role: str) -> None:
        from psycopg.errors import InsufficientPrivilege  # noqa: PLC0415  an extra, which not everybody has

        found = await (await session.execute("SELECT session_user, count(*) FROM payments")).fetchone()
        _must(found == (role, 3), f"three rows, read as {role}; there was {found}")
        try:
            await session.execute("DELETE FROM payments")
        except InsufficientPrivilege:
            return
        raise NotSeenError("the role could delete rows, though its group may only read")

    async def _is_cut_off(self, session: "AsyncConnection[Any]") -> bool:
        from psycopg import OperationalError  # noqa: PLC0415  an extra, which not everybody has

        try:
            await session.execute("SELECT 1")
        except OperationalError:
            return True
        return False

    async def _is_shut_out(self, given: dict[str, str]) -> bool:
        from psycopg import OperationalError  # noqa: PLC0415  an extra, which not everybody has

        try:
            await (await self._enters(given)).close()
        except OperationalError:
            return True
        return False


def _must(is_so: bool, what: str) -> None:
    if not is_so:
        raise NotSeenError(f"not seen: {what}")
