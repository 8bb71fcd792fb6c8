"""Settings: the environment, read once into a frozen value."""

import os
import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

NO_WAY_IN = (
    "SLACK_APP_TOKEN is not set: it should be an app-level token that begins with xapp-, for Socket Mode; "
    "or set SLACK_SIGNING_SECRET, for delivery by HTTP"
)


class SettingsError(Exception):
    """Settings are missing or malformed; `str()` says which, one a line, and what each should look like."""


class Settings(BaseSettings):
    """Everything that the bot takes from its environment."""

    model_config = SettingsConfigDict(env_prefix="JIT_", frozen=True, extra="ignore", env_ignore_empty=True)

    slack_bot_token: SecretStr = Field(validation_alias=AliasChoices("SLACK_BOT_TOKEN"))
    slack_app_token: SecretStr | None = Field(None, validation_alias=AliasChoices("SLACK_APP_TOKEN"))
    slack_signing_secret: SecretStr | None = Field(
        None, validation_alias=AliasChoices("SLACK_SIGNING_SECRET")
    )
    slack_api_url: str = "https://slack.com/api/"
    redis_url: SecretStr | None = None
    policies: Path | None = None
    data: Path = Path(".jit")
    http_host: str = "127.0.0.1"
    http_port: int = Field(8080, ge=0, le=65535)
    connectors: Path | None = None
    connector_commands: bool = False
    secret_keys: SecretStr | None = None
    group_commands: bool = False
    scim_token: SecretStr | None = None
    pagerduty_token: SecretStr | None = None
    pagerduty_url: str = "https://api.pagerduty.com"
    opsgenie_key: SecretStr | None = None
    opsgenie_url: str = "https://api.opsgenie.com"
    trusted_proxies: str = ""
    digest_hour: int = Field(9, ge=0, le=23)
    digest_zone: str = "UTC"
    log_format: str = Field("auto", pattern="^(auto|json|console)$")
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$")

    @field_validator("slack_bot_token")
    @classmethod
    def _bot_token(cls, token: SecretStr) -> SecretStr:
        return _shaped(token, r"xoxb-\S+", "a bot token that begins with xoxb-")

    @field_validator("slack_app_token")
    @classmethod
    def _app_token(cls, token: SecretStr | None) -> SecretStr | None:
        return _shaped(token, r"xapp-\S+", "an app-level token that begins with xapp-") if token else None

    @field_validator("slack_signing_secret")
    @classmethod
    def _signing_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        return _shaped(secret, r"[0-9a-zA-Z]{16,}", "a secret of 32 hex digits") if secret else None

    @field_validator("slack_api_url")
    @classmethod
    def _api_url(cls, url: str) -> str:
        if not re.fullmatch(r"https?://\S+", url):
            raise ValueError("it should look like https://slack.com/api/")
        return url if url.endswith("/") else url + "/"

    @field_validator("pagerduty_url", "opsgenie_url")
    @classmethod
    def _on_call_url(cls, url: str) -> str:
        if not re.fullmatch(r"https://\S+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/\S*)?", url):
            raise ValueError("it should begin with https://, such as https://api.eu.pagerduty.com")
        return url

    @field_validator("redis_url")
    @classmethod
    def _redis_url(cls, url: SecretStr | None) -> SecretStr | None:
        return (
            _shaped(url, r"(rediss?|unix)://\S+", "redis://host:6379/0, rediss://… or unix://…")
            if url
            else None
        )

    @field_validator("secret_keys")
    @classmethod
    def _secret_keys(cls, secret: SecretStr | None) -> SecretStr | None:
        form = r"[A-Za-z0-9_-]{43}=(,[A-Za-z0-9_-]{43}=)*"
        return _shaped(secret, form, "Fernet keys with commas, the first to seal with") if secret else None

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies(cls, proxies: str) -> str:
        try:
            networks_in(proxies)
        except ValueError:
            raise ValueError("it should be networks with commas, such as 10.0.0.0/8,fd00::/8") from None
        return proxies

    @field_validator("digest_zone")
    @classmethod
    def _zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("it should be an IANA zone such as Europe/Madrid or UTC") from None
        return zone

    @model_validator(mode="after")
    def _one_way_in(self) -> "Settings":
        if self.slack_app_token is None and self.slack_signing_secret is None:
            raise ValueError(NO_WAY_IN)
        return self


def networks_in(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Read networks with commas between them. Raises ValueError."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def _shaped(secret: SecretStr, form: str, what: str) -> SecretStr:
    if not re.fullmatch(form, secret.get_secret_value()):
        raise ValueError(f"it should be {what}")
    return secret


def read_settings() -> Settings:
    """Read the environment. Raises SettingsError, which names every variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [_line(problem) for problem in error.errors()]
    if not (os.environ.get("SLACK_APP_TOKEN") or os.environ.get("SLACK_SIGNING_SECRET")):
        lines.append(
            NO_WAY_IN
        )  # told with the rest: the rule over both is not asked while one field is wrong
    raise SettingsError("\n".join(dict.fromkeys(lines)))


def _line(problem: object) -> str:
    assert isinstance(problem, dict)  # noqa: S101  pydantic's ErrorDetails
    where = str(problem["loc"][0]) if problem["loc"] else ""
    name = where.upper() if where.isupper() or not where else f"JIT_{where.upper()}"
    if where.startswith("slack_") and where != "slack_api_url":
        name = where.upper()
    if problem["type"] == "missing":
        shapes = {"SLACK_BOT_TOKEN": "a bot token that begins with xoxb-"}
        return f"{name} is not set: it should be {shapes.get(name, 'set')}"
    said = str(problem["msg"]).removeprefix("Value error, ")
    return f"{name}: {said}" if name else said
