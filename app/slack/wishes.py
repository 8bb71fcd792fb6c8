"""What somebody fills in or types to ask for access: one wish for each resource that is named."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from app.domain.people import Principal
from app.domain.refusals import BadInput, Refused
from app.domain.request import Request
from app.policy import Policy
from app.slack.views import replies
from app.slack.views.blocks import Block
from app.slack.views.modals import AT_ONCE
from app.workflow import Wish, Workflow, check_start


class Filled(NamedTuple):
    """What is filled in, as far as it is."""

    action: str = ""
    resources: tuple[str, ...] = ()
    duration: timedelta | None = None
    reason: str = ""
    start_at: datetime | None = None

    def wishes(self, delivery: str, policy: Policy, now: datetime) -> list[Wish]:
        """Give the wishes, once all of them can be asked: else none is. Raises BadInput.

        `delivery` names what asked, so that each wish counts once however often it is delivered.
        """
        if len(self.resources) > AT_ONCE:
            raise BadInput(
                f"That is more than {AT_ONCE} at once: ask for the rest in another go.", field="resource"
            )
        check_start(self.start_at, now)
        wishes = [self._wish(resource, delivery) for resource in self.resources or ("",)]
        for wish in wishes:
            policy.check(wish.action, wish.resource, wish.duration, wish.reason)
        return wishes

    def _wish(self, resource: str, delivery: str) -> Wish:
        return Wish(
            action=self.action,
            resource=resource,
            duration=self.duration,
            reason=self.reason,
            delivery=f"{delivery}:{resource}",
            start_at=self.start_at,
            asked_with=tuple(other for other in self.resources if other != resource),
        )


async def ask_each(
    workflow: Workflow, wishes: Sequence[Wish], by: Principal
) -> tuple[str, list[Block] | None]:
    """Ask one wish after the other; gives the answer, as text and blocks.

    Raises a Refused where nothing was asked for; what was, is told also when it could not go on.
    """
    asked: list[Request] = []
    try:
        for wish in wishes:
            asked.append(await workflow.request(wish, by))  # noqa: PERF401  what was asked is told if the next fails
    except Refused as refusal:
        if not asked:
            raise
        return replies.asked_in_part(asked, [wish.resource for wish in wishes[len(asked) :]], refusal)
    return "\n".join(map(replies.asked, asked)), replies.asked_blocks(asked)
