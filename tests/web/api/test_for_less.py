"""Contract of approving for less by the API: a shorter time, a part of the resource, or both, and never more."""

import pytest

from app.domain.request import State

ONCE = {"Idempotency-Key": "one"}
FLAGS = {
    "action": "prod-config-change",
    "resource": "feature-flags",
    "duration": "30m",
    "reason": "INC-7: why",
}


async def test_less_time_on_a_part(api):
    """What was given stands beside what was asked, and a check finds the part alone."""
    ana, ben = await api.person("@ana"), await api.person("@ben")
    asked = await ana.post("/v1/requests", FLAGS, headers=ONCE)
    request_id = asked.body["id"]
    said = await ben.verb(request_id, "approve", {"seconds": 600, "resource": "feature-flags/checkout"})
    assert 200 == said.status
    await api.work.reaches(request_id, State.ACTIVE)
    shown = (await ana.get(f"/v1/requests/{request_id}")).body
    assert (600, 1800, "feature-flags/checkout", "feature-flags") == (
        shown["seconds"], shown["seconds_asked"], shown["resource"], shown["resource_asked"],
    )  # fmt: skip
    assert [(600, "feature-flags/checkout")] == [
        (each["seconds"], each["resource"]) for each in shown["decisions"]
    ]
    for resource, allowed in (("feature-flags/checkout", True), ("feature-flags", False)):
        found = await ana.get(f"/v1/grants/check?subject=ana&action=prod-config-change&resource={resource}")
        assert allowed is found.body["allowed"]
    again = await ana.post("/v1/requests", FLAGS, headers=ONCE)
    assert (201, request_id) == (again.status, again.body["id"])


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"seconds": 1800}, 422, "duration"),
        ({"seconds": 7200}, 422, "duration"),
        ({"seconds": 0}, 422, "seconds"),
        ({"seconds": -60}, 422, "seconds"),
        ({"seconds": 10**30}, 422, "seconds"),
        ({"seconds": "soon"}, 422, "seconds"),
        ({"resource": ""}, 422, "resource"),
        ({"resource": "routing"}, 422, "resource"),
        ({"resource": "feature-flags/../routing"}, 422, "resource"),
        ({"resource": "feature-flags"}, 422, "resource"),
        ({"resource": "feature-flags/a", "more_time": True}, 422, "more_time"),
        ({"seconds": 60, "more_time": True}, 422, "more_time"),
        ({"state": "active"}, 422, "state"),
    ],
)
async def test_what_is_not_less(api, body, status, field):
    """Refused with the field that is wrong, and nothing is decided."""
    ana, ben = await api.person("@ana"), await api.person("@ben")
    request_id = (await ana.post("/v1/requests", FLAGS)).body["id"]
    said = await ben.verb(request_id, "approve", body)
    assert (status, True) == (said.status, field in str(said.body))
    assert (State.PENDING, ()) == (
        (found := await api.work.request(request_id)).state, found.decisions,
    )  # fmt: skip


async def test_denying_takes_no_less(api):
    """A no is a no to all of it."""
    ana, ben = await api.person("@ana"), await api.person("@ben")
    request_id = (await ana.post("/v1/requests", FLAGS)).body["id"]
    said = await ben.verb(request_id, "deny", {"comment": "no", "seconds": 60})
    assert 422 == said.status


async def test_who_may_not_approve_gives_no_part(api):
    """The requester, and somebody who is no approver."""
    ana, dev = await api.person("@ana"), await api.person("@dev")
    request_id = (await ana.post("/v1/requests", FLAGS)).body["id"]
    said = await ana.verb(request_id, "approve", {"resource": "feature-flags/a"})
    assert (403, "self_approval") == (said.status, said.code)
    assert 404 == (await dev.verb(request_id, "approve", {"resource": "feature-flags/a"})).status
