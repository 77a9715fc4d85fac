"""A result that brings further steps with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cerebros.steps.failures import refusal
from cerebros.steps.protocol import PlanStep


@dataclass(frozen=True)
class Further:
    """What a step returns to add steps to the plan: its result, and the steps, each made by `Step.named`.

    They may need this step, all others, and those before them in the list. Their names must be new in the run. The workflow names them with
    `wf.may_add`, so that its worker serves them.
    """

    result: Any
    steps: Sequence[PlanStep]

    def checked(self, step_name: str) -> list[PlanStep]:
        """The steps. Raises a non-retryable `MALFORMED_RESULT` when there is something else among them."""
        if not isinstance(self.steps, (list, tuple)) or not all(map(_is_step, self.steps)):
            expected = "expected a list of steps as load.named('load-eu') makes them"
            raise refusal("MALFORMED_RESULT", f"the further steps of step {step_name}: {expected}, got {self.steps!r:.60}")
        return list(self.steps)


def _is_step(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("name"), str)
