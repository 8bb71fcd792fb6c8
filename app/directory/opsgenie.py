"""Who is on call by a schedule of Opsgenie: `GET /v2/schedules/{id}/on-calls?flat=true`.

docs.opsgenie.com, «Who is On Call API»: flat, the answer lists the user names, which are addresses, of all who
are on call now, those of teams and escalations among them. A schedule is named by its id or by its name.
"""

import re
from urllib.parse import quote

import aiohttp

from app.directory.found import Found, Mention, SourceFailed
from app.directory.http import get_object

URL = "https://api.opsgenie.com"
AN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Opsgenie:
    """One account. `key`: an API integration's, that may only read."""

    def __init__(self, http: aiohttp.ClientSession, key: str, url: str = URL, within: float = 10.0) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._within = within
        self._headers = {"Authorization": f"GenieKey {key}"}

    async def on_call(self, schedule: str) -> Found:
        """Give who is on call now; nobody where the schedule is switched off. Raises SourceFailed."""
        kind = "id" if AN_ID.fullmatch(schedule) else "name"
        answer = await get_object(
            self._http,
            f"{self._url}/v2/schedules/{quote(schedule, safe='')}/on-calls",
            headers=self._headers,
            params=[("scheduleIdentifierType", kind), ("flat", "true")],
            within=self._within,
        )
        data = answer.get("data")
        names = data.get("onCallRecipients") if isinstance(data, dict) else None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise SourceFailed("does not answer as Opsgenie does: there are no onCallRecipients")
        parent = data.get("_parent") if isinstance(data, dict) else None
        if isinstance(parent, dict) and parent.get("enabled") is False:
            return Found()
        return Found(
            members=tuple(Mention(emails=(name,), attributes=(("opsgenie", name),)) for name in names)
        )
