"""Contract: a change of somebody's factors, approved through the bot itself, reaches them, the log and the digest."""

import asyncio
from datetime import timedelta
from typing import NamedTuple

import pytest

from app.domain.refusals import Refused
from app.domain.request import State
from app.mfa.enrolment import Enrolment
from app.playground.authenticator import Authenticator
from tests.mfa.holders import RP, Holder
from tests.mfa.test_enrolment import ENROL, with_enrolment
from tests.workplace import at_work


class Rules(NamedTuple):
    enrol: str = ENROL
    cooling_off: timedelta = timedelta(seconds=1)


async def test_from_the_first_key_to_a_copy_of_it(workplace):
    """Ana asks, Sam approves, she adds a key; she is told, and so is security; later a copy of it is refused."""
    async with at_work(workplace(with_enrolment)) as work:
        flow, ana = work.bot.workflow, work.bot.policy().people["ana"]
        holder = Holder(work.bot.connection, ana)
        enrolment = Enrolment(holder.store, holder.vault, holder.proving, Rules, flow, flow.decisions_for)
        with pytest.raises(Refused, match=f"/jit request {ENROL} ana"):
            await enrolment.begin_key(ana, "k")
        request_id = await work.goes_live(f"/jit request {ENROL} ana 30m new laptop", by="@sam")
        begun = await enrolment.begin_key(ana, "laptop <!channel>")
        answer = holder.device.create(begun.options, RP.origin)
        added = await enrolment.finish_key(ana, begun.ticket, answer)
        message = await work.told("@ana", "was added as a second factor of yours", "laptop &lt;!channel&gt;")
        assert "If this was not you" in message["text"]
        await work.reaches(request_id, State.COMPLETED)

        await asyncio.sleep(1.05)
        copy = Authenticator(keys=dict(holder.device.keys))
        await holder.proving.by_key(ana, await holder.touches(b"a" * 32, count=5), b"a" * 32)
        holder.device = copy
        with pytest.raises(Refused, match="counted its uses backwards"):
            await holder.proving.by_key(ana, await holder.touches(b"b" * 32, count=5), b"b" * 32)
        await work.told("@ana", "counted its uses backwards")

        proof = await holder.proving.by_key(ana, await holder.touches(b"c" * 32, count=6), b"c" * 32)
        await enrolment.remove(ana, added.credential.id, proof)
        await work.told("@ana", "is no longer a second factor of yours")
        kinds = ["warrant_needed", "factor_added", "stale_counter", "factor_removed"]
        told = [getattr(e, "code", e.kind) for e in await holder.told() if hasattr(e, "person")]
        assert kinds == told
        await work.types("@sam", "/jit digest", "#security")
        digest = await work.posted("#security", "Second factors", "laptop")
        assert f"by the approval of {request_id}" in str(digest["blocks"])
        assert "no longer" not in str(digest["blocks"])
        story = [entry.event.kind for entry in work.bot.audit_log.story(added.credential.id)]
        assert ["factor_added", "factor_refused", "factor_removed"] == story
        told = await work.types("@sam", f"/jit audit {added.credential.id}")
        assert "added a security key" in told
