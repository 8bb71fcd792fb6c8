"""OpenSSH's list of revoked certificates, in its own binary form.

https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.krl
"""

import struct
from base64 import b64decode
from collections.abc import Iterable
from datetime import datetime
from io import BytesIO

MAGIC = b"SSHKRL\n\0"
FORMAT = 1
CERTIFICATES = 1
SERIALS = 0x20
COMMENT = b"jit-approval"


def make_krl(authority: str, serials: Iterable[int], now: datetime) -> bytes:
    """Make a list that revokes the serials (1 to 2**64 - 1) of one authority, `ssh-ed25519 AAAA…`.

    Its version is the time in milliseconds, since each is to be newer than the one before.
    """
    milliseconds = int(now.timestamp() * 1000)
    head = MAGIC + struct.pack(">IQQQ", FORMAT, milliseconds, milliseconds // 1000, 0)
    head += _string(b"") + _string(COMMENT)
    revoked = b"".join(struct.pack(">Q", serial) for serial in sorted(set(serials)))
    if not revoked:
        return head
    of_authority = _string(b64decode(authority.split()[1])) + _string(b"")
    of_authority += bytes([SERIALS]) + _string(revoked)
    return head + bytes([CERTIFICATES]) + _string(of_authority)


def serials_in(krl: bytes) -> set[int]:
    """Read the serials of a list that `make_krl` made; none of any other, or of one that is damaged."""
    reading = BytesIO(krl)
    try:
        is_ours = reading.read(len(MAGIC)) == MAGIC
        reading.read(28)  # format, version, time, flags
        _next(reading), _next(reading)
        if not is_ours or reading.read(1) != bytes([CERTIFICATES]):
            return set()
        inner = BytesIO(_next(reading))
        _next(inner), _next(inner)
        serials = _next(inner) if inner.read(1) == bytes([SERIALS]) else b""
        return {serial for (serial,) in struct.iter_unpack(">Q", serials)}
    except struct.error:
        return set()


def _next(reading: BytesIO) -> bytes:
    (length,) = struct.unpack(">I", reading.read(4))
    return reading.read(length)


def _string(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content
