"""Gates: whether policy and settings name the same, and each vendor takes us for who we are."""

import asyncio

from app.connectors.settings import ConnectorsError
from app.doctor.finding import Finding, bad, good
from app.gates.gatehouse import vault_of
from app.gates.protocol import NotNow, Vendor, WaitsNoMore
from app.gates.registry import Gates
from app.policy import Policy
from app.settings import Settings

PART = "gates"
DOCS = "docs/gates.md"
WITHIN = 30.0


async def examine_gates(settings: Settings, policy: Policy | None) -> list[Finding]:
    """Examine them all; nothing where there are none, and policy names none."""
    try:
        gates = Gates.open(settings.gates, seals=vault_of(settings).is_there)
    except ConnectorsError as error:
        mend = f"Mend the file that JIT_GATES names: {DOCS}."
        return [bad(PART, line, mend) for line in str(error).splitlines()]
    try:
        found = _lacking(settings, gates, policy) if policy else []
        return [*found, *await asyncio.gather(*(_check(each) for each in gates.all.values()))]
    finally:
        await gates.close()


def _lacking(settings: Settings, gates: Gates, policy: Policy) -> list[Finding]:
    """Find triggers whose gate is not set up, or whose events prove nothing."""
    found = []
    for trigger in policy.triggers:
        name, secret = trigger.spec.gate, trigger.spec.secret
        if not name:
            continue
        if why := gates.missing(name, trigger.source):
            found.append(bad(PART, f"{trigger.name}: {why}", f"Nothing is let through there: {DOCS}."))
        if secret and secret not in settings.trigger_secrets:
            mend = "Set it to the secret that the vendor signs its events with."
            found.append(bad(PART, f"{trigger.name}: {secret} is not set", mend))
    return found


async def _check(vendor: Vendor) -> Finding:
    try:
        async with asyncio.timeout(WITHIN):
            who = await vendor.check()
    except (NotNow, WaitsNoMore) as why:
        return bad(PART, f"{vendor.name}: {why}", "Decisions do not get there until this is mended.")
    except TimeoutError:
        return bad(PART, f"{vendor.name} did not answer within {WITHIN:g} s", "Is it up, and reachable?")
    return good(PART, f"{vendor.name} answers, and takes us for {who}")
