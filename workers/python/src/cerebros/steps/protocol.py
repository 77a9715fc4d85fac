"""What a step is given and answers: `src/contracts/step-protocol.ts` in Python. Names on the wire equal those there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from cerebros.steps.failures import refusal

PROTOCOL = 1

SUSPENSION_MS_MAX = 10 * 365 * 24 * 60 * 60_000
"""Longest sleep and longest wait for a decision: ten years."""

SUSPENSIONS_MAX = 1000
"""More suspensions than this one step does not have."""

TimeoutPolicy = Literal["reject", "approve", "fail"]
"""What counts when nobody decides in time; `fail` fails the step with `APPROVAL_TIMEOUT`."""


class DecisionRecord(TypedDict):
    """What was decided; `by` is null when nobody did in time."""

    decision: Literal["approved", "rejected"]
    by: str | None
    comment: str | None
    decided_at: str
    decision_id: str
    timed_out: bool


class SleepRecord(TypedDict):
    """A sleep that is over."""

    kind: Literal["sleep"]
    data: Any
    slept_ms: int


class ApprovalRecord(TypedDict):
    """An approval that was decided."""

    kind: Literal["approval"]
    decision: DecisionRecord


Resume = SleepRecord | ApprovalRecord
"""How a suspension ended."""


class UndoSpec(TypedDict):
    """The activity that takes a step back."""

    task_type: str


class _AnyStep(TypedDict):
    name: str


class PlanStep(_AnyStep, total=False):
    """A step as data; what is left out is as the engine has it by default."""

    task_type: str
    queue: str
    needs: Sequence[str]
    inputs: Any
    max_retries: int
    timeout_ms: int
    heartbeat_ms: int
    schedule_to_start_ms: int
    estimated_duration_s: float
    undo: UndoSpec


class _AnySuccess(TypedDict):
    status: Literal["SUCCESS"]
    result: Any


class Success(_AnySuccess, total=False):
    """The step is done; `steps` join the plan."""

    steps: Sequence[PlanStep]


class Sleep(TypedDict):
    """The step is to be called again, with `resume`, after this long."""

    status: Literal["SLEEP"]
    duration_ms: int
    data: Any


class _AnyApproval(TypedDict):
    status: Literal["APPROVAL"]
    approval_type: str
    data: Any
    timeout_ms: int
    on_timeout: TimeoutPolicy


class Approval(_AnyApproval, total=False):
    """The step is to be called again, with the decision, once somebody has decided."""

    approvers: list[str]


Answer = Success | Sleep | Approval
"""What a step answers, without the report of who ran it."""


@dataclass(frozen=True)
class StepError:
    """Why a step failed: the code of the engine, or the name of the exception."""

    code: str
    message: str


@dataclass(frozen=True)
class Undo:
    """The step that an undo takes back. It must accept that nothing happened: `unknown` says that nobody knows whether it did.

    `output` is the step's when it is `done`; `error` tells why it is `unknown`.
    """

    step: str
    status: Literal["done", "unknown"]
    output: Any = None
    error: StepError | None = None


@dataclass(frozen=True)
class StepInput:
    """One call of a step."""

    execution_id: str
    step_name: str
    inputs: Any
    needs: Mapping[str, Any]
    idempotency_key: str
    resume: Sequence[Resume]
    undo: Undo | None


def parse_step_input(value: Any) -> StepInput:
    """Reads an input as it came through Temporal. Raises a non-retryable `INVALID_INPUT`, naming the field."""
    fields = _object(value, "input")
    if fields.get("protocol") != PROTOCOL:
        raise refusal("INVALID_INPUT", f"input.protocol: expected {PROTOCOL}, which this worker speaks, got {fields.get('protocol')!r:.60}")
    return StepInput(
        execution_id=_text(fields, "execution_id"),
        step_name=_text(fields, "step_name"),
        inputs=fields.get("inputs"),
        needs=_object(fields.get("needs"), "input.needs"),
        idempotency_key=_text(fields, "idempotency_key"),
        resume=_parse_resume(fields.get("resume")),
        undo=_parse_undo(fields.get("undo")),
    )


def _parse_resume(value: Any) -> Sequence[Resume]:
    if value is None:
        return ()
    entries = value if isinstance(value, list) else []
    if not entries or not all(isinstance(one, Mapping) and one.get("kind") in ("sleep", "approval") for one in entries):
        raise refusal("INVALID_INPUT", f"input.resume: expected null or a list of sleeps and approvals, got {value!r:.60}")
    return tuple(entries)


def _parse_undo(value: Any) -> Undo | None:
    if value is None:
        return None
    fields = _object(value, "input.undo")
    status = fields.get("status")
    if status not in ("done", "unknown"):
        raise refusal("INVALID_INPUT", f"input.undo.status: expected done or unknown, got {status!r:.60}")
    error = fields.get("error")
    known = None if error is None else StepError(_text(error, "code"), str(error.get("message", "")))
    return Undo(_text(fields, "step"), status, fields.get("output"), known)


def _object(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise refusal("INVALID_INPUT", f"{path}: expected an object, got {value!r:.60}")
    return value


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or value == "":
        raise refusal("INVALID_INPUT", f"input.{name}: expected text, got {value!r:.60}")
    return value
