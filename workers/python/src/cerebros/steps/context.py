"""What a step may ask about its place in a run."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from cerebros.steps.protocol import Resume


class _AnyProgress(TypedDict):
    done: float
    total: float


class Progress(_AnyProgress, total=False):
    """How far a step is, in any unit: what `cerebros progress` weighs, and people see."""

    note: str


def _to_nobody(_: Progress) -> None:
    return None


@dataclass(frozen=True)
class Context:
    """Where a step is called from. A test may make one by itself.

    `attempt` counts from 1 within this call. `idempotency_key` is the same for every attempt at one effect, also after a suspension.
    `resume` is one entry for each suspension so far, as the protocol has it; `sleep` and `approval` read it, steps need not.
    """

    execution_id: str
    step_name: str
    attempt: int = 1
    idempotency_key: str = ""
    resume: Sequence[Resume] = ()
    report: Callable[[Progress], None] = field(default=_to_nobody, repr=False)

    def progress(self, done: float, total: float, note: str | None = None) -> None:
        """Tells how far the step is; cheap, since only the newest is sent. Callable from threads.

        Raises `ValueError` when it is no share of a total. In a `def` step it raises `asyncio.CancelledError` once the run is
        cancelled or the worker stops: a thread cannot be ended in another way.
        """
        if not (math.isfinite(done) and math.isfinite(total) and 0 <= done <= total and total > 0):
            raise ValueError(f"progress: expected 0 <= done <= total and total > 0, got {done} of {total}")
        # As plain numbers: those of NumPy are no JSON.
        progress: Progress = {"done": float(done), "total": float(total)}
        self.report(progress if note is None else {**progress, "note": note[:1000]})
