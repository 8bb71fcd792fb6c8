"""A real dockerd of the tests' own: its own socket and folders, no network, an image made from a static busybox."""

import io
import json
import os
import shutil
import socket
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

from app.child import DIES_WITH_PARENT

IMAGE = "busybox-of-tests:1"
STARTS_WITHIN = 40
PROGRAMS = ("sh", "sleep", "tail", "ps", "cat", "true", "id", "head")


class _Unix(HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("docker", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(30)
        self.sock.connect(self._path)


class Dockerd(NamedTuple):
    """An engine that runs; `url` is its address."""

    path: str
    port: int

    @property
    def url(self) -> str:
        return f"unix://{self.path}"

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask as the tests' own; content that is bytes is a tarball."""
        connection = _Unix(self.path)
        is_tar = isinstance(body, bytes)
        content = body if is_tar else json.dumps(body) if body is not None else None
        kind = "application/x-tar" if is_tar else "application/json"
        connection.request(method, path, content, {"Content-Type": kind} if content else {})
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        assert answer.status < 400, (method, path, said)
        return json.loads(said) if said.startswith((b"{", b"[")) and path[:14] != "/images/create" else said

    def run(self, name: str, *words: str, **more: Any) -> str:
        """Run a container; gives its id."""
        body = {"Image": IMAGE, "Cmd": list(words), "HostConfig": {"NetworkMode": "none"}, **more}
        made = self.ask("POST", f"/containers/create?name={name}", body)["Id"]
        self.ask("POST", f"/containers/{made}/start")
        return str(made)

    def inspect(self, name: str) -> Any:
        return self.ask("GET", f"/containers/{name}/json")

    def names(self) -> list[str]:
        listed = self.ask("GET", "/containers/json?all=1")
        return sorted(name.removeprefix("/") for each in listed for name in each["Names"])

    def remove(self, name: str) -> None:
        self.ask("DELETE", f"/containers/{name}?force=1&v=1")


def why_not() -> str:
    """Say what keeps a dockerd from running here; empty where nothing does."""
    if os.geteuid() != 0:
        return "root, as whom dockerd runs,"
    missing = [each for each in ("dockerd", "busybox") if not shutil.which(each)]
    return " and ".join(missing)


@contextmanager
def dockerd() -> Iterator[Dockerd]:
    """Run one. `why_not` is asked first. Raises RuntimeError with its log where it does not come up."""
    folder = Path(tempfile.mkdtemp(prefix="jit-docker-"))
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    running = Dockerd(str(folder / "docker.sock"), port)
    words = ["dockerd", f"--data-root={folder}/data", f"--exec-root={folder}/exec", f"--pidfile={folder}/pid"]
    words += [f"--host=unix://{running.path}", f"--host=tcp://127.0.0.1:{port}", "--tls=false", "--group=0"]
    words += ["--bridge=none", "--iptables=false", "--ip6tables=false", "--storage-driver=vfs"]
    words += ["--shutdown-timeout=2"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            words,
            stdout=log,
            stderr=log,
            preexec_fn=DIES_WITH_PARENT,  # noqa: PLW1509  it calls prctl alone
        )
    try:
        _wait(running, process, folder / "log")
        running.ask("POST", "/images/create?fromSrc=-&repo=busybox-of-tests&tag=1", _image())
        yield running
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(running: Dockerd, process: "subprocess.Popen[bytes]", log: Path) -> None:
    ends = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            running.ask("GET", "/version")
        except OSError:
            if process.poll() is not None or time.monotonic() > ends:
                raise RuntimeError(log.read_text()[-3000:]) from None
            time.sleep(0.1)
        else:
            return


def _image() -> bytes:
    found = shutil.which("busybox")
    assert found
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for folder in ("bin", "dev", "proc", "sys", "tmp", "etc"):
            info = tarfile.TarInfo(folder)
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(info)
        tar.add(os.path.realpath(found), "bin/busybox")
        for name in PROGRAMS:
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
    return made.getvalue()
