"""Connectors: whether policy and settings name the same, the targets answer, and all that stands there has a grant."""

import asyncio
from contextlib import aclosing

from app.connectors.protocol import ConnectorFailed
from app.connectors.reconciler import Reconciler
from app.connectors.registry import Connectors, Opened
from app.connectors.settings import ConnectorsError
from app.connectors.troubles import Troubles
from app.directory.status import address_of
from app.doctor.finding import Finding, bad, good, warning
from app.domain.refusals import Unavailable
from app.policy import Policy
from app.settings import Settings
from app.store.connection import connect
from app.store.failing import Failing
from app.store.requests import RequestStore
from app.store.turns import Turns
from app.workflow import Workflow

PART = "connectors"
WITHIN = 30.0
NOT_SET_UP = "Name it in the file of JIT_CONNECTORS: docs/connectors.md."


async def examine_connectors(settings: Settings, policy: Policy | None, *, reconcile: bool) -> list[Finding]:
    """Examine them all; nothing where there are none."""
    try:
        connectors = Connectors.open(settings.connectors, commands=settings.connector_commands)
    except ConnectorsError as error:
        mend = "Mend the file that JIT_CONNECTORS names: docs/connectors.md."
        return [bad(PART, line, mend) for line in str(error).splitlines()]
    try:
        targets = [action.target for action in policy.actions.values() if action.target] if policy else []
        lacking = {target.connector for target in targets} - connectors.all.keys()
        found = [
            bad(PART, f"policy names {name}, and the settings do not", NOT_SET_UP) for name in sorted(lacking)
        ]
        found += await asyncio.gather(*(_check(*each) for each in connectors.all.items()))
        if connectors.all and policy:
            found += await _at_targets(settings, policy, connectors, reconcile=reconcile)
        return found
    finally:
        await connectors.close()


async def _check(name: str, opened: Opened) -> Finding:
    try:
        async with asyncio.timeout(WITHIN):
            await opened.connector.check()
    except ConnectorFailed as failure:
        return bad(PART, f"{name}: {failure}", "Grants of its actions fail until it answers.")
    except TimeoutError:
        return bad(PART, f"{name} did not answer within {WITHIN:g} s", "Is the target up, and reachable?")
    return good(PART, f"{name} answers, and lets us do what we need")


async def _at_targets(
    settings: Settings, policy: Policy, connectors: Connectors, *, reconcile: bool
) -> list[Finding]:
    address = address_of(settings.redis_url, settings.data)
    if address is None:
        return [
            warning(PART, "no store runs here, so targets are not compared with grants", "Start the bot.")
        ]
    async with aclosing(connect(address)) as connection:
        failing = Failing(connection.calls)
        try:
            found = [
                bad(PART, text, "It is tried again until it ends.") for text in (await failing.all()).values()
            ]
            if not reconcile:
                return found
            store = RequestStore(connection.calls)

            async def tell(_: str, __: str) -> None:
                """Whoever asked the doctor is told."""

            troubles = Troubles(failing, Turns(connection.calls), tell)
            drifts = await Reconciler(connectors, store, Workflow(store, lambda: policy), troubles).run()
        except Unavailable:
            return []  # told already
    if not drifts:
        return [*found, good(PART, "all that stands at targets has a grant")]
    return [
        *found,
        *(
            warning(PART, str(each), "It is in the audit log too.")
            if each.settled
            else bad(PART, str(each), "See the log of the bot.")
            for each in drifts
        ),
    ]
