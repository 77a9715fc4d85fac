"""Tells Temporal, while a step runs, that its worker is alive and how far the step is."""

from __future__ import annotations

import asyncio
import contextvars
import time
from datetime import timedelta
from types import TracebackType

from temporalio import activity

from cerebros.steps.context import Progress

_BEATS = 3
_DEFAULT = timedelta(seconds=10)
_GAP_S = 1.0


class Beat:
    """Heartbeats of the activity that enters it: three within its heartbeat timeout, and soon after progress."""

    def __init__(self, timeout: timedelta | None) -> None:
        """`timeout` is the activity's; None counts as 10 s. To be made inside the activity."""
        self._interval_s = (timeout or _DEFAULT).total_seconds() / _BEATS
        self._gap_s = min(_GAP_S, self._interval_s)
        self._loop = asyncio.get_running_loop()
        self._activity = contextvars.copy_context()
        self._progress: Progress | None = None
        self._asked = False
        self._next: asyncio.TimerHandle | None = None
        self._sent_at = 0.0
        self._open = True

    def __enter__(self) -> Beat:
        self._send()
        return self

    def __exit__(self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self._open = False
        if self._next is not None:
            self._next.cancel()

    def report(self, progress: Progress) -> None:
        """Sends progress, at most once a second, from any thread."""
        self._progress = progress
        # Without this a step in a thread could fill the loop with callbacks.
        if not self._asked and self._open:
            self._asked = True
            self._loop.call_soon_threadsafe(self._bring_forward)

    def _bring_forward(self) -> None:
        if self._open:
            self._plan(max(0.0, self._sent_at + self._gap_s - time.monotonic()))

    def _send(self) -> None:
        self._asked = False
        self._sent_at = time.monotonic()
        details = () if self._progress is None else (self._progress,)
        self._activity.run(activity.heartbeat, *details)
        self._plan(self._interval_s)

    def _plan(self, delay_s: float) -> None:
        if self._next is not None:
            self._next.cancel()
        self._next = self._loop.call_later(delay_s, self._send)
