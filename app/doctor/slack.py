"""Slack: the tokens, their scopes against the manifest, the channels that policy names, the clock."""

import time
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import yaml
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from app.doctor.finding import Finding, bad, good, warning
from app.policy import Policy
from app.settings import Settings
from app.shipped import shipped
from app.slack.delivery import make_client
from app.slack.posting import every_channel

PART = "slack"
STALE_AFTER = 300
"""Seconds after which Slack's signatures are stale (docs: authentication/verifying-requests-from-slack)."""


async def examine_slack(settings: Settings, policy: Policy | None) -> list[Finding]:
    """Examine the tokens and what they open."""
    async with aiohttp.ClientSession() as session:
        client = make_client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url, session)
        try:
            answer = await client.auth_test()
        except SlackApiError as error:
            mend = "Take the Bot User OAuth Token of «OAuth & Permissions» into SLACK_BOT_TOKEN."
            return [bad(PART, f"refuses the bot token: {error.response['error']}", mend)]
        except (OSError, TimeoutError, aiohttp.ClientError) as error:
            return [
                bad(PART, f"cannot be reached: {error}", "Is JIT_SLACK_API_URL right, and the network up?")
            ]
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return [
            good(PART, f"the bot is @{answer['user']} in {answer['team']}"),
            _scopes(headers),
            *await _app_token(settings, client),
            *await _channels(client, policy),
            *_clock(headers),
        ]


def _scopes(headers: dict[str, Any]) -> Finding:
    wanted = set(yaml.safe_load(shipped("manifest.yml").read_text())["oauth_config"]["scopes"]["bot"])
    given = {scope.strip() for scope in str(headers.get("x-oauth-scopes", "")).split(",")} - {""}
    if missing := wanted - given:
        mend = (
            "Put the shipped manifest.yml into «App Manifest», then install the app to the workspace again."
        )
        return bad(PART, f"the bot token lacks the scopes {', '.join(sorted(missing))}", mend)
    if more := given - wanted:
        mend = "It works; the shipped manifest.yml asks for no more than is used."
        return warning(PART, f"the bot token has scopes it does not need: {', '.join(sorted(more))}", mend)
    return good(PART, "the bot token has the scopes that it needs, and no others")


async def _app_token(settings: Settings, client: AsyncWebClient) -> list[Finding]:
    token = settings.slack_app_token
    if token is None:
        return [good(PART, "delivers by HTTP to /slack/events, with signatures")]
    try:
        await client.apps_connections_open(app_token=token.get_secret_value())
    except SlackApiError as error:
        mend = "Make an app-level token with connections:write in «Basic Information», for SLACK_APP_TOKEN."
        return [bad(PART, f"refuses the app-level token: {error.response['error']}", mend)]
    return [good(PART, "the app-level token opens Socket Mode")]


async def _channels(client: AsyncWebClient, policy: Policy | None) -> list[Finding]:
    """The bot must be in every channel that policy names."""
    if policy is None:
        return []
    try:
        known = {f"#{channel['name']}": channel for channel in await every_channel(client)}
    except SlackApiError as error:
        return [bad(PART, f"does not list channels: {error.response['error']}", "See the scopes above.")]
    known |= {channel["id"]: channel for channel in known.values()}
    wanted = {environment.channel for environment in policy.environments.values()}
    found = []
    for name in sorted(wanted | {policy.digest_channel, policy.admin_channel}):
        if name not in known:
            mend = "Create it, or invite the bot if it is private, or name another in the policies."
            found.append(bad("channels", f"there is no {name} that the bot can see", mend))
        elif not known[name].get("is_member"):
            found.append(bad("channels", f"the bot is not in {name}", f"Type /invite @jit in {name}."))
    return found or [good("channels", "the bot is in every channel that policy names")]


def _clock(headers: dict[str, Any]) -> list[Finding]:
    if "date" not in headers:
        return []
    skew = abs(time.time() - parsedate_to_datetime(str(headers["date"])).timestamp())
    if skew > STALE_AFTER / 10:
        mend = "Let this machine keep time by NTP: Slack's signatures are stale after 5 minutes."
        return [warning("clock", f"this machine and Slack differ by {skew:.0f} s", mend)]
    return [good("clock", "this machine and Slack agree")]
