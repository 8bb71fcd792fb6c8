"""Contract: how an address is known follows from the way in; without one, or by a way not known, it is not."""

import pytest

from app.domain.events import ExtensionAsked, Requested, event_json
from app.domain.provenance import IpFrom, ip_from
from app.domain.request import Extension
from tests.people import NOW, a_request


@pytest.mark.parametrize(
    ("source", "known"),
    [
        ("slack", IpFrom.BROWSER_CHECK),
        ("api", IpFrom.API),
        ("trigger", IpFrom.API),
        ("cli", IpFrom.CLI),
        ("ci", IpFrom.CI),
        ("", IpFrom.NONE),
        ("carrier pigeon", IpFrom.NONE),
    ],
)
def test_by_the_way_in(source, known):
    """Slack tells none, so that an address of a request from Slack is a browser's."""
    assert (known, IpFrom.NONE) == (ip_from(source, "192.0.2.7"), ip_from(source, ""))


def test_requests_more_time_and_events_tell_it():
    """What is recorded tells it, there and back; what earlier versions recorded has none."""
    request = a_request()
    verdict = request.verdict
    there = {"source": "cli", "ip": "192.0.2.7"}
    more = Extension(seconds=60, reason="", verdict=verdict, asked_at=NOW, **there)
    told = ExtensionAsked(
        request_id=request.id, at=NOW, by="ana", seconds=60, reason="", verdict=verdict, **there
    )
    earlier = told.model_dump(mode="json", exclude={"source", "ip", "ip_told_by"})

    assert IpFrom.NONE is request.ip_from
    assert [IpFrom.CLI] * 3 == [
        request.model_copy(update=there).ip_from,
        more.ip_from,
        event_json.validate_json(told.model_dump_json()).ip_from,
    ]
    assert IpFrom.NONE is event_json.validate_python(earlier).ip_from
    assert "ip_from" not in Requested.model_fields
