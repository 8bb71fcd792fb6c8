"""Contract of the OpenAPI document: whatever is sent within it or beside it, no answer is a bug's.

Schemathesis makes the calls, for a bounded time, as a person and as a stranger; each answer has a status that
the document names, and says no as a problem document.
"""

import asyncio
import time

import pytest

from tests.conftest import required

BUDGET = 18.0


@pytest.mark.timeout(150)  # generating calls takes its time beside others
async def test_no_bug_shows(api):
    """Calls made from the document, valid and not, are answered with what it says, and never with a 5xx."""
    ana = await api.person("@ana")
    document = (await api.nobody.get("/openapi.json")).body
    api.work.bot.api.limiter.take = _unlimited
    found = await asyncio.to_thread(_calls, _schemathesis(), document, api.url, ana.token)
    assert found["calls"] > 100
    assert [] == found["bugs"]
    assert [] == found["undocumented"]


def _schemathesis():
    try:
        import schemathesis
    except ImportError:
        required("schemathesis")
    return schemathesis


async def _unlimited(*_):
    return None


def _calls(schemathesis, document, url, token):
    """Call each operation for its part of the time."""
    from hypothesis import HealthCheck, Phase, given, settings

    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=url)
    operations = [each.ok() for each in schema.get_all_operations() if each.ok().path.startswith("/v1")]
    found = {"calls": 0, "bugs": [], "undocumented": []}

    def look(operation, ends, mode):
        strategy = operation.as_strategy(generation_mode=mode)

        @settings(
            max_examples=25,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=strategy)
        def call(case):
            if time.monotonic() > ends:
                return
            if case.query and "wait" in case.query:
                case.query["wait"] = "0"
            found["calls"] += 1
            headers = {"Authorization": f"Bearer {token}"} if found["calls"] % 4 else {}
            if operation.path == "/v1/logout":
                headers = {}
            answer = case.call(headers=headers)
            told = (operation.method, operation.path, answer.status_code, answer.text[:300])
            if answer.status_code >= 500:
                found["bugs"].append(told)
            named = set(operation.definition.raw["responses"])
            if str(answer.status_code) not in named | {"400", "405", "404"}:
                found["undocumented"].append(told)

        call()

    modes = list(schemathesis.GenerationMode)
    each = BUDGET / (len(operations) * len(modes))
    for operation in operations:
        for mode in modes:
            look(operation, time.monotonic() + each, mode)
    return found
