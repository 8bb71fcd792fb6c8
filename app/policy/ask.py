"""What policy is asked: one person, one action, one resource, for how long, why and through what."""

from datetime import datetime

from app.domain.people import Principal
from app.domain.value import Value


class Ask(Value):
    """The facts that a verdict rests on. `source` is the way in, such as `slack`; `at`: when it is judged."""

    requester: Principal
    action: str
    resource: str
    seconds: int
    reason: str
    source: str
    at: datetime
