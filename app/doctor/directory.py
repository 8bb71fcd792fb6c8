"""Members from elsewhere: whether the settings let the bot ask for them, and how old what it was told is."""

from app.directory.asking import NO_COMMANDS, NO_OPSGENIE, NO_PAGERDUTY
from app.directory.status import address_of, as_told
from app.doctor.finding import Finding, bad, good, warning
from app.domain.refusals import Unavailable
from app.policy import Policy
from app.policy.outside import Freshness, Kind
from app.settings import Settings

PART = "groups"


async def examine_directory(settings: Settings, policy: Policy | None) -> list[Finding]:
    """Examine the sources of groups and rotas; nothing where files name everybody."""
    if policy is None or not policy.sources:
        return []
    lacking = {
        Kind.COMMAND: "" if settings.group_commands else NO_COMMANDS,
        Kind.PAGERDUTY: "" if settings.pagerduty_token else NO_PAGERDUTY,
        Kind.OPSGENIE: "" if settings.opsgenie_key else NO_OPSGENIE,
    }
    found = [
        bad(PART, f"{name} {why}", "Set it in the environment of the bot, or name the members in files.")
        for name, source in sorted(policy.sources.items())
        if (why := lacking.get(source.kind))
    ]
    return [*found, *await _freshness(settings, policy)]


async def _freshness(settings: Settings, policy: Policy) -> list[Finding]:
    address = address_of(settings.redis_url, settings.data)
    if address is None:
        return [warning(PART, "nobody has asked for them yet", "They are asked for once the bot runs.")]
    try:
        known, problems, now = await as_told(policy, address)
    except Unavailable:
        return []  # told already
    mend = "It permits nobody, and goes on denying. The log of the bot says what its source answers."
    found = []
    for name, freshness in sorted(known.freshness(now).items()):
        if freshness is not Freshness.FRESH:
            why = f": {problems[name]}" if name in problems else ""
            state = "was never told" if freshness is Freshness.UNKNOWN else "was told too long ago"
            found.append(warning(PART, f"who is in {name} {state}{why}", mend))
    return found or [good(PART, f"all {len(policy.sources)} sources of members are up to date")]
