"""Names by which Slack tells us what was clicked. A button's value is a request id and nothing else."""

APPROVE = "jit_approve"
DENY = "jit_deny"
CANCEL = "jit_cancel"
DONE = "jit_done"
CONFIRM = "jit_confirm"
REVOKE = "jit_revoke"
EXTEND = "jit_extend"
APPROVE_LESS = "jit_approve_less"
ASK = "jit_ask"
ANSWER = "jit_answer"
REVIEW = "jit_review"
APPROVE_MORE = "jit_approve_more"
DENY_MORE = "jit_deny_more"
WHY = "jit_why"
AGAIN = "jit_again"
TEMPLATE = "jit_template"
"""Its value names an action, for there is no request yet: it fills in a form and does nothing else."""
NEW = "jit_new"
HOME_PAGE = "jit_home_page"
"""Its value is the request at which the page begins."""

SHOWN = "jit_shown:"
"""Begins the id of a block whose buttons are about what the card showed; the rest names that."""

REQUEST_VIEW = "jit_request"
DENY_VIEW = "jit_deny_reason"
APPROVE_LESS_VIEW = "jit_approve_less_form"
ASK_VIEW = "jit_ask_form"
ANSWER_VIEW = "jit_answer_form"
BREAK_GLASS_VIEW = "jit_break_glass"
REVIEW_VIEW = "jit_review_form"
WHY_VIEW = "jit_why_view"
EXTEND_VIEW = "jit_extend_form"
DENY_MORE_VIEW = "jit_deny_more_reason"
LOGIN_VIEW = "jit_login"

ACTION = "action"
RESOURCE = "resource"
DURATION = "duration"
START = "start"
REASON = "reason"
QUESTION = "question"
COMMENT = "comment"


def showing(request_id: str, name: str) -> str:
    """The id of a block whose buttons are about what it shows, which changes while a request is live."""
    return f"jit_shown:{request_id}:{name}"


def shown(block_id: str) -> str:
    """The name of what a block showed when its button was clicked: it may be behind, its buttons work on."""
    return block_id.rpartition(":")[2]
