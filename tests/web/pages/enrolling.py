"""Where people get factors: policy lets security approve it, and what is added counts after a while."""

from contextlib import asynccontextmanager

from tests.mfa.test_enrolment import ENROL, with_enrolment
from tests.web.pages.confirming import LINK, open_office, proved_by
from tests.workplace import Workplace


def enrolling(cooling_off: str = "1s"):
    """Approvers prove themselves; `enrol-factor` is security's to approve, and counts once."""

    def change(policies) -> None:
        proved_by("webauthn", "totp")(policies)
        with_enrolment(policies)
        rule = policies["rules"]["enrol"]
        del rule["groups"]
        rule |= {"people": ["ana", "ben", "chloe"], "obligations": {"single_use": True}}
        policies["factors"] = {"enrol": ENROL, "cooling_off": cooling_off}

    return change


@asynccontextmanager
async def open_enrolment(workplace, cooling_off: str = "1s"):
    """A bot where factors can be had."""
    async with open_office(workplace, enrolling(cooling_off)) as work:
        yield work


async def own_page(work: Workplace, user: str) -> str:
    """Type `/jit factors`; gives the path of one's page, which the answer leads to and nobody else reads."""
    before = len((await work.hands.look())["ephemeral"].get(work.user_id(user), []))
    await work.types(user, "/jit factors")
    told = (await work.hands.look())["ephemeral"][work.user_id(user)][before:]
    found = LINK.search(str(told))
    assert found, told
    return found[1]


async def granted(work: Workplace, user: str = "@ben") -> str:
    """Ask for a factor of one's own, and have it approved by security; gives the request's id."""
    return await work.goes_live(f"/jit request {ENROL} {user[1:]} 30m new key", user, by="@sam")
