"""A run of a workflow in this process: the rules of `src/workflows/saga/`, without their durability."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from temporalio.exceptions import ApplicationError

from cerebros.errors import UserError
from cerebros.steps.blueprint import Graph
from cerebros.steps.local.attempts import LOG, SETTLE_S, StepFailed
from cerebros.steps.local.options import LocalOptions
from cerebros.steps.local.plan import Plan
from cerebros.steps.local.step_run import Ended, StepRun
from cerebros.steps.local.undo import undo_layers
from cerebros.steps.protocol import Success
from cerebros.steps.run_failed import RunFailed, Stuck
from cerebros.steps.strict_json import encode


class LocalRun:
    """One run. Each step starts when those it needs are done; at the first failure the others are cancelled and all is undone."""

    def __init__(self, graph: Graph, inputs: Any, options: LocalOptions) -> None:
        """`inputs` are JSON. Raises `UserError` when they are not."""
        self._plan = Plan(graph)
        self._options = options
        try:
            self._inputs = encode(inputs, "the input of the run")
        except ApplicationError as error:
            raise UserError(error.message) from error
        self._outputs: dict[str, Any] = {}
        self._started: list[StepRun] = []
        self._running: dict[asyncio.Task[Success], StepRun] = {}

    async def run(self) -> dict[str, Any]:
        """The outputs of the steps, by name. Raises `RunFailed`; when cancelled, undoes everything before it ends."""
        try:
            failure = await self._forward()
        except asyncio.CancelledError:
            LOG.warning("cancelled; undoing what was done")
            await self._unwind_to_the_end()
            raise
        if failure is None:
            return {one.name: self._outputs[one.name] for one in self._plan.steps}
        raise await self._failed(*failure)

    async def _forward(self) -> tuple[str, StepFailed] | None:
        """Runs the steps; answers the name of the one that failed, and why."""
        while len(self._outputs) < len(self._plan.steps):
            self._start_ready()
            done, _ = await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            failures = [failure for task in done if (failure := self._settle(task)) is not None]
            if failures:
                return failures[0]
        return self._too_large()

    def _start_ready(self) -> None:
        begun = {one.name for one in self._started}
        for planned in self._plan.steps:
            if planned.name in begun or any(need not in self._outputs for need in planned.needs):
                continue
            inputs = json.loads(self._inputs) if planned.inputs is None else planned.inputs
            run = StepRun(planned, {"inputs": inputs, "needs": {need: self._outputs[need] for need in planned.needs}}, self._options)
            self._started.append(run)
            self._running[asyncio.ensure_future(run.run())] = run

    def _settle(self, task: asyncio.Task[Success]) -> tuple[str, StepFailed] | None:
        run = self._running.pop(task)
        if task.cancelled():
            run.ended = Ended("unknown", error=("UNKNOWN", "the step was cancelled when the run ended"))
            return None
        try:
            answer = task.result()
            self._plan.add(answer.get("steps", ()))
        except StepFailed as failed:
            LOG.error("%s: failed (%s)", run.name, failed)
            run.ended = Ended("unknown", error=(failed.code, failed.message))
            return run.name, failed
        run.ended = Ended("done", output=answer["result"])
        self._outputs[run.name] = answer["result"]
        return None

    def _too_large(self) -> tuple[str, StepFailed] | None:
        try:
            encode(self._outputs, "the result of the run")
        except ApplicationError as error:
            return self._plan.steps[-1].name, StepFailed(error.type or "ERROR", error.message)
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
        left = [Stuck(one.name, "DID_NOT_SETTLE", unsettled) for one in self._running.values()]
        return [*left, *await undo_layers([one for one in self._started if one.ended is not None], self._plan.depths())]
