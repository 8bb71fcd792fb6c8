"""The doctor looks at targets as the bot would, and with `--reconcile` removes what has no grant."""

from app.doctor import Grade
from app.doctor.connectors import examine_connectors
from app.domain.target import Target
from tests.connectors.asked import granting
from tests.connectors.at_work import settings_file

READERS = Target(connector="postgres", parameters={"roles": ["readonly"]})


async def test_targets(callers, postgres):
    """A target that answers is told; what stands there without a grant is told and removed, where one asks for it."""
    bot = callers.work.bot
    forgotten = granting(target=READERS)
    await bot.connectors.all["postgres"].connector.grant(forgotten, bot.connectors.mark.key(forgotten.id))

    looked = await examine_connectors(bot.settings, bot.policy(), reconcile=False)
    assert [Grade.GOOD] == [finding.grade for finding in looked]
    assert 1 == len(postgres.roles())

    mended = await examine_connectors(bot.settings, bot.policy(), reconcile=True)
    assert [Grade.GOOD, Grade.WARNING] == [finding.grade for finding in mended]
    assert "without a grant, and is removed" in mended[-1].said
    assert [] == postgres.roles()
    again = await examine_connectors(bot.settings, bot.policy(), reconcile=True)
    assert "all that stands at targets has a grant" == again[-1].said


async def test_what_does_not_fit(callers, postgres, tmp_path, monkeypatch):
    """A connector that policy names and settings do not, a target that is away, and a file that is wrong."""
    bot = callers.work.bot
    none = bot.settings.model_copy(update={"connectors": None})
    found = await examine_connectors(none, bot.policy(), reconcile=True)
    assert ["policy names postgres, and the settings do not"] == [each.said for each in found]

    monkeypatch.setattr("app.connectors.postgres.servers.WAITS", 1.0)
    away = bot.settings.model_copy(update={"connectors": settings_file(tmp_path, postgres, port=1)})
    found = await examine_connectors(away, bot.policy(), reconcile=True)
    assert (Grade.BAD, True) == (found[0].grade, "127.0.0.1:1" in found[0].said)
    assert "could not be compared" in found[-1].said

    (tmp_path / "connectors.yaml").write_text("installation: 1")
    found = await examine_connectors(away, bot.policy(), reconcile=True)
    assert {Grade.BAD} == {each.grade for each in found}
