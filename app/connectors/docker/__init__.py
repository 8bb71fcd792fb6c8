"""Docker: a container is restarted once, or a debug container stands beside it, over the Engine API."""

from app.connectors.docker.debug import Debug
from app.connectors.docker.restart import Restart

__all__ = ["Debug", "Restart"]
