"""A mail as bytes: text and HTML that say the same, with nothing to be fetched."""

import hashlib
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from app.audit.plain import one_line
from app.domain.value import Value
from app.mail.inert import cut
from app.mail.said import Said

LONGEST_SUBJECT = 180
LONGEST_NAME = 75
PRODUCT = "jit"


class Mailbox(Value):
    """A name, which may be empty, and an address."""

    name: str = ""
    address: str

    @property
    def domain(self) -> str:
        return self.address.partition("@")[2]

    @property
    def header(self) -> Address:
        return Address(cut(one_line(self.name), LONGEST_NAME), addr_spec=self.address)


class Envelope(Value):
    """All of a mail but what it says. `letter` is the letter's id, `thread` names what mails belong together."""

    sender: Mailbox
    to: Mailbox
    letter: str
    thread: str = ""
    topic: str = "all"
    """The first word of the List-Id: the environment, by which people sort their mail."""
    at: datetime


def message_id(letter: str, domain: str) -> str:
    """The same for the same letter, so that one that was sent twice shows once (RFC 5322, 3.6.4)."""
    return f"<{hashlib.sha256(letter.encode()).hexdigest()[:32]}@{domain}>"


def thread_id(thread: str, domain: str) -> str:
    """The id of a mail that is never sent, and that all of a thread answer."""
    return f"<{thread}.thread@{domain}>"


def make_message(said: Said, envelope: Envelope, link: str | None = None) -> bytes:
    """Make a mail; `link` is where the button leads, None where there is no page.

    Headers: RFC 5322; RFC 3834, 5.1 (Auto-Submitted); RFC 2919 (List-Id).
    """
    domain = envelope.sender.domain
    message = EmailMessage(policy=SMTP.clone(max_line_length=78))
    message["From"] = envelope.sender.header
    message["To"] = envelope.to.header
    message["Subject"] = cut(one_line(said.subject), LONGEST_SUBJECT)
    message["Date"] = envelope.at
    message["Message-ID"] = message_id(envelope.letter, domain)
    if envelope.thread:
        message["In-Reply-To"] = message["References"] = thread_id(envelope.thread, domain)
    message["List-Id"] = f"<{envelope.topic}.{PRODUCT}.{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(as_text(said, link), cte="quoted-printable")
    message.add_alternative(as_html(said, link), subtype="html", cte="quoted-printable")
    return message.as_bytes()


def as_text(said: Said, link: str | None = None) -> str:
    """What a mail says, as plain text."""
    return _templates().get_template("mail.txt").render(said=said, link=link).strip() + "\n"


def as_html(said: Said, link: str | None = None) -> str:
    """The same as HTML. Everything that is not the template's own is escaped."""
    return _templates().get_template("mail.html").render(said=said, link=link)


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("app.mail"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
