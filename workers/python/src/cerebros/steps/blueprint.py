"""A workflow as data: the JSON of `src/contracts/blueprint.ts`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from cerebros.steps.binding import unknown_parameters
from cerebros.steps.protocol import PlanStep
from cerebros.steps.step import Step
from cerebros.steps.timeline import Timeline

STEPS_MAX = 500

QUEUE = "cerebros-python"
"""Where steps run whose queue is not given."""

_DESCRIPTION_CHARS_MAX = 10_000


class _AnyBlueprint(TypedDict):
    name: str
    version: str
    steps: Sequence[PlanStep]


class Blueprint(_AnyBlueprint, total=False):
    """A workflow as data; each step stands behind those it needs."""

    description: str


class Graph:
    """The steps of a workflow, each behind those it needs, and otherwise in the order they were named in."""

    def __init__(self, name: str, timeline: Timeline, addable: Sequence[Step[..., Any]] = ()) -> None:
        """`name` is the workflow's, for messages; `addable` are steps that others may add. Raises `ValueError` when it is no graph."""
        self._name = name
        self._check_names(timeline.steps, addable)
        self.needs: Mapping[str, Sequence[str]] = {
            one.name: [earlier.name for later, earlier in timeline.needs if later is one] for one in timeline.steps
        }
        self.steps = self._in_order(timeline.steps)
        self._check_parameters()
        self.served: Mapping[str, Step[..., Any]] = {one.name: one for one in (*self.steps, *addable)}
        """All that a run may call, by the name of its activity."""

    def blueprint_steps(self) -> Sequence[PlanStep]:
        """The steps as data."""
        return [one.as_data(self.needs[one.name]) for one in self.steps]

    def _check_names(self, steps: Sequence[Step[..., Any]], addable: Sequence[Step[..., Any]]) -> None:
        names = [one.name for one in dict.fromkeys((*steps, *addable))]
        if not 1 <= len(steps) <= STEPS_MAX:
            raise ValueError(f"workflow {self._name}: expected 1 to {STEPS_MAX} steps, got {len(steps)}; give some to wf.timeline(a >> b)")
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"workflow {self._name}: expected a name of its own for each step, got two named {twice}; give one name=")

    def _in_order(self, steps: Sequence[Step[..., Any]]) -> Sequence[Step[..., Any]]:
        left = {one.name: one for one in steps}
        ordered: list[Step[..., Any]] = []
        while left:
            ready = next((one for one in left.values() if not any(need in left for need in self.needs[one.name])), None)
            if ready is None:
                cycle = " → ".join(self._cycle(left))
                raise ValueError(f"workflow {self._name}: expected an order, got the cycle {cycle} (each needs the next); take a >> out")
            ordered.append(left.pop(ready.name))
        return ordered

    def _cycle(self, stuck: Mapping[str, Any]) -> Sequence[str]:
        path = [next(iter(stuck))]
        while (following := next(need for need in self.needs[path[-1]] if need in stuck)) not in path:
            path.append(following)
        return [*path[path.index(following) :], following]

    def _check_parameters(self) -> None:
        for step in self.steps:
            needs = self.needs[step.name]
            for handler in filter(None, (step.handler, step.undo_handler)):
                missing = unknown_parameters(handler.parameters, needs)
                if missing:
                    expected = f"expected inputs, a Context, or one of the steps it needs ({', '.join(needs) or 'none'})"
                    raise ValueError(
                        f"workflow {self._name}: step {step.name}: parameter {missing[0]} of {handler.name}: {expected}; "
                        f"put {missing[0]} >> {step.name} on a timeline, or rename the parameter"
                    )


def description_of(text: str | None) -> str | None:
    """A docstring as a blueprint's description."""
    return None if text is None else text[:_DESCRIPTION_CHARS_MAX]


def plan_of(blueprint: Blueprint) -> Sequence[Mapping[str, Any]]:
    """The steps as the engine plans them: `blueprintPlan`."""
    return [{"queue": QUEUE, **one, "external": True} for one in blueprint["steps"]]
