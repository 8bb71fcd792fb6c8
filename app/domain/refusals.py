"""Every way in which the product says no. One tree; each says why in a sentence that a person can act on.

A `Refused` is an ordinary answer, told to the one who asked. Anything else that is raised is a bug.
"""

from app.domain.proof import Factor, factors_in_words


class Refused(Exception):  # noqa: N818  a refusal is an answer and not an error
    """The product says no, for the reason that `str()` gives. `code` names the reason for machines."""

    code = "refused"
    recorded = False
    """Whether the attempt itself goes into the audit log."""


class BadInput(Refused):
    """What was typed cannot be used; `field` names the part of it."""

    code = "bad_input"

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class NotSetUp(Refused):
    """The action's target is not one that the bot can reach, or what policy says of it does not fit."""

    code = "not_set_up"

    def __init__(self, action: str, why: str) -> None:
        super().__init__(
            f"{action} cannot be given now: {why}. Whoever runs the bot finds what to do with `jit doctor`."
        )


class NoCredentials(Refused):
    """There is nothing to take: there never was, it was taken, or it was there too long ago."""

    code = "no_credentials"

    def __init__(self, request_id: str) -> None:
        super().__init__(
            f"{request_id} has no credentials to take: they are there once, for as long as access lasts. If you need "
            "them, give the access back and ask anew."
        )


class CredentialsGone(NoCredentials):
    """They were taken already; `told` says when and from where, so that whoever did not do it finds out."""

    code = "credentials_gone"

    def __init__(self, request_id: str, told: str) -> None:
        Refused.__init__(
            self,
            f"The credentials of {request_id} were {told}, and are given once. If that was you and they are lost, "
            f"`/jit done {request_id}` gives the access back, and you ask anew. If it was not you, type "
            f"`/jit revoke {request_id}` in Slack: it ends the access at once. Then tell security.",
        )


class NoAccessNow(NoCredentials):
    """There is no live access that they would be of."""

    code = "no_access"

    def __init__(self, request_id: str, state: str) -> None:
        Refused.__init__(
            self,
            f"{request_id} is {state.replace('_', ' ')}: there is no access to give credentials of, and nothing was "
            "shown. Ask anew in Slack if you need it.",
        )


class UnknownRequest(Refused):
    code = "unknown_request"

    def __init__(self, request_id: str) -> None:
        super().__init__(f"There is no request {request_id} that you may see. `/jit list` shows yours.")


class NotKnown(Refused):
    """The person is not one whom policy names, or cannot be verified now."""

    code = "not_known"


class NotVerified(NotKnown):
    """Slack does not say just now who somebody is: nothing is done, and it may go another time."""

    code = "slack_unavailable"

    def __init__(self) -> None:
        super().__init__(
            "I could not verify with Slack who you are just now, so I did nothing. Please try again."
        )


class NotPermitted(Refused):
    code = "not_permitted"
    recorded = True


class SelfApproval(NotPermitted):
    code = "self_approval"

    def __init__(self, request_id: str) -> None:
        super().__init__(
            f"{request_id} is your own request, and no one decides on their own: someone else has to."
        )


class NotAnApprover(NotPermitted):
    code = "not_an_approver"

    def __init__(self, request_id: str, stage: str) -> None:
        super().__init__(
            f"You are not an approver of {request_id} ({stage}). Its card says who is; policy decides that."
        )


class NotByApi(NotPermitted):
    """Policy takes decisions in Slack alone."""

    code = "not_by_api"

    def __init__(self, request_id: str) -> None:
        super().__init__(
            f"Policy does not take decisions through the API: decide on {request_id} in Slack. "
            "The policies say `api: {decide: true}` where they do."
        )


class FactorNeeded(Refused):
    """Policy takes more than a session for this: one of `factors`. Without any, nobody can meet what it asks.

    It is no attempt at what is forbidden, so it is not recorded: the person proves themselves and goes on.
    `purpose` is one of `app.domain.proving.Purpose`.
    """

    code = "factor_needed"

    def __init__(self, request_id: str, factors: tuple[Factor, ...], purpose: str) -> None:
        super().__init__(_factor_needed(request_id, factors, purpose))
        self.request_id = request_id
        self.factors = factors
        self.purpose = purpose


FACTOR_FOR = {
    "approve": "Approving {}",
    "more_time": "Approving more time for {}",
    "confirm": "Access for {}",
    "break_glass": "Breaking the glass for {}",
    "extend": "More time for {}",
}


def _factor_needed(request_id: str, factors: tuple[Factor, ...], purpose: str) -> str:
    what = FACTOR_FOR.get(purpose, "{}").format(request_id)
    if not factors:
        return (
            f"{what} takes a second factor that all rules about it accept, and there is none, so nobody can: "
            "ask whoever reviews the policies. Nothing was done."
        )
    return (
        f"{what} takes {factors_in_words(factors)}, as policy says: a session alone does not prove that it is "
        "you. Nothing was done."
    )


class NotYourTurn(Refused):
    """An approver of a later stage comes before those of the open one."""

    code = "not_your_turn"

    def __init__(self, request_id: str, stage: str) -> None:
        super().__init__(
            f"It is not your turn yet: {request_id} waits for {stage} first. Its card shows who has approved."
        )


class AlreadyDecided(Refused):
    code = "already_decided"

    def __init__(self, request_id: str) -> None:
        super().__init__(f"You have approved {request_id} already; it waits for someone else now.")


