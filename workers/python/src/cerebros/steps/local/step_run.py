"""A step of a local run, over its suspensions, and its undo."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from temporalio.exceptions import ApplicationError

from cerebros.steps.failures import code_and_message
from cerebros.steps.local.asking import ApprovalRequest, decide, decision_of
from cerebros.steps.local.attempts import LOG, Policy, StepFailed, call_with_retries
from cerebros.steps.local.options import LocalOptions
from cerebros.steps.local.plan import Planned
from cerebros.steps.protocol import PROTOCOL, SUSPENSIONS_MAX, Approval, Resume, Sleep, Success
from cerebros.steps.strict_json import encode

_RETRIES = 3
_UNDO_RETRIES = 9
_TIMEOUT_MS = 5 * 60_000


@dataclass(frozen=True)
class Ended:
    """How a step ended: done, or nobody knows what it left behind; `error` is code and message."""

    status: Literal["done", "unknown"]
    output: Any = None
    error: tuple[str, str] | None = None


class StepRun:
    """One step of one run. `ended` is None while it runs."""

    def __init__(self, planned: Planned, given: Mapping[str, Any], options: LocalOptions) -> None:
        """`given` are its `inputs` and the outputs that the step `needs`."""
        self.name = planned.name
        self.ended: Ended | None = None
        self._step = planned.step
        self._idx = planned.idx
        self._given = given
        self._options = options
        self._resume: list[Resume] = []

    async def run(self) -> Success:
        """The step's output, and what steps it adds, as JSON gives them back. Raises `StepFailed`."""
        name, options = self.name, self._step.options
        retries = _RETRIES if options.max_retries is None else options.max_retries
        policy = Policy(retries, options.timeout_ms or _TIMEOUT_MS, self._options.time_scale)
        LOG.info("%s: running", name)
        for _ in range(SUSPENSIONS_MAX + 1):
            answer = await call_with_retries(self._step.handler, self._input("do", resume=self._resume or None), policy)
            if answer["status"] == "SUCCESS":
                LOG.info("%s: completed", name)
                copy: Success = json.loads(json.dumps(answer))
                return copy
            self._resume.append(await (self._sleep(answer) if answer["status"] == "SLEEP" else self._ask(answer)))
        raise StepFailed("MALFORMED_RESULT", f"step {name}: expected at most {SUSPENSIONS_MAX} suspensions, got one more")

    async def undo(self) -> None:
        """Takes the step back, if it says how. Raises `StepFailed`."""
        ended, handler = self.ended, self._step.undo_handler
        if handler is None or ended is None:
            return
        error = ended.error and {"code": ended.error[0], "message": ended.error[1]}
        known = {"output": ended.output} if ended.status == "done" else {"error": error}
        value = self._input("undo", undo={"step": self.name, "status": ended.status, **known})
        await call_with_retries(handler, value, Policy(_UNDO_RETRIES, _TIMEOUT_MS, self._options.time_scale))
        LOG.info("%s: undone", self.name)

    def _input(self, phase: str, **changes: Any) -> Mapping[str, Any]:
        """A copy of its own for each call, as a worker would get it. Raises `StepFailed` when it is too large for one."""
        id, name = self._options.execution_id, self.name
        value = {
            "protocol": PROTOCOL,
            "execution_id": id,
            "step_name": name,
            **self._given,
            "idempotency_key": f"{id}/local/{self._idx}.0/{phase}/0",
            "resume": None,
            "undo": None,
            **changes,
        }
        try:
            copy: Mapping[str, Any] = json.loads(encode(value, f"the input of step {name}"))
            return copy
        except ApplicationError as error:
            raise StepFailed(error.type or "ERROR", error.message) from error

    async def _sleep(self, asked: Sleep) -> Resume:
        LOG.info("%s: sleeping %g s", self.name, asked["duration_ms"] / 1000)
        since = time.monotonic()
        await asyncio.sleep(asked["duration_ms"] / 1000 * self._options.time_scale)
        slept_ms = max(asked["duration_ms"], round((time.monotonic() - since) * 1000))
        return {"kind": "sleep", "data": asked["data"], "slept_ms": slept_ms}

    async def _ask(self, asked: Approval) -> Resume:
        LOG.info("%s: waiting for approval: %s", self.name, asked["approval_type"])
        request = ApprovalRequest(
            self._options.execution_id,
            self.name,
            asked["approval_type"],
            asked["data"],
            asked["timeout_ms"],
            asked["on_timeout"],
            asked.get("approvers"),
        )
        try:
            verdict = await decide(self._options.on_approval, request, asked["timeout_ms"] / 1000)
        except Exception as error:
            raise StepFailed(*code_and_message(error)) from error
        if verdict is None and asked["on_timeout"] == "fail":
            raise StepFailed("APPROVAL_TIMEOUT", "nobody decided in time")
        decision_id = f"{self._options.execution_id}/local/{self._idx}/{len(self._resume) + 1}"
        return {"kind": "approval", "decision": decision_of(verdict, asked, decision_id)}
