"""Contract of a mail as bytes: whatever people wrote is read and acts on nothing, in headers, text and HTML.

One request is one thread; the same letter has the same Message-ID; nothing is fetched; no robot answers.
"""

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from app.domain import transitions as t
from app.mail import wording
from app.mail.inert import inert
from app.mail.message import Envelope, Mailbox, make_message
from app.mail.said import Said
from tests.mail.readers import READER
from tests.mail.servers import html_of
from tests.people import ANA, NOW, a_request

FROM = Mailbox(name="Access bot", address="jit@example.com")
LINK = "https://jit.example.com/confirm/abc_DEF-123"
HEADERS = {
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "List-Id",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "MIME-Version",
    "Content-Type",
}
LINKLIKE = re.compile(r"[a-z]+:/|www\.\S|\S@\S|[a-z]+:[a-z]|[^\s.]\.[^\s.]", re.IGNORECASE)


def links_in(text: str) -> list[str]:
    """What a mail program could make a link of: a zero-width space ends a word for it."""
    return LINKLIKE.findall(text.replace("\u200b", " "))


def envelope(letter: str = "R02-4KX9TQZ:ask:owners:ben", name: str = "Ben Okafor") -> Envelope:
    to = Mailbox(name=name, address="ben@example.com")
    return Envelope(sender=FROM, to=to, letter=letter, thread="R02-4KX9TQZ", topic="production", at=NOW)


def read(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def asked(**more):
    request = a_request(request_id="R02-4KX9TQZ").model_copy(update=more)
    return t.ask(request)[0]


class Page(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.values: dict[str, list[str]] = {}
        self.said: list[str] = []
        self._within = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self._within = tag
        self.tags.append(tag)
        for name, value in attrs:
            self.values.setdefault(name, []).append(value or "")

    def handle_data(self, data):
        if self._within not in {"style", "title"}:  # a title is shown by no mail program
            self.said.append(data)


def test_headers():
    """Everything that keeps a mail in its thread, out of robots' hands, and sorted."""
    message = read(make_message(wording.asking(asked(), READER), envelope(), LINK))
    thread = "<R02-4KX9TQZ.thread@example.com>"
    assert {
        "From": "Access bot <jit@example.com>",
        "To": "Ben Okafor <ben@example.com>",
        "Subject": "Ana Ruiz: prod-db-debug on orders-db in production [R02-4KX9TQZ]",
        "Date": "Mon, 02 Mar 2026 09:30:00 +0000",
        "Auto-Submitted": "auto-generated",
        "In-Reply-To": thread,
        "References": thread,
        "List-Id": "<production.jit.example.com>",
    } == {
        name: message[name]
        for name in message
        if name in HEADERS - {"Message-ID", "Content-Type", "MIME-Version", "X-Auto-Response-Suppress"}
    }
    assert set(HEADERS) == set(message.keys())
    assert re.fullmatch(r"<[0-9a-f]{32}@example\.com>", message["Message-ID"])


def test_a_letter_has_one_message_id():
    """The same letter the same, another another: by it a mail that came twice shows once."""
    said = wording.asking(asked(), READER)
    ids = [read(make_message(said, envelope(letter)))["Message-ID"] for letter in ("a", "a", "b")]
    assert (ids[0], True) == (ids[1], ids[0] != ids[2])


def test_one_subject_for_a_request():
    """Asked, denied: the same subject, so that mail programs keep it together."""
    pending = asked()
    subjects = {
        wording.asking(pending, READER).subject,
        wording.asking(pending.model_copy(update={"rungs": 1}), READER, again=True).subject,
    }
    assert 1 == len(subjects)


INJECTED = (
    "INC-7\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script><a href='https://evil.example'>x</a>"
)


def test_header_injection():
    """Line breaks in names, resources and reasons make no header, and no second part."""
    eve = ANA.model_copy(update={"name": INJECTED})
    request = asked(requester=eve, resource=INJECTED, reason=INJECTED, action=INJECTED)
    message = read(make_message(wording.asking(request, READER), envelope(name=INJECTED), LINK))
    assert set(HEADERS) == set(message.keys())
    assert ["ben@example.com"] == [each.addr_spec for each in message["To"].addresses]
    assert ["text/plain", "text/html"] == [part.get_content_type() for part in message.iter_parts()]
    page = Page(html_of(message))
    assert (1, [LINK], False) == (page.tags.count("a"), page.values["href"], "script" in page.tags)


def test_a_long_subject_is_cut_by_character():
    """Never within a character, and to what a list of mails shows."""
    request = asked(resource="🔐" * 300)
    message = read(make_message(wording.asking(request, READER), envelope()))
    assert (180, "🔐…") == (len(message["Subject"]), message["Subject"][-2:])


words = st.text(max_size=300) | st.sampled_from(
    [
        "https://evil.example/approve",
        "www.evil.example",
        "eve@evil.example",
        "javascript:alert(1)",
        "a.b.c",
        "<img src=x>",
    ]
)


@given(text=words, name=words, resource=words)
def test_whatever_people_type_is_only_read(text, name, resource):
    """No link, no tag, no header, nothing fetched; in text and in HTML there is nothing to be made a link."""
    eve = ANA.model_copy(update={"name": name})
    request = asked(requester=eve, resource=resource, reason=text)
    raw = make_message(wording.asking(request, READER), envelope(name=name), LINK)
    message = read(raw)
    assert set(HEADERS) == set(message.keys())
    page = Page(html_of(message))
    assert ([LINK], [], False) == (page.values["href"], page.values.get("src", []), "img" in page.tags)
    plain = message.get_body(("plain",)).get_content().replace(LINK, "")
    assert [] == links_in(plain)
    assert [] == links_in("\n".join(page.said))
    assert all(ord(sign) < 128 for sign in raw.decode("ascii"))


@given(text=st.text(max_size=200))
def test_inert(text):
    """One line of which nothing is a link, and which reads as it was written."""
    made = inert(text)
    assert ([], 1) == (links_in(made), len(made.splitlines() or [""]))
    assert "".join(text.split()).isprintable() is False or " ".join(text.split()) == made.replace(
        "\u200b", ""
    )


def test_nothing_is_fetched():
    """No image, style sheet, script or font comes from anywhere."""
    html = html_of(read(make_message(wording.asking(asked(), READER), envelope(), LINK)))
    page = Page(html)
    assert set() == {"img", "link", "script", "iframe", "object"} & set(page.tags)
    assert (0, 0) == (html.count("url("), html.count("@import"))
    assert 1 == html.count("://")


def test_no_page_no_button():
    """Where there are no pages the mail says where to decide instead."""
    html = html_of(read(make_message(wording.asking(asked(), READER), envelope(), None)))
    assert (0, True) == (
        Page(html).tags.count("a"),
        "Decide in Slack, on its card in #prod-approvals." in html,
    )


def test_a_name_of_nothing():
    """A name that is empty, or nothing but what cannot be shown, leaves the address alone."""
    for name in ("", " \t\r\n"):
        message = read(make_message(Said(subject="x", headline="x"), envelope(name=name)))
        assert "ben@example.com" == str(message["To"])
