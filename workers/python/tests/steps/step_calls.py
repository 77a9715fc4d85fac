"""Calls steps as a worker does."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from cerebros import Step
from cerebros.steps.call import Handler
from cerebros.steps.serve_step import activity_of

WORKER = "4711@host"


def step_input(**changes: Any) -> dict[str, Any]:
    """An `ExternalStepInput`, with changes."""
    return {
        "protocol": 1,
        "execution_id": "run-1",
        "step_name": "it",
        "inputs": {"table": "orders"},
        "needs": {},
        "idempotency_key": "run-1/root/0.0/do/0",
        "resume": None,
        "undo": None,
        **changes,
    }


def environment(attempt: int = 1, heartbeat: timedelta | None = None) -> ActivityEnvironment:
    """Where an activity thinks it is on a worker."""
    made = ActivityEnvironment()
    made.info = dataclasses.replace(made.info, attempt=attempt, heartbeat_timeout=heartbeat)
    return made


def served(step: Step[..., Any] | Handler) -> Callable[[Any], Any]:
    """The activity of a step, or of its undo."""
    return activity_of(step if isinstance(step, Handler) else step.handler, WORKER)


def serve(step: Step[..., Any] | Handler, attempt: int = 1, **changes: Any) -> dict[str, Any]:
    """What a worker answers to a call; `changes` are to its input."""
    answer: dict[str, Any] = asyncio.run(environment(attempt).run(served(step), step_input(**changes)))
    return answer


def refused(step: Step[..., Any] | Handler, **changes: Any) -> ApplicationError:
    """The failure, which is not retried, that a worker gives in the place of an answer."""
    with pytest.raises(ApplicationError) as caught:
        serve(step, **changes)
    assert caught.value.non_retryable
    return caught.value


def slept(data: Any = None, slept_ms: int = 5) -> dict[str, Any]:
    """A sleep that is over, as `resume` tells it."""
    return {"kind": "sleep", "data": data, "slept_ms": slept_ms}


def decided(decision: str = "approved", **changes: Any) -> dict[str, Any]:
    """A decision, as `resume` tells it."""
    known = {"by": "ada", "comment": None, "decided_at": "2027-01-31T08:00:00.000Z", "decision_id": "d1", "timed_out": False}
    return {"kind": "approval", "decision": {"decision": decision, **known, **changes}}
