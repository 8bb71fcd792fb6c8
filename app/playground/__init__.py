"""A local workspace: a server on loopback that speaks Slack's protocol, for the demo and the tests."""

from app.playground.demo import demo_workspace
from app.playground.registration import App, AppRegistration, Manifest
from app.playground.server import Options, Playground
from app.playground.workspace import Workspace

__all__ = ["App", "AppRegistration", "Manifest", "Options", "Playground", "Workspace", "demo_workspace"]
