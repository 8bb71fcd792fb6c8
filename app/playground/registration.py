"""An app as it is registered with the workspace: its tokens, and what its manifest allows it.

docs: reference/app-manifest
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from app.playground.model import Json

HISTORY_EVENTS = {"channel": "message.channels", "group": "message.groups", "im": "message.im"}


@dataclass(frozen=True)
class SlashCommand:
    """A slash command that the manifest declares."""

    command: str
    description: str = ""
    usage_hint: str = ""
    should_escape: bool = False


@dataclass(frozen=True)
class Manifest:
    """The parts of an app manifest that change what Slack lets the app do."""

    display_name: str = ""
    scopes: frozenset[str] = frozenset()
    commands: tuple[SlashCommand, ...] = ()
    events: frozenset[str] = frozenset()
    interactivity: bool = True
    home_tab: bool = True

    @classmethod
    def read(cls, source: Mapping[str, Any] | str | Path) -> "Manifest":
        """Read a manifest from a mapping, from YAML or JSON text, or from a file.

        Raises `ValueError` when it is not a manifest at all.
        """
        if isinstance(source, Path):
            source = source.read_text(encoding="utf-8")
        if isinstance(source, str):
            source = yaml.safe_load(source)
        if not isinstance(source, Mapping):
            raise ValueError(  # noqa: TRY004  a file's content is a value
                "An app manifest is a mapping with `features`, `oauth_config` and `settings`."
            )
        features = _part(source, "features")
        settings = _part(source, "settings")
        return cls(
            display_name=_part(features, "bot_user").get("display_name")
            or _part(source, "display_information").get("name", ""),
            scopes=frozenset(_part(_part(source, "oauth_config"), "scopes").get("bot") or ()),
            commands=tuple(_command(each) for each in features.get("slash_commands") or ()),
            events=frozenset(_part(settings, "event_subscriptions").get("bot_events") or ()),
            interactivity=bool(_part(settings, "interactivity").get("is_enabled", False)),
            home_tab=bool(_part(features, "app_home").get("home_tab_enabled", False)),
        )


def _part(source: Mapping[str, Any], key: str) -> Json:
    value = source.get(key)
    return dict(value) if isinstance(value, Mapping) else {}


def _command(given: Mapping[str, Any]) -> SlashCommand:
    return SlashCommand(
        command=given["command"],
        description=given.get("description", ""),
        usage_hint=given.get("usage_hint", ""),
        should_escape=bool(given.get("should_escape", False)),
    )


@dataclass(frozen=True)
class AppRegistration:
    """What an app brings: a name, a manifest (none: all is allowed), a request URL (none: sockets).

    Tokens default to fixed and plainly fake ones; a second app needs its own `key`.
    """

    name: str = "JIT"
    manifest: Mapping[str, Any] | str | Path | None = None
    request_url: str | None = None
    key: str = "jit"
    bot_token: str = ""
    app_token: str = ""
    signing_secret: str = ""


@dataclass
class App:
    """An installed app: what it may call itself with, and what it may do."""

    name: str
    app_id: str
    bot_id: str
    bot_user_id: str
    bot_token: str
    app_token: str
    signing_secret: str
    verification_token: str
    request_url: str | None
    manifest: Manifest | None

    @classmethod
    def install(cls, registration: AppRegistration) -> "App":
        key = registration.key.upper()
        manifest = Manifest.read(registration.manifest) if registration.manifest is not None else None
        low = registration.key.lower()
        return cls(
            name=(manifest.display_name if manifest else "") or registration.name,
            app_id=f"A0{key}",
            bot_id=f"B0{key}",
            bot_user_id=f"U0{key}",
            bot_token=registration.bot_token or f"xoxb-demo-{low}",
            app_token=registration.app_token or f"xapp-demo-{low}",
            signing_secret=registration.signing_secret or f"demo-signing-secret-{low}",
            verification_token=f"demo-verification-{low}",
            request_url=registration.request_url,
            manifest=manifest,
        )

    def declared(self, command: str) -> SlashCommand | None:
        """Find a slash command; without a manifest every command is the app's."""
        if self.manifest is None:
            return SlashCommand(command)
        return next((each for each in self.manifest.commands if each.command == command), None)

    def subscribed(self, event: str) -> bool:
        return self.manifest is None or event in self.manifest.events

    def granted(self, scope: str) -> bool:
        return self.manifest is None or scope in self.manifest.scopes

    @property
    def scopes(self) -> str:
        """The scopes as Slack's headers and errors list them."""
        return ",".join(sorted(self.manifest.scopes)) if self.manifest else "all"
