"""How mail goes, for /readyz, which anybody may read: no address in full, and no server's words."""

from datetime import datetime, timedelta

from app.policy import Policy
from app.store.post import Failure, Post

WAITS_AT_MOST = timedelta(minutes=2)
OFF = "the policies want people told by email, and JIT_SMTP_URL is not set: they are told in Slack"


async def mail_warnings(post: Post, policy: Policy, now: datetime, *, is_on: bool) -> str:
    """Say what is wrong with mail; empty where nothing is. Raises Unavailable."""
    if not is_on:
        return OFF if policy.wants_mail else ""
    queue, failures = await post.queue(), await post.failures()
    trouble = await post.relay_trouble()
    told = []
    if trouble:
        told.append("the mail server cannot be used; `jit doctor` says why")
    if queue.oldest_new and now - queue.oldest_new > WAITS_AT_MOST:
        told.append(f"letters wait to be sent ({queue.new}) since {queue.oldest_new:%Y-%m-%d %H:%M} UTC")
    if queue.again:
        told.append(f"letters wait to be tried again ({queue.again})")
    final = [each for each in failures if each.final]
    if final:
        told.append(
            f"letters were not delivered in 7 days ({len(final)}), the newest to {masked(final[0].to)} "
            f"on {final[0].at:%Y-%m-%d %H:%M} UTC{_code(final[0])}"
        )
    return "; ".join(told)


def masked(address: str) -> str:
    """An address by which those who know it recognise it: `a…@example.com`."""
    local, _, domain = address.partition("@")
    return f"{local[0] if len(local) > 1 else ''}…@{domain}"


def _code(failure: Failure) -> str:
    return f" ({failure.code})" if failure.code else ""
