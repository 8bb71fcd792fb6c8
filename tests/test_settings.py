"""Contract: settings come from the environment alone; whatever is wrong is told at once, by its variable.

No secret shows in an error, in a representation or in a log.
"""

import pytest

from app.settings import SettingsError, contexts_in, mailbox_in, read_settings

FERNET = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
WORKING = {"SLACK_BOT_TOKEN": "xoxb-secret-1", "SLACK_APP_TOKEN": "xapp-secret-2"}


@pytest.fixture
def environment(monkeypatch):
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "JIT_REDIS_URL", "JIT_DATA"):
        monkeypatch.delenv(name, raising=False)

    def use(**values):
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return use


def problem(environment, **values) -> str:
    environment(**values)
    with pytest.raises(SettingsError) as told:
        read_settings()
    return str(told.value)


def test_socket_mode_needs_two_tokens(environment):
    """A bot token and an app-level token are enough; all else has a default."""
    environment(**WORKING)
    settings = read_settings()
    assert ("xapp-secret-2", "https://slack.com/api/", None) == (
        settings.slack_app_token.get_secret_value(),
        settings.slack_api_url,
        settings.redis_url,
    )


def test_http_needs_a_signing_secret(environment):
    """Without an app-level token deliveries come by HTTP, and are verified."""
    environment(SLACK_BOT_TOKEN="xoxb-1", SLACK_SIGNING_SECRET="0123456789abcdef0123456789abcdef")
    assert read_settings().slack_app_token is None


def test_all_that_is_missing_is_told_at_once(environment):
    """A bare environment names both things that Slack needs, each with its shape."""
    lines = problem(environment).splitlines()
    assert ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"] == [line.split()[0] for line in lines]
    assert ("xoxb-" in lines[0], "xapp-" in lines[1], "SLACK_SIGNING_SECRET" in lines[1]) == (
        True,
        True,
        True,
    )


@pytest.mark.parametrize(
    ("name", "value", "shape"),
    [
        ("SLACK_BOT_TOKEN", "xoxp-mine", "xoxb-"),
        ("SLACK_APP_TOKEN", "xoxb-mixed-up", "xapp-"),
        ("SLACK_SIGNING_SECRET", "short", "32 hex digits"),
        ("JIT_SLACK_API_URL", "slack.com", "https://slack.com/api/"),
        ("JIT_PAGERDUTY_URL", "http://example.com", "it should begin with https://"),
        ("JIT_OPSGENIE_URL", "ftp://127.0.0.1/", "it should begin with https://"),
        ("JIT_OPSGENIE_URL", "http://127.0.0.1.example.com", "it should begin with https://"),
        ("JIT_OIDC_ISSUER", "http://login.example.com", "https://login.example.com"),
        ("JIT_OIDC_ISSUER", "http://127.0.0.1.example.com", "https://login.example.com"),
        ("JIT_OIDC_ISSUER", "https://login.example.com/?x=1", "https://login.example.com"),
        ("JIT_OIDC_ACR", "a second factor", "with commas"),
        ("JIT_REDIS_URL", "localhost:6379", "redis://host:6379/0"),
        ("JIT_PUBLIC_URL", "jit.example.com", "https://jit.example.com"),
        ("JIT_PUBLIC_URL", "ftp://jit.example.com", "https://jit.example.com"),
        ("JIT_PUBLIC_URL", "http://jit.example.com", "https://"),
        ("JIT_PUBLIC_URL", "http://127.0.0.1:8080", "http://localhost:8080"),
        ("JIT_PUBLIC_URL", "https://10.0.0.7", "no IP address"),
        ("JIT_PUBLIC_URL", "https://0x7f.1", "no IP address"),
        ("JIT_PUBLIC_URL", "https://[::1]", "no IP address"),
        ("JIT_PUBLIC_URL", "https://jit.example.com/approvals", "without a path"),
        ("JIT_PUBLIC_URL", "https://me@jit.example.com", "https://jit.example.com"),
        ("JIT_PUBLIC_URL", "https://jit.example.com?a=b", "https://jit.example.com"),
        ("JIT_PUBLIC_URL", "https://jit.example.com:port", "https://jit.example.com"),
        ("JIT_PUBLIC_URL", "https://jït.example.com", "should be a name"),
        ("JIT_SECRET_KEYS", "secret", "32 random bytes"),
        ("JIT_SIGNING_KEYS", "secret", "32 random bytes"),
        ("JIT_SECRET_KEYS", f"{FERNET},short", "32 random bytes"),
        ("JIT_DIGEST_ZONE", "Mars/Olympus", "IANA zone"),
        ("JIT_DIGEST_HOUR", "24", "less than or equal to 23"),
        ("JIT_HTTP_PORT", "http", "integer"),
        ("JIT_METRICS_PORT", "70000", "less than or equal to 65535"),
        ("JIT_METRICS_TOKEN", "short", "16 or more visible characters"),
        ("JIT_LOG_FORMAT", "xml", "auto|json|console"),
        ("JIT_SMTP_URL", "mail.example.com", "it should be smtp://user:password@host:587"),
        ("JIT_SMTP_CA", "/nowhere/ca.pem", "it should hold certificates in PEM form"),
        ("JIT_MAIL_FROM", "jit at example.com", "write an address such as ana@example.com"),
        ("JIT_MAIL_FROM", "jit@exаmple.com", "mixes Cyrillic and Latin"),
        ("JIT_MAIL_FROM", "A <jit@example.com>\nBcc: b@example.com", "it should be jit@example.com or"),
    ],
)
def test_what_is_malformed_is_told_by_its_variable(environment, name, value, shape):
    """The line begins with the variable's name and says what it should look like."""
    told = problem(environment, **{**WORKING, name: value})
    assert (1, name, True) == (len(told.splitlines()), told.split(":")[0].split()[0], shape in told)


