"""One call of a step's function, for a worker and for a local run alike."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cerebros.steps.binding import Parameter, bind
from cerebros.steps.context import Context, Progress
from cerebros.steps.failures import refusal, reportable
from cerebros.steps.further import Further
from cerebros.steps.protocol import Answer, StepInput, parse_step_input
from cerebros.steps.strict_json import encode
from cerebros.steps.suspension import CURRENT, Suspended, Suspensions
from cerebros.steps.thread import run_in_thread


@dataclass(frozen=True)
class Handler:
    """A function that runs, or takes back, a step; `name` is that of its activity."""

    name: str
    function: Callable[..., Any]
    parameters: Sequence[Parameter]
    undoes: bool = False


async def call(handler: Handler, value: Any, attempt: int, report: Callable[[Progress], None]) -> Answer:
    """Calls the function with an `ExternalStepInput`, and answers what became of it.

    `attempt` counts from 1; `report` gets the step's progress, from any thread. Raises what the function raises, and non-retryable
    `ApplicationError`s for what is wrong with its input, its result, or its use of `sleep` and `approval`.
    """
    given = parse_step_input(value)
    if handler.undoes and given.undo is None:
        raise refusal("INVALID_INPUT", f"{handler.name} takes a step back: expected input.undo, got nothing; name it as the undo of a step")
    suspensions = Suspensions(given.step_name, given.resume, allowed=not handler.undoes)
    token = CURRENT.set(suspensions)
    try:
        result = await _run(handler, given, attempt, report)
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise
    except BaseException as error:
        if suspensions.fault is None and suspensions.asked is not None and _is_suspended(error):
            return suspensions.asked
        failure = suspensions.fault or reportable(error)
        if failure is error:
            raise
        raise failure from None
    finally:
        CURRENT.reset(token)
    return _success(handler, result, suspensions)


def _success(handler: Handler, result: Any, suspensions: Suspensions) -> Answer:
    fault = suspensions.fault or suspensions.swallowed() or suspensions.forgotten()
    if fault is not None:
        raise fault
    if handler.undoes:
        return {"status": "SUCCESS", "result": None}
    if not isinstance(result, Further):
        encode(result, f"the result of step {suspensions.step_name}")
        return {"status": "SUCCESS", "result": result}
    encode(result.result, f"the result of step {suspensions.step_name}")
    steps = result.checked(suspensions.step_name)
    encode(steps, f"what step {suspensions.step_name} adds")
    return {"status": "SUCCESS", "result": result.result, "steps": steps}


def _is_suspended(error: BaseException) -> bool:
    """A task group around a suspension wraps it."""
    inner: Sequence[BaseException] = getattr(error, "exceptions", ())
    return isinstance(error, Suspended) or (len(inner) > 0 and all(map(_is_suspended, inner)))


async def _run(handler: Handler, given: StepInput, attempt: int, report: Callable[[Progress], None]) -> Any:
    if inspect.iscoroutinefunction(handler.function):
        return await handler.function(**_arguments(handler, given, attempt, report))
    cancelled = threading.Event()

    def report_unless_cancelled(progress: Progress) -> None:
        if cancelled.is_set():
            raise asyncio.CancelledError(f"step {given.step_name} was cancelled")
        report(progress)

    arguments = _arguments(handler, given, attempt, report_unless_cancelled)
    return await run_in_thread(lambda: handler.function(**arguments), cancelled.set)


def _arguments(handler: Handler, given: StepInput, attempt: int, report: Callable[[Progress], None]) -> dict[str, Any]:
    context = Context(given.execution_id, given.step_name, attempt, given.idempotency_key, given.resume, report)
    return bind(handler.parameters, given, context)
