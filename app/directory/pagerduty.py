"""Who is on call by PagerDuty's schedules: `GET /oncalls` of its REST API v2.

developer.pagerduty.com, «List all of the on-calls»: without `since` and `until` it is about now; an entry tells
the schedule, the escalation policy and the user, who comes with their address by `include[]=users`. A schedule
that no escalation policy uses is on no list. Pages go on while `more` is true.
"""

from typing import Any

import aiohttp

from app.directory.found import Found, Mention, SourceFailed
from app.directory.http import get_object

URL = "https://api.pagerduty.com"
PAGE = 100
MOST_PAGES = 20


class PagerDuty:
    """One account. `token`: a REST API key that may only read."""

    def __init__(self, http: aiohttp.ClientSession, token: str, url: str = URL, within: float = 10.0) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._within = within
        self._headers = {
            "Authorization": f"Token token={token}",
            "Accept": "application/vnd.pagerduty+json;version=2",
        }

    async def on_call(self, schedules: tuple[str, ...]) -> Found:
        """Give who is on call now by any of the schedules. Raises SourceFailed."""
        found: dict[str, Mention] = {}
        for page in range(MOST_PAGES):
            params = [("schedule_ids[]", schedule) for schedule in schedules]
            params += [("include[]", "users"), ("limit", str(PAGE)), ("offset", str(page * PAGE))]
            answer = await get_object(
                self._http,
                f"{self._url}/oncalls",
                headers=self._headers,
                params=params,
                within=self._within,
            )
            for user in _users(answer, schedules):
                found[user["id"]] = _mention(user)
            if answer.get("more") is not True:
                return Found(members=tuple(found.values()))
        raise SourceFailed(f"lists more than {MOST_PAGES * PAGE} people on call; name fewer schedules")


def _users(answer: dict[str, Any], schedules: tuple[str, ...]) -> list[dict[str, Any]]:
    """Give the users of the entries that are of these schedules, whatever else is listed."""
    entries = answer.get("oncalls")
    if not isinstance(entries, list):
        raise SourceFailed("does not answer as PagerDuty does: there are no oncalls")
    users = []
    for entry in entries:
        schedule = entry.get("schedule") if isinstance(entry, dict) else None
        user = entry.get("user") if isinstance(entry, dict) else None
        if not isinstance(user, dict) or not isinstance(user.get("id"), str):
            raise SourceFailed("does not answer as PagerDuty does: an entry has no user")
        if isinstance(schedule, dict) and schedule.get("id") in schedules:
            users.append(user)
    return users


def _mention(user: dict[str, Any]) -> Mention:
    email = user.get("email")
    return Mention(
        attributes=(("pagerduty", user["id"]),), emails=(email,) if isinstance(email, str) and email else ()
    )
