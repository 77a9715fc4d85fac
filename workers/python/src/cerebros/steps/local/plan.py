"""The plan of a local run, which steps may add to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cerebros.steps.blueprint import STEPS_MAX, Graph
from cerebros.steps.local.attempts import StepFailed
from cerebros.steps.protocol import PlanStep
from cerebros.steps.step import NAME, Step


@dataclass(frozen=True)
class Planned:
    """A step of a run; `inputs` take the place of the run's, unless they are None."""

    idx: int
    name: str
    step: Step[..., Any]
    needs: Sequence[str]
    inputs: Any = None


class Plan:
    """The steps of a run, in order."""

    def __init__(self, graph: Graph) -> None:
        """With the steps of a workflow."""
        self._served = graph.served
        self.steps = [Planned(idx, one.name, one, graph.needs[one.name]) for idx, one in enumerate(graph.steps)]

    def add(self, added: Sequence[PlanStep]) -> None:
        """Appends steps that a step returned. Raises `StepFailed` when one does not fit."""
        for idx, data in enumerate(added):
            names = [one.name for one in self.steps]
            self._check(f"added steps[{idx}]", data, names)
            step = self._served[data.get("task_type", data["name"])]
            self.steps.append(Planned(len(names), data["name"], step, data.get("needs", ()), data.get("inputs")))

    def depths(self) -> Mapping[str, int]:
        """Of each step: 0 without needs, else one more than its deepest need."""
        depth: dict[str, int] = {}
        for one in self.steps:
            depth[one.name] = max((depth[need] + 1 for need in one.needs), default=0)
        return depth

    def _check(self, what: str, data: PlanStep, names: Sequence[str]) -> None:
        name, task_type = data["name"], data.get("task_type", data["name"])
        unknown = [need for need in data.get("needs", ()) if need not in names]
        if NAME.fullmatch(name) is None or name in names:
            raise StepFailed("INVALID_STEPS", f'{what}: expected a new name of letters, digits, ".", "_" or "-", got {name!r:.60}')
        if unknown:
            raise StepFailed("INVALID_STEPS", f"{what}.needs: expected steps that the run has, got {unknown[0]!r:.60}")
        if task_type not in self._served:
            raise StepFailed("INVALID_STEPS", f"{what}: expected a step of the workflow, got {task_type!r:.60}; name it with wf.may_add")
        if len(names) == STEPS_MAX:
            raise StepFailed("INVALID_STEPS", f"{what}: expected at most {STEPS_MAX} steps a run")
