"""A wire to a target on loopback, which tests cut and mend, or which loses the answer to one kind of call."""

import asyncio

LARGEST = 64 * 1024


class Wire:
    """Carries connections from a port of its own to a target's. In the test's loop; end it with `end`."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self.loses = b""
        """What asks for something whose answer is lost; the target does it, and the connection ends."""
        self.lost = 0
        self._target = target
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def mend(self) -> None:
        """Listen, where it listened before."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """End all that is open; whoever connects now is refused."""
        if self._server:
            self._server.close()
        for each in self._open:
            each.transport.abort()
        await asyncio.sleep(0)

    async def _carry(self, asker: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        target, forth = await asyncio.open_connection("127.0.0.1", self._target)
        self._open |= {back, forth}
        swallows = asyncio.Event()

        async def ask() -> None:
            while part := await asker.read(LARGEST):
                if self.loses and self.loses in part:
                    swallows.set()
                forth.write(part)
                await forth.drain()
            forth.write_eof()

        async def answer() -> None:
            while part := await target.read(LARGEST):
                if swallows.is_set():
                    self.lost += 1
                    back.transport.abort()
                    return
                back.write(part)
                await back.drain()

        asking, answering = asyncio.ensure_future(ask()), asyncio.ensure_future(answer())
        try:
            await asyncio.wait({asking, answering}, return_when=asyncio.FIRST_COMPLETED)
            if asking.done() and not asking.exception():
                await asyncio.wait({answering})
        except asyncio.CancelledError:
            pass  # the test is over, and what nobody waits for need not say so
        finally:
            for task in (asking, answering):
                task.cancel()
            await asyncio.gather(asking, answering, return_exceptions=True)
            for each in (back, forth):
                each.close()
            self._open -= {back, forth}
