"""The bot's API, and a terminal on somebody's machine: the fixtures of tests/web."""

from tests.web.conftest import api, workplace

__all__ = ["api", "workplace"]
