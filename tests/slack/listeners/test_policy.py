"""Contract of `/jit policy`: which policy is in force, since when, how large, and whether the files are sound.

Everyone may ask; what is wrong in full is for those who may read the audit log.
"""

import asyncio

from tests.workplace import at_work


async def test_sound(work):
    """Digest, counts and the time; the time stays."""
    await work.until_answered("@ana", "/jit policy", "in force since <!date^")
    said = await work.types("@ana", "/jit policy")
    policy = work.bot.policy()
    assert policy.digest in said
    assert (f"{len(policy.actions)} actions" in said, f"{len(policy.people)} people" in said) == (True, True)
    assert "The files are what is in force" in said
    await asyncio.sleep(1.1)
    assert said == await work.types("@ana", "/jit policy")


async def test_broken(workplace):
    """A broken file is told to everyone; which line it is, only to those who may know."""
    async with at_work(workplace(lambda _: None)) as work:
        (work.policies / "broken.yaml").write_text("rules:\n  secret-project-x: {effect: maybe}\n")
        await asyncio.to_thread(work.bot.policies.refresh)
        everyone, security = [await work.types(user, "/jit policy") for user in ("@ana", "@sam")]
        assert ("broken" in everyone, "secret-project-x" in everyone) == (True, False)
        assert ("broken.yaml:2" in security, "secret-project-x" in security) == (True, True)


async def test_unknown_people(work):
    """Whoever policy does not know learns nothing of it."""
    await work.hands.do("user", user="@eve", real_name="Eve")
    await work.hands.do("invite", user="@eve", channel="#general")
    assert "Policy does not know you" in await work.types("@eve", "/jit policy")
