"""A run of a workflow in this process: the rules of `src/workflows/saga/`, without their durability."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from temporalio.exceptions import ApplicationError

from cerebros.errors import UserError
from cerebros.steps.blueprint import Graph
from cerebros.steps.local.attempts import LOG, SETTLE_S, StepFailed
from cerebros.steps.local.options import LocalOptions
from cerebros.steps.local.step_run import Ended, StepRun
from cerebros.steps.local.undo import undo_layers
from cerebros.steps.run_failed import RunFailed, Stuck
from cerebros.steps.strict_json import encode


class LocalRun:
    """One run. Each step starts when those it needs are done; at the first failure the others are cancelled and all is undone."""

    def __init__(self, graph: Graph, inputs: Any, options: LocalOptions) -> None:
        """`inputs` are JSON. Raises `UserError` when they are not."""
        self._graph = graph
        self._options = options
        try:
            self._inputs = encode(inputs, "the input of the run")
        except ApplicationError as error:
            raise UserError(error.message) from error
        self._outputs: dict[str, Any] = {}
        self._started: list[StepRun] = []
        self._running: dict[asyncio.Task[Any], StepRun] = {}

    async def run(self) -> dict[str, Any]:
        """The outputs of the steps, by name. Raises `RunFailed`; when cancelled, undoes everything before it ends."""
        try:
            failure = await self._forward()
        except asyncio.CancelledError:
            LOG.warning("cancelled; undoing what was done")
            await self._unwind_to_the_end()
            raise
        if failure is None:
            return {step.name: self._outputs[step.name] for step in self._graph.steps}
        raise await self._failed(*failure)

    async def _forward(self) -> tuple[str, StepFailed] | None:
        """Runs the steps; answers the name of the one that failed, and why."""
        while len(self._outputs) < len(self._graph.steps):
            self._start_ready()
            done, _ = await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            failures = [failure for task in done if (failure := self._settle(task)) is not None]
            if failures:
                return failures[0]
        return self._too_large()

    def _start_ready(self) -> None:
        begun = {one.step.name for one in self._started}
        for idx, step in enumerate(self._graph.steps):
            needs = self._graph.needs[step.name]
            if step.name in begun or any(need not in self._outputs for need in needs):
                continue
            given = {"inputs": json.loads(self._inputs), "needs": {need: self._outputs[need] for need in needs}}
            run = StepRun(step, idx, given, self._options)
            self._started.append(run)
            self._running[asyncio.ensure_future(run.run())] = run

    def _settle(self, task: asyncio.Task[Any]) -> tuple[str, StepFailed] | None:
        run = self._running.pop(task)
        if task.cancelled():
            run.ended = Ended("unknown", error=("CANCELLED", "cancelled"))
            return None
        error = task.exception()
        if error is None:
            run.ended = Ended("done", output=task.result())
            self._outputs[run.step.name] = task.result()
            return None
        if not isinstance(error, StepFailed):
            raise error
        LOG.error("%s: failed (%s)", run.step.name, error)
        run.ended = Ended("unknown", error=(error.code, error.message))
        return run.step.name, error

    def _too_large(self) -> tuple[str, StepFailed] | None:
        try:
            encode(self._outputs, "the result of the run")
        except ApplicationError as error:
            return self._graph.steps[-1].name, StepFailed(error.type or "ERROR", error.message)
        return None

    async def _failed(self, step_name: str, why: StepFailed) -> RunFailed:
        stuck = await self._unwind_to_the_end()
        return RunFailed(
            execution_id=self._options.execution_id,
            status="failed" if stuck else "rolled_back",
            reason=f"step_failed:{step_name}",
            code=why.code,
            message=why.message,
            stuck=stuck,
        )

    async def _unwind_to_the_end(self) -> list[Stuck]:
        unwinding = asyncio.ensure_future(self._unwind())
        while not unwinding.done():
            try:
                await asyncio.wait({unwinding})
            except asyncio.CancelledError:
                LOG.warning("cancelled; the undoing goes on")
        return unwinding.result()

    async def _unwind(self) -> list[Stuck]:
        """Ends what runs, then takes back what was started. Answers what could not be."""
        for task in self._running:
            task.cancel()
        if self._running:
            done, _ = await asyncio.wait(self._running, timeout=SETTLE_S)
            for task in done:
                self._settle(task)
        unsettled = f"still running {SETTLE_S:g} s after it was cancelled"
        left = [Stuck(one.step.name, "DID_NOT_SETTLE", unsettled) for one in self._running.values()]
        return [*left, *await undo_layers([one for one in self._started if one.ended is not None], self._depths())]

    def _depths(self) -> Mapping[str, int]:
        depth: dict[str, int] = {}
        for step in self._graph.steps:
            depth[step.name] = max((depth[need] + 1 for need in self._graph.needs[step.name]), default=0)
        return depth