def test_mail_needs_a_sender(environment):
    """A server alone does not say whom mail comes from."""
    told = problem(environment, **WORKING, JIT_SMTP_URL="smtp://u:hunter2@mail.example.com")
    assert (True, False) == (
        told.startswith("JIT_MAIL_FROM is not set, and JIT_SMTP_URL is"),
        "hunter2" in told,
    )


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", ("", "")),
        ("jit@Example.com", ("", "jit@example.com")),
        ("Access bot <jit@example.com>", ("Access bot", "jit@example.com")),
        ('"Access, bot" <jit@example.com>', ("Access, bot", "jit@example.com")),
        ("<jit@example.com>", ("", "jit@example.com")),
    ],
)
def test_senders(text, read):
    """A name and an address, or an address alone."""
    assert read == mailbox_in(text)


@pytest.mark.parametrize("name", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "JIT_REDIS_URL"])
def test_no_secret_is_told(environment, name):
    """A malformed secret is not repeated, and a good one is not in the settings' representation."""
    assert "hunter2" not in problem(environment, **{**WORKING, name: "hunter2"})
    environment(**{**WORKING, "JIT_REDIS_URL": "redis://:hunter2@127.0.0.1/0"})
    shown = repr(read_settings())
    assert [] == [secret for secret in ("hunter2", "secret-1", "secret-2") if secret in shown]


def test_a_sign_in_needs_all_four(environment):
    """One without `acr` would take a password for a second factor; what is lacking is named, and no secret."""
    given = {"JIT_OIDC_ISSUER": "https://login.example.com", "JIT_OIDC_CLIENT_SECRET": "hunter2"}
    told = problem(environment, **WORKING, **given)
    assert (True, False) == (
        "JIT_OIDC_CLIENT_ID, JIT_OIDC_ACR should be set as well" in told,
        "hunter2" in told,
    )
    environment(JIT_OIDC_CLIENT_ID="jit", JIT_OIDC_ACR="phr, phrh,")
    settings = read_settings()
    assert (("phr", "phrh"), False) == (contexts_in(settings.oidc_acr), "hunter2" in repr(settings))


def test_an_acr_of_commas_is_none(environment):
    """Whoever sets it to nothing has not said what counts."""
    given = {
        "JIT_OIDC_ISSUER": "https://x.example.com",
        "JIT_OIDC_CLIENT_ID": "j",
        "JIT_OIDC_CLIENT_SECRET": "s",
    }
    assert "JIT_OIDC_ACR should be set" in problem(environment, **WORKING, **given, JIT_OIDC_ACR=" , ")


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ("https://JIT.Example.com/", "https://jit.example.com"),
        ("https://jit.example.com:443", "https://jit.example.com"),
        ("https://jit.example.com:8443", "https://jit.example.com:8443"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("https://xn--jt-fka.example.com", "https://xn--jt-fka.example.com"),
    ],
)
def test_a_public_address_is_brought_into_the_form_of_an_origin(environment, given, origin):
    """As browsers write it, since it is compared with what they say."""
    environment(**WORKING, JIT_PUBLIC_URL=given)
    assert origin == read_settings().public_url


def test_keys_of_secrets_come_with_commas_and_do_not_show(environment):
    """The first encrypts; line breaks of a file do not matter; none shows where settings are printed."""
    other = FERNET.replace("A", "B", 1)
    environment(**WORKING, JIT_SECRET_KEYS=f"{FERNET},\n {other}")
    settings = read_settings()
    assert (f"{FERNET},{other}", False) == (settings.secret_keys.get_secret_value(), FERNET in repr(settings))
    assert FERNET not in problem(environment, **WORKING, JIT_SECRET_KEYS=f"{FERNET},x")
