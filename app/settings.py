"""Settings: the environment, read once into a frozen value."""

import os
import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.policy.addresses import email_address
from app.smtp_url import relay_address

NO_WAY_IN = (
    "SLACK_APP_TOKEN is not set: it should be an app-level token that begins with xapp-, for Socket Mode; "
    "or set SLACK_SIGNING_SECRET, for delivery by HTTP"
)


NO_SENDER = (
    "JIT_MAIL_FROM is not set, and JIT_SMTP_URL is: it should be the address that mail comes from, "
    "such as jit@example.com or Access bot <jit@example.com>"
)


class SettingsError(Exception):
    """Settings are missing or malformed; `str()` says which, one a line, and what each should look like."""


def _trigger_secrets() -> dict[str, SecretStr]:
    return {name: SecretStr(value) for name, value in os.environ.items() if name.startswith("JIT_TRIGGER_")}


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
    public_url: str = ""
    secret_keys: SecretStr | None = None
    signing_keys: SecretStr | None = None
    policies: Path | None = None
    data: Path = Path(".jit")
    http_host: str = "127.0.0.1"
    http_port: int = Field(8080, ge=0, le=65535)
    metrics_port: int | None = Field(None, ge=0, le=65535)
    metrics_token: SecretStr | None = None
    connectors: Path | None = None
    connector_commands: bool = False
    gates: Path | None = None
    group_commands: bool = False
    scim_token: SecretStr | None = None
    pagerduty_token: SecretStr | None = None
    pagerduty_url: str = "https://api.pagerduty.com"
    opsgenie_key: SecretStr | None = None
    opsgenie_url: str = "https://api.opsgenie.com"
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr | None = None
    oidc_acr: str = ""
    trusted_proxies: str = ""
    smtp_url: SecretStr | None = None
    smtp_ca: Path | None = None
    mail_from: str = ""
    trigger_secrets: dict[str, SecretStr] = Field(
        default_factory=_trigger_secrets, validation_alias="JIT_TRIGGER_"
    )
    """What proves events from outside, by the name that policies give: `JIT_TRIGGER_…`."""
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

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer(cls, url: str) -> str:
        shape = r"https://[^\s?#]+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/[^\s?#]*)?"
        if url and not re.fullmatch(shape, url):
            raise ValueError("it should be the provider's issuer, such as https://login.example.com")
        return url

    @field_validator("oidc_acr")
    @classmethod
    def _contexts(cls, acr: str) -> str:
        if acr and not all(re.fullmatch(r"[\x21-\x7e]{1,200}", each) for each in contexts_in(acr)):
            raise ValueError(
                "it should be values of acr that count as a second factor, with commas, such as phr"
            )
        return acr

    @field_validator("metrics_token")
    @classmethod
    def _metrics_token(cls, token: SecretStr | None) -> SecretStr | None:
        return (
            _shaped(token, r"[!-~]{16,}", "16 or more visible characters without spaces") if token else None
        )

    @field_validator("redis_url")
    @classmethod
    def _redis_url(cls, url: SecretStr | None) -> SecretStr | None:
        return (
            _shaped(url, r"(rediss?|unix)://\S+", "redis://host:6379/0, rediss://… or unix://…")
            if url
            else None
        )

    @field_validator("public_url")
    @classmethod
    def _public_url(cls, url: str) -> str:
        return public_origin(url) if url else ""

    @field_validator("secret_keys", "signing_keys")
    @classmethod
    def _secret_keys(cls, keys: SecretStr | None) -> SecretStr | None:
        if keys is None:
            return None
        each = "[A-Za-z0-9_-]{43}="
        what = (
            "keys with commas, each 32 random bytes in URL-safe base64; this makes one: "
            "python3 -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'"
        )
        return _shaped(SecretStr("".join(keys.get_secret_value().split())), f"{each}(,{each})*", what)

    @field_validator("smtp_url")
    @classmethod
    def _smtp_url(cls, url: SecretStr | None) -> SecretStr | None:
        if url:
            relay_address(url.get_secret_value())
        return url

    @field_validator("smtp_ca")
    @classmethod
    def _smtp_ca(cls, file: Path | None) -> Path | None:
        if file and not file.is_file():
            raise ValueError(f"there is no file {file}: it should hold certificates in PEM form")
        return file

    @field_validator("mail_from")
    @classmethod
    def _mail_from(cls, address: str) -> str:
        mailbox_in(address)
        return address

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

    @model_validator(mode="after")
    def _sender_of_mail(self) -> "Settings":
        if self.smtp_url and not self.mail_from:
            raise ValueError(NO_SENDER)
        return self

    @model_validator(mode="after")
    def _whole_provider(self) -> "Settings":
        """All that a sign-in needs, or nothing: one without `acr` would take a password for a second factor."""
        wanted = {
            "JIT_OIDC_ISSUER": self.oidc_issuer,
            "JIT_OIDC_CLIENT_ID": self.oidc_client_id,
            "JIT_OIDC_CLIENT_SECRET": self.oidc_client_secret,
            "JIT_OIDC_ACR": contexts_in(self.oidc_acr),
        }
        lacking = [name for name, value in wanted.items() if not value]
        if lacking and len(lacking) < len(wanted):
            given = next(name for name, value in wanted.items() if value)
            raise ValueError(
                f"{', '.join(lacking)} should be set as well: {given} is, and a sign-in needs all four"
            )
        return self


def contexts_in(text: str) -> tuple[str, ...]:
    """Read values of `acr` with commas between them."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(\.(?!-)[a-z0-9-]{1,63})*")
"""A name, in ASCII: xn--… where it has other letters."""
ENDS_IN_A_NUMBER = re.compile(r"(^|.*\.)(\d+|0x[0-9a-f]*)")
"""An IPv4 address in any of its forms, of which security keys know none (WHATWG URL, «ends in a number»)."""
DEFAULT_PORTS = {"https": 443, "http": 80}


def public_origin(url: str) -> str:
    """Bring a public address into the form of an origin: `https://host[:port]`. Raises ValueError."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise ValueError("it should look like https://jit.example.com") from None
    host = parts.hostname or ""
    if parts.scheme not in DEFAULT_PORTS or not host or parts.username or parts.query or parts.fragment:
        raise ValueError("it should look like https://jit.example.com")
    if parts.path not in {"", "/"}:
        raise ValueError("it should be an address without a path, such as https://jit.example.com")
    if not HOST.fullmatch(host) or ENDS_IN_A_NUMBER.fullmatch(host):
        raise ValueError(
            "its host should be a name and no IP address, or security keys do not answer: "
            "https://jit.example.com, or http://localhost:8080 on one machine"
        )
    if parts.scheme == "http" and host != "localhost":
        raise ValueError("it should begin with https://; plain http is for http://localhost:PORT alone")
    at = "" if port in {None, DEFAULT_PORTS[parts.scheme]} else f":{port}"
    return f"{parts.scheme}://{host}{at}"


def networks_in(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Read networks with commas between them. Raises ValueError."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def mailbox_in(text: str) -> tuple[str, str]:
    """Read `Name <address>`, or an address alone, as name and address; empty is both empty. Raises ValueError."""
    if not text:
        return "", ""
    found = re.fullmatch(r"(?P<name>[^<>@]{0,75}?)\s*<(?P<address>[^<>]+)>|(?P<alone>[^<>]+)", text)
    if not found or not text.isprintable():
        raise ValueError("it should be jit@example.com or Access bot <jit@example.com>")
    try:
        address = email_address(found["address"] or found["alone"])
    except ValueError as error:
        raise ValueError(f"it {error}") from None
    return (found["name"] or "").strip().strip('"'), address


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
