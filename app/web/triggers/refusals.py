"""How an event is refused."""

from app.domain.refusals import Refused


class NotSigned(Refused):
    """No trigger's secret, or topic, proves it. Which of the two is nobody's business."""

    code = "not_signed"

    def __init__(self, source: str) -> None:
        super().__init__(
            f"This is not proven to be an event of {source} that policy listens to. It takes a trigger of this source "
            "in the policies, the secret it names in the bot's environment, and the same secret at the sender."
        )


class LateEvent(Refused):
    """It is genuine, and too old, or of a time to come: what is replayed or was held back opens nothing."""

    code = "late_event"

    def __init__(self) -> None:
        super().__init__(
            "The event is genuine, and not of now: it is too old, or from a time that is to come."
        )


class WrongType(Refused):
    """The body is not of a type that the source sends."""

    code = "wrong_type"

    def __init__(self, types: str) -> None:
        super().__init__(f"Send the event as {types}.")


class NothingOpened(Refused):
    """Triggers matched, and none could open a request."""

    code = "nothing_opened"


class CertificateUnavailable(Refused):
    """The certificate by which a message is verified cannot be had now: nothing is believed without it."""

    code = "certificate_unavailable"
