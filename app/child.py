"""Children of this process: a server, a bot of the demo. They do not outlive it."""

import ctypes  # not in the child, which may be another user by then and not be able to read it
import signal
import sys
from collections.abc import Callable


def _signalled(number: int) -> Callable[[], None] | None:
    """Make a `preexec_fn` by which the child gets a signal when the thread that started it ends, however that ends."""

    def ask_for_it() -> None:
        ctypes.CDLL(None).prctl(1, number)  # PR_SET_PDEATHSIG, prctl(2)

    return ask_for_it if sys.platform == "linux" else None


DIES_WITH_PARENT = _signalled(signal.SIGTERM)
"""For `preexec_fn`: the child is asked to end when the thread that started it ends, however that ends."""
ENDS_AT_ONCE_WITH_PARENT = _signalled(signal.SIGQUIT)
"""The same for a PostgreSQL server, which at SIGTERM waits for its sessions, and at SIGQUIT ends them."""
