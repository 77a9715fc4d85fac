"""How a workflow is run in this process."""

from __future__ import annotations

from dataclasses import dataclass

from cerebros.steps.local.asking import Ask


@dataclass(frozen=True)
class LocalOptions:
    """`time_scale` stretches sleeps and the waits between attempts."""

    execution_id: str
    on_approval: Ask
    time_scale: float
