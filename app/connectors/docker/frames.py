"""What the engine sends of a program's output, in frames of 8 bytes and content.

https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
"""

HEADER = 8


def texts(sent: bytes) -> str:
    """Give what standard output and error hold, in the order of their frames; a torn frame as far as it came."""
    content = bytearray()
    at = 0
    while at + HEADER <= len(sent):
        size = int.from_bytes(sent[at + 4 : at + HEADER], "big")
        content += sent[at + HEADER : at + HEADER + size]
        at += HEADER + size
    return content.decode(errors="replace")
