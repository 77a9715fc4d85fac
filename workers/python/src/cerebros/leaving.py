"""Lets Temporal's threads out of Python before the interpreter ends.

They deliver what the server answers. One that still is inside Python code when the interpreter is torn down aborts the process, with "Fatal
Python error: PyGILState_Release" (temporalio/sdk-python#300): a script that ends right after its last answer did so in every fourth
run on a busy machine.
"""

from __future__ import annotations

import atexit
import sys
import threading
import time

_LIMIT_S = 2.0
_POLL_S = 0.001


def leave_cleanly() -> None:
    """Makes the end of this process wait until no thread but those of `threading` runs Python code, at most 2 s."""
    atexit.unregister(_wait_for_foreign_threads)
    atexit.register(_wait_for_foreign_threads)


def _wait_for_foreign_threads() -> None:
    deadline = time.monotonic() + _LIMIT_S
    while _foreign_threads() and time.monotonic() < deadline:
        time.sleep(_POLL_S)


def _foreign_threads() -> set[int]:
    # A foreign thread that has asked who it is counts among those of `threading` as a dummy.
    known = {thread.ident for thread in threading.enumerate() if not isinstance(thread, threading._DummyThread)}
    return {ident for ident in sys._current_frames() if ident not in known}
