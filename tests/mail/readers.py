"""Who reads the mails of tests."""

from datetime import UTC

from app.mail.wording import Reader
from tests.people import EVERYONE

READER = Reader(names={person.id: person.name for person in EVERYONE}, zone=UTC)
LIST = Reader(names=READER.names, zone=UTC, is_person=False)
