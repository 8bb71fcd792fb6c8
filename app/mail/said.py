"""What a mail says, before it is text or HTML. Whatever people wrote in it is inert already."""

from app.domain.value import Value


class Part(Value):
    """A titled list of lines."""

    title: str
    lines: tuple[str, ...]


class Said(Value):
    """One mail. `headline` says what it is about, `status` how things stand now, `why` why one gets it.

    `facts` are pairs of a label and a value; `quoted` is what somebody wrote, by lines, under `quoted_as`.
    """

    subject: str
    headline: str
    status: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    quoted_as: str = ""
    quoted: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    button: str = ""
    """What the button says where there is a page to lead to."""
    instead: str = ""
    """What to do where there is none."""
    why: str = ""
