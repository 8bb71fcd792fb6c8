"""Children of this process: a server, a bot of the demo. They do not outlive it."""

import signal
import sys


def _die_with_parent() -> None:
    import ctypes  # noqa: PLC0415  in the child only

    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG, prctl(2)


DIES_WITH_PARENT = _die_with_parent if sys.platform == "linux" else None
"""For `preexec_fn`: the child is asked to end when the thread that started it ends, however that ends."""
