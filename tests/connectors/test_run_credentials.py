"""Contract of `jit run` where there are credentials: the command runs with them, or not at all.

Without them it would act as whatever else it finds in its environment or its home.
"""

import pytest

from app.domain.request import State
from tests.cli.api.conftest import ana as ana  # noqa: PLC0414  fixtures of another folder
from tests.cli.api.conftest import proxy as proxy  # noqa: PLC0414
from tests.workplace import id_in


@pytest.fixture
def api(callers):
    """The bot that the proxy stands before."""
    return callers


def run(tmp_path):
    return ("run", "sandbox-admin", "sandbox-1", "--for", "10m", "--", "touch", str(tmp_path / "ran"))


async def refused(callers, found, tmp_path, *said):
    """It was told why, nothing was run, and the access is given back."""
    assert (1, False) == (found.code, (tmp_path / "ran").exists()), found
    for part in said:
        assert part in found.err
    await callers.work.reaches(id_in(found.err), State.COMPLETED)


async def test_somebody_took_them_first(callers, proxy, ana, tmp_path):
    """With a stolen token: the victim hears when, from where, and what to do."""
    thief = await callers.person("@ana")

    async def steal(call):
        if call.endswith("/credentials"):
            assert 200 == (await thief.post(call.removeprefix("POST "))).status

    proxy.meets = steal
    found = await ana.runs(*run(tmp_path))
    await refused(callers, found, tmp_path, "from 127.0.0.1", "If it was not you", "/jit revoke")


async def test_an_answer_that_is_lost(callers, proxy, ana, tmp_path):
    """Taken, and told to nobody: a 503 whose call was done."""
    proxy.lost = lambda call: (
        call.endswith("/credentials") and len([c for c in proxy.calls if c == call]) == 1
    )
    found = await ana.runs(*run(tmp_path))
    await refused(callers, found, tmp_path, "are given once")


async def test_access_that_is_gone_meanwhile(callers, proxy, ana, tmp_path):
    """Ended between its beginning and the credentials: nothing is run."""
    person = await callers.person("@ana")

    async def give_back(call):
        if call.endswith("/credentials"):
            request_id = id_in(call)
            await person.verb(request_id, "done")
            await callers.work.reaches(request_id, State.COMPLETED)

    proxy.meets = give_back
    found = await ana.runs(*run(tmp_path))
    await refused(callers, found, tmp_path, "there is no access to give credentials of")
