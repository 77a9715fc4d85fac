"""How a workflow is run in this process."""

from __future__ import annotations

from dataclasses import dataclass

from cerebros.steps.local.asking import Ask


@dataclass(frozen=True)
class LocalOptions:
    """`time_scale` stretches every wait: for a retry, in a sleep, for a decision."""

    execution_id: str
    on_approval: Ask
    time_scale: float
