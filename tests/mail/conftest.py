"""A workplace with a mail server."""

from tests.slack.conftest import workplace as workplace  # noqa: PLC0414  a fixture of another folder
