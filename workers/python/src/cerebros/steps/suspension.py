"""`sleep` and `approval`: a step gives its place back to the worker, and is called again when the time has come.

On that call its function runs from the start, and the suspensions it had before return at once, so that what stands behind
`await sleep(…)` runs as written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, cast

from cerebros.steps.duration import Duration, to_ms
from cerebros.steps.failures import refusal
from cerebros.steps.protocol import SUSPENSION_MS_MAX, Approval, ApprovalRecord, Resume, Sleep, SleepRecord, TimeoutPolicy
from cerebros.steps.strict_json import encode

_NAME_CHARS_MAX = 200
_APPROVERS_MAX = 100


@dataclass(frozen=True)
class Slept:
    """A sleep that is over: the data it was given, and how long it was, which is less when somebody woke the step."""

    data: Any
    slept_ms: int


@dataclass(frozen=True)
class Decision:
    """What was decided, by whom (as asserted; None when nobody did in time), why, and when (ISO 8601)."""

    decision: Literal["approved", "rejected"]
    by: str | None
    comment: str | None
    decided_at: str
    timed_out: bool

    @property
    def approved(self) -> bool:
        """Whether it was approved, be it by a timeout that counts as that."""
        return self.decision == "approved"


def sleep(duration: Duration, data: Any = None) -> Coroutine[Any, Any, Slept]:
    """Lets the run sleep, up to ten years, while no worker is needed. Only inside a step, and awaited by the step itself.

    `duration` is a timedelta or whole milliseconds; `data` is JSON of at most 256 KiB, given back afterwards. What stands before it
    in the step runs again when the sleep is over.
    """
    return _sleep(_called("sleep"), duration, data)


async def _sleep(suspensions: Suspensions, duration: Duration, data: Any) -> Slept:
    suspensions.awaited += 1
    ms = _checked_ms(duration, "the duration of sleep()", 0)
    encode(data, f"the data of sleep() in step {suspensions.step_name}")
    record = cast(SleepRecord, suspensions.take({"status": "SLEEP", "duration_ms": ms, "data": data}))
    return Slept(record["data"], record["slept_ms"])


def approval(  # noqa: PLR0913 -- the fields of a request, each by its name
    approval_type: str,
    *,
    timeout: Duration,
    data: Any = None,
    on_timeout: TimeoutPolicy = "reject",
    approvers: Sequence[str] | None = None,
) -> Coroutine[Any, Any, Decision]:
    """Waits, up to ten years, until somebody decides. Only inside a step, and awaited by the step itself.

    `approval_type` says what is to be decided, for people and filters: 1 to 200 characters. `data` is JSON of at most 256 KiB for
    who decides. When nobody does within `timeout` (a timedelta or whole milliseconds), that counts as `on_timeout` says; `fail` fails the
    step with `APPROVAL_TIMEOUT`. `approvers` are the 1 to 100 names of those who may; by default everybody but who started the run.
    """
    asked = {"approval_type": approval_type, "timeout": timeout, "data": data, "on_timeout": on_timeout, "approvers": approvers}
    return _approval(_called("approval"), **asked)


async def _approval(  # noqa: PLR0913 -- as above
    suspensions: Suspensions,
    *,
    approval_type: Any,
    timeout: Any,
    data: Any,
    on_timeout: Any,
    approvers: Any,
) -> Decision:
    suspensions.awaited += 1
    encode(data, f"the data of approval() in step {suspensions.step_name}")
    request: Approval = {
        "status": "APPROVAL",
        "approval_type": _checked_name(approval_type, "the type of approval()"),
        "data": data,
        "timeout_ms": _checked_ms(timeout, "the timeout of approval()", 1),
        "on_timeout": on_timeout,
    }
    if on_timeout not in ("reject", "approve", "fail"):
        raise refusal("MALFORMED_RESULT", f"on_timeout of approval(): expected reject, approve or fail, got {on_timeout!r:.60}")
    if approvers is not None:
        request["approvers"] = _checked_approvers(approvers)
    decision = cast(ApprovalRecord, suspensions.take(request))["decision"]
    return Decision(decision["decision"], decision["by"], decision["comment"], decision["decided_at"], decision["timed_out"])


class Suspended(BaseException):
    """Ends a call of a step that sleeps or waits. No failure: it is not for catching, hence no `Exception`."""


class Suspensions:
    """Those of one call of a step: what it has been through, and what it asks for."""

    def __init__(self, step_name: str, resume: Sequence[Resume], *, allowed: bool) -> None:
        """`resume` is one entry for each suspension so far; `allowed` is false in an undo. To be made in the task of the step."""
        self.step_name = step_name
        self.asked: Sleep | Approval | None = None
        self.fault: Exception | None = None
        # How often sleep() and approval() were called, and how often that was awaited.
        self.called = 0
        self.awaited = 0
        self._resume = resume
        self._taken = 0
        self._allowed = allowed
        self._task = asyncio.current_task()

    def take(self, request: Sleep | Approval) -> Resume:
        """How this suspension ended; when it has not begun, leaves the step."""
        fault = self._misuse() or self._mismatch(request)
        if fault is not None:
            # Noted too, because the step may catch what is raised here.
            self.fault = self.fault or fault
            raise fault
        if self._taken < len(self._resume):
            self._taken += 1
            return self._resume[self._taken - 1]
        self.asked = request
        raise Suspended(f"step {self.step_name} suspends; this is no failure, let it pass")

    def swallowed(self) -> Exception | None:
        """A failure for a step that asked for a suspension and went on all the same."""
        if self.asked is None:
            return None
        cure = "catch Exception instead of BaseException, and return nothing in a finally"
        return refusal("ENGINE_MISUSE", f"step {self.step_name} went on after sleep() or approval(), which end the call: {cure}")

    def forgotten(self) -> Exception | None:
        """A failure for a step that called for a suspension and did not wait for it, which would be lost without a word."""
        if self.called == self.awaited:
            return None
        return refusal("ENGINE_MISUSE", f"step {self.step_name} called sleep() or approval() without waiting for it: write await before it")

    def _misuse(self) -> Exception | None:
        if not self._allowed:
            return refusal("ENGINE_MISUSE", f"the undo of step {self.step_name} called sleep() or approval(): an undo does not suspend")
        if _task() is not self._task:
            cure = "await them one after the other in the step itself, not in gather(), create_task(), wait_for() or a thread"
            return refusal("ENGINE_MISUSE", f"step {self.step_name} called sleep() or approval() beside itself: {cure}")
        return self.swallowed()

    def _mismatch(self, request: Sleep | Approval) -> Exception | None:
        if self._taken >= len(self._resume):
            return None
        asked, had = request["status"].lower(), self._resume[self._taken]["kind"]
        if asked == had:
            return None
        where = f"step {self.step_name}, suspension {self._taken + 1}"
        cure = "suspend in the same order in every call, and give a changed step another name or version"
        return refusal("RESUME_MISMATCH", f"{where}: asked for {_one(asked)}, and had {_one(had)} before: {cure}")


CURRENT: ContextVar[Suspensions] = ContextVar("cerebros_suspensions")
"""Those of the step that runs."""


def current(what: str) -> Suspensions:
    """The suspensions of the step that runs. Raises `RuntimeError` outside of one; `what` names the function that was called."""
    try:
        return CURRENT.get()
    except LookupError:
        hint = "run its workflow with run_local(), or on a worker"
        raise RuntimeError(f"{what}() was called outside of a step, where nobody can suspend it: {hint}") from None


def _called(what: str) -> Suspensions:
    suspensions = current(what)
    suspensions.called += 1
    return suspensions


def _task() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:  # a thread without a loop
        return None


def _checked_ms(value: Any, what: str, low: int) -> int:
    try:
        return to_ms(value, what, low, SUSPENSION_MS_MAX)
    except ValueError as error:
        raise refusal("MALFORMED_RESULT", str(error)) from None


def _checked_approvers(names: Any) -> list[str]:
    if isinstance(names, str) or not isinstance(names, Sequence) or not 1 <= len(names) <= _APPROVERS_MAX:
        raise refusal("MALFORMED_RESULT", f"approvers of approval(): expected a list of 1 to {_APPROVERS_MAX} names, got {names!r:.60}")
    return [_checked_name(name, "a name in the approvers of approval()") for name in names]


def _checked_name(value: Any, what: str) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= _NAME_CHARS_MAX:
        raise refusal("MALFORMED_RESULT", f"{what}: expected text of 1 to {_NAME_CHARS_MAX} characters, got {value!r:.60}")
    return value


def _one(kind: str) -> str:
    return "a sleep" if kind == "sleep" else "an approval"
