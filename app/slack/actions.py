"""Names by which Slack tells us what was clicked. A button's value is a request id and nothing else."""

APPROVE = "jit_approve"
DENY = "jit_deny"
CANCEL = "jit_cancel"
DONE = "jit_done"
REVOKE = "jit_revoke"

REQUEST_VIEW = "jit_request"
DENY_VIEW = "jit_deny_reason"

ACTION = "action"
RESOURCE = "resource"
DURATION = "duration"
REASON = "reason"
COMMENT = "comment"
