"""`/jit policy`: which policy is in force. Its problems in full are for those who may read the audit log."""

from app.policy import Permission
from app.slack.answers import Answer
from app.slack.services import Services
from app.slack.views.policy_status import policy_blocks, policy_text


async def tell_policy(services: Services, user_id: str, answer: Answer) -> None:
    """Tell somebody whom policy names."""
    by = await services.identity.of(user_id)
    policy, status = services.policy(), await services.policy_status()
    in_full = policy.may(by.id, Permission.AUDIT)
    await answer.say(policy_text(policy, status), policy_blocks(policy, status, in_full=in_full))
