"""SSH: for each grant a key and a certificate, signed by the bot's authority, good for the grant's time."""

import asyncio
import ipaddress
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import SecretStr

from app.connectors.mark import Mark
from app.connectors.protocol import (
    Capabilities,
    ConnectorFailed,
    Found,
    Granted,
    Secret,
    Unfit,
    parameters_of,
)
from app.connectors.ssh import settings as written
from app.connectors.ssh.authority import Authority, Certificate, new_key, read_public
from app.connectors.ssh.register import Register, serial_of
from app.connectors.ssh.settings import Host, Parameters
from app.domain.request import Lease, Request

NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._@-]")
FIXED = "the end of a certificate is fixed; ask anew for more time"


class Ssh:
    """Certificates end by themselves; a list of revoked ones ends them early. sshd ends no session by either."""

    Settings = written.Settings
    Parameters = Parameters
    capabilities: ClassVar[Capabilities] = Capabilities(
        native_expiry=True, ends_sessions=False, moves_ends=False
    )

    def __init__(self, name: str, settings: written.Settings, mark: Mark) -> None:
        self.name = name
        self._settings = settings
        self._mark = mark
        self._register = Register(settings.folder, settings.krl, mark)

    def plan(self, request: Request) -> Sequence[str]:
        self._host(request)
        wanted = parameters_of(request, Parameters)
        options = _options(request, wanted)
        lines = [f"SSH: a certificate for {request.resource}, as {', '.join(wanted.users)}"]
        if wanted.force_command:
            lines.append(f"it runs nothing but {wanted.force_command}")
        if "source-address" in options:
            lines.append(f"from {options['source-address']} alone")
        if beyond := [each for each in wanted.permit if each != "pty"]:
            lines.append(f"with {', '.join(beyond)}")
        return (*lines, "when it ends nobody logs in with it; a session that is open is not ended")

    def place(self, request: Request) -> str:  # noqa: ARG002  the protocol's
        """The authority and its list: hosts read one for all grants. A list is for one authority alone."""
        authority = Authority.read(self._settings.ca).fingerprint
        return f"the authority {authority} with the list {self._settings.krl}"

    async def grant(self, request: Request, key: str) -> Granted:
        private, public = new_key()
        secret = await self.certify(request, key, public)
        files = secret.files | {"SSH_KEY": SecretStr(private)}
        users = ", ".join(parameters_of(request, Parameters).users)
        summary = f"a certificate for {request.resource} as {users}"
        lease = Lease(connector=self.name, reference=f"{request.resource}/{serial_of(key)}", summary=summary)
        return Granted(lease, secret.model_copy(update={"files": files}))

    async def certify(self, request: Request, key: str, public_key: str) -> Secret:
        try:
            host, wanted = self._host(request), parameters_of(request, Parameters)
            options, public = _options(request, wanted), read_public(public_key)
        except Unfit as unfit:
            raise ConnectorFailed(str(unfit)) from None
        if request.starts_at is None or request.ends_at is None:
            raise ConnectorFailed("the grant has no end")
        certificate = Certificate(
            key_id=key_id(key, request.requester.id),
            serial=serial_of(key),
            principals=[self._principal(user, request.resource) for user in wanted.users],
            begins=request.starts_at,
            ends=request.ends_at,
            options=options,
            permit=wanted.permit,
        )
        signed = await asyncio.to_thread(self._issue, key, certificate, public)
        return _secret(request.resource, host, wanted.users[0], signed)

    async def extend(self, request: Request, key: str) -> None:  # noqa: ARG002  the protocol's
        raise ConnectorFailed(FIXED)

    async def revoke(self, request: Request, key: str) -> None:
        await asyncio.to_thread(self._revoke, key, request.ends_at)

    async def check(self) -> None:
        Authority.read(self._settings.ca)
        await asyncio.to_thread(self._register.check)

    async def list_active(self) -> Sequence[Found]:
        """List by what was issued. No ends are told: a longer one cannot be had."""
        standing = await asyncio.to_thread(self._register.standing, datetime.now(UTC))
        return [Found(key, str(self._settings.krl)) for key, _ in standing]

    async def remove(self, found: Found) -> None:
        if self._mark.request_in(found.key):
            await asyncio.to_thread(self._revoke, found.key, None)

    async def published(self) -> bytes | None:
        """Give hosts the list of revoked certificates, where the settings let them fetch it."""
        return await asyncio.to_thread(self._register.listed) if self._settings.serve else None

    async def close(self) -> None:
        """Nothing is held."""

    def _issue(self, key: str, certificate: Certificate, public: Ed25519PublicKey) -> str:
        authority = Authority.read(self._settings.ca)
        self._register.issue(key, certificate.ends, authority.public)
        return authority.issue(certificate, public)

    def _revoke(self, key: str, ends: datetime | None) -> None:
        self._register.revoke(key, ends, Authority.read(self._settings.ca).public)

    def _principal(self, user: str, resource: str) -> str:
        return user if self._settings.principals == "user" else f"{user}@{resource}"

    def _host(self, request: Request) -> Host:
        """Find the host behind a resource. Raises Unfit."""
        found = self._settings.hosts.get(request.resource)
        if found is None:
            raise Unfit(f"the connector {self.name} has no host for {request.resource}")
        return found


def key_id(key: str, requester: str) -> str:
    """Name request and person as sshd logs them; nothing in it can be taken for a line or a field of a log."""
    return f"{key} {NOT_IN_A_NAME.sub('_', requester)[:64]}"


def _options(request: Request, wanted: Parameters) -> dict[str, str]:
    """Give what a host must enforce. Raises Unfit where the address is needed and not known."""
    options = {"force-command": wanted.force_command} if wanted.force_command else {}
    if wanted.source_address == "any" or (wanted.source_address == "known" and not request.ip):
        return options
    try:
        address = ipaddress.ip_address(request.ip)
    except ValueError:
        raise Unfit("it is given to a known address alone; ask by `jit run` or the API") from None
    known = getattr(address, "ipv4_mapped", None) or address
    return options | {"source-address": f"{known}/{known.max_prefixlen}"}


def _secret(resource: str, host: Host, user: str, certificate: str) -> Secret:
    """Give a certificate and what `ssh -F "$SSH_CONFIG" RESOURCE` reads, which finds it and the key by SSH_KEY."""
    config = [
        f"Host {resource}",
        f"HostName {host.address}",
        f"Port {host.port}",
        f"User {user}",
        "IdentityFile ${SSH_KEY}",
        "CertificateFile ${SSH_CERTIFICATE}",
        "IdentitiesOnly yes",
        "IdentityAgent none",
        "ControlPath none",
    ]
    files = {"SSH_CERTIFICATE": certificate}
    if host.host_key:
        at = host.address if host.port == 22 else f"[{host.address}]:{host.port}"
        files["SSH_KNOWN_HOSTS"] = f"{at} {host.host_key}\n"
        config += ["UserKnownHostsFile ${SSH_KNOWN_HOSTS}", "StrictHostKeyChecking yes"]
    files["SSH_CONFIG"] = "\n".join(config) + "\n"
    environment = {"SSH_HOST": host.address, "SSH_PORT": str(host.port), "SSH_USER": user}
    return Secret(
        environment={name: SecretStr(value) for name, value in environment.items()},
        files={name: SecretStr(value) for name, value in files.items()},
    )