class AlreadyDecidedFor(Refused):
    """A delegate comes after the one for whom they would decide, or after another delegate of theirs."""

    code = "already_decided_for"

    def __init__(self, request_id: str, names: list[str]) -> None:
        super().__init__(
            f"{' and '.join(names)}, for whom you would decide, has decided on {request_id} already; "
            "it waits for someone else now."
        )


class NotDelegable(Refused):
    """Policy does not let the one delegate to the other."""

    code = "not_delegable"


class WrongState(Refused):
    """The request is not in a state in which this can be done: someone was quicker, or time was up."""

    code = "wrong_state"

    def __init__(self, request_id: str, state: str, verb: str, standing: str = "", instead: str = "") -> None:
        """`standing` says where the request stands and by whom, `instead` what can be done about it."""
        where = standing or f"{request_id} is {state}"
        when = "yet" if state == "pending" else "any more"
        super().__init__(f"{where[0].upper()}{where[1:]}, so there is nothing to {verb} {when}.{instead}")
        self.state = state


class EndIsFixed(Refused):
    """What was created at the target ends when it ends: nobody can move it."""

    code = "end_is_fixed"

    def __init__(self, request_id: str) -> None:
        super().__init__(
            f"{request_id} cannot be given more time: its target cannot move the end of what it gave. Ask anew "
            "for the time that you still need; this access stays until its end."
        )


class NotWhatWasShown(Refused):
    """What waits for a decision is not what the person saw when they decided."""

    code = "not_what_was_shown"

    def __init__(self, request_id: str) -> None:
        super().__init__(
            f"What is asked of {request_id} now is not what its card showed you, so nothing was decided. "
            "Look at the card again."
        )


class NotSingleUse(Refused):
    """The grant may be used as often as it is needed, until its end."""

    code = "not_single_use"

    def __init__(self, request_id: str) -> None:
        super().__init__(
            f"{request_id} is not good for one use alone, so it is not consumed: check it instead."
        )


class DigestNeeded(Refused):
    """The grant is for one exact command or parameters, and nothing says which are meant."""

    code = "digest_needed"

    def __init__(self, request_id: str) -> None:
        super().__init__(
            f"{request_id} was approved for one exact command or one set of parameters: say which you are about to "
            "use, by `digest`, or by `command` or `parameters` as they were asked for."
        )


class DigestMismatch(Refused):
    """The grant is for another command, or other parameters."""

    code = "digest_mismatch"
    recorded = True

    def __init__(self, request_id: str) -> None:
        super().__init__(
            f"{request_id} was approved for another command or other parameters than these: nothing was done. "
            "Ask anew for what you want to do now."
        )


class NoHeartbeat(Refused):
    """The access does not depend on heartbeats: it was not asked for so."""

    code = "no_heartbeat"

    def __init__(self, request_id: str) -> None:
        super().__init__(
            f"{request_id} was not asked for with `heartbeat`, so it lasts until its end without any."
        )


class AlreadyUsed(Refused):
    """Someone was first."""

    code = "already_used"

    def __init__(self, request_id: str) -> None:
        super().__init__(f"{request_id} was good for one use, and has been used.")


class NotOffline(NotPermitted):
    """Of this grant there is no token that holds without a look at the store."""

    code = "not_offline"

    def __init__(self, request_id: str, why: str) -> None:
        super().__init__(f"There are no offline tokens of {request_id}: {why}. Check the grant instead.")


class OfflineOff(Refused):
    """The bot signs nothing."""

    code = "offline_off"

    def __init__(self) -> None:
        super().__init__(
            "This bot signs no offline tokens: whoever runs it sets JIT_SIGNING_KEYS and JIT_PUBLIC_URL first."
        )


class TokenRefused(Refused):
    """The token is none, or none any more; which of the two is nobody's business."""

    code = "token_refused"

    def __init__(self) -> None:
        super().__init__(
            "The API takes a token, as `Authorization: Bearer jit_…`, that is neither expired nor revoked. "
            "`jit login` gets you one."
        )


class ScopeMissing(Refused):
    """The token is good, and not for this."""

    code = "scope_missing"

    def __init__(self, scope: str) -> None:
        super().__init__(f"The token is not made for this: it lacks the scope “{scope}”.")


class UnknownCode(Refused):
    """The code of a login is mistyped, used or too old."""

    code = "unknown_code"

    def __init__(self) -> None:
        super().__init__("That is no code that waits: it works once, for 5 minutes. Start `jit login` anew.")


class TooMany(Refused):
    """The caller asks more often than is good for everyone; `after`, in seconds, says when it may again."""

    code = "too_many"

    def __init__(self, what: str, after: int) -> None:
        super().__init__(f"Too many {what}. Try again in {after} s.")
        self.after = after


class DeniedByPolicy(Refused):
    """Policy denies, at request time or when it is asked again at approval or start."""

    code = "denied_by_policy"


class Busy(Refused):
    code = "busy"

    def __init__(self, request_id: str) -> None:
        super().__init__(f"Several people are changing {request_id} at this instant. Please try once more.")


class Unavailable(Refused):
    """The store cannot be reached, so nothing can be decided."""

    code = "unavailable"

    def __init__(self) -> None:
        super().__init__(
            "I cannot reach my store just now: this is not done, or I did not hear that it is. Nothing is "
            "granted without the store, and access that is live still ends on time. Try again in a minute; "
            "`/jit list` then shows where things stand."
        )
