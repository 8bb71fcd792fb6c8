"""A real sshd of the tests' own: its own settings, host key and port on loopback, trusting the tests' authority."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from app.child import DIES_WITH_PARENT

STARTS_WITHIN = 20
SEPARATION = Path("/run/sshd")


class Sshd(NamedTuple):
    """A server that lets the user of the tests in, for certificates that name `USER@web-1`."""

    port: int
    folder: Path
    host_key: str
    user: str

    @property
    def authority(self) -> Path:
        return self.folder / "ca"

    @property
    def krl(self) -> Path:
        return self.folder / "krl"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()


def sshd_program() -> str | None:
    """Find sshd, which lies outside of most users' PATH."""
    return shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")


def logs_in(
    credentials: Mapping[str, str], resource: str, *command: str
) -> "subprocess.CompletedProcess[str]":
    """Log in as the documented command does, with nothing of the user's own."""
    words = ["ssh", "-F", credentials["SSH_CONFIG"], "-o", "BatchMode=yes", "-o", "ConnectTimeout=5"]
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **credentials}
    return subprocess.run(
        [*words, resource, *command], env=environment, capture_output=True, text=True, timeout=30, check=False
    )


@contextmanager
def ssh_server() -> Iterator[Sshd]:
    """Run a server, and stop it."""
    sshd = sshd_program()
    assert sshd, "no sshd: ask `sshd_program` first"
    if os.geteuid() == 0:
        SEPARATION.mkdir(mode=0o755, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="jit-sshd-"))
    folder.chmod(0o755)
    user = pwd.getpwuid(os.geteuid()).pw_name
    for name in ("ca", "host"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(folder / name)]
        subprocess.run(words, check=True, capture_output=True)
    (folder / "principals").write_text(f"{user}@web-1\n")
    subprocess.run(["ssh-keygen", "-k", "-q", "-f", str(folder / "krl")], check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "config").write_text(
        f"""ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
PidFile none
TrustedUserCAKeys {folder}/ca.pub
AuthorizedPrincipalsFile {folder}/principals
RevokedKeys {folder}/krl
AuthorizedKeysFile none
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
LogLevel VERBOSE
MaxStartups 100
"""
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sshd, "-D", "-e", "-f", str(folder / "config")],
            stdout=log,
            stderr=log,
            preexec_fn=DIES_WITH_PARENT,  # noqa: PLW1509  it calls prctl alone
        )
    try:
        _wait(process, port, folder)
        host_key = " ".join((folder / "host.pub").read_text().split()[:2])
        yield Sshd(port, folder, host_key, user)
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder)


def _wait(process: "subprocess.Popen[bytes]", port: int, folder: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as link:
                if link.recv(4) == b"SSH-":
                    return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"sshd does not start: {(folder / 'log').read_text()}")
