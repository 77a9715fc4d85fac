"""Starts the workflow `blueprint` on Temporal, as `src/client/start.ts` does, and waits for its end."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import ApplicationError, CancelledError, TerminatedError, WorkflowAlreadyStartedError
from temporalio.service import RPCError

from cerebros.connect import connect
from cerebros.errors import UserError
from cerebros.settings import Settings
from cerebros.steps.blueprint import plan_of
from cerebros.steps.canonical import canonical_json
from cerebros.steps.run_failed import RunFailed, Stuck
from cerebros.steps.strict_json import encode

_WORKFLOW = "blueprint"
_KIND = "blueprint"
_QUEUE = "cerebros"
_ID = re.compile(r"[A-Za-z0-9._:-]{1,200}")
_PERSON = re.compile(r"(?! )[^\x00-\x1f\x7f-\x9f]{1,200}(?<! )")
"""As `checkPerson` has it: who decides is named so too, and is to be told from who asked."""
_KIND_ATTRIBUTE = SearchAttributeKey.for_keyword("CerebrosKind")
_STATUS_ATTRIBUTE = SearchAttributeKey.for_keyword("CerebrosStatus")


@dataclass(frozen=True)
class StartRequest:
    """What to start; `input` is that of the kind `blueprint`. Without an id the run gets one."""

    input: Mapping[str, Any]
    id: str | None
    requested_by: str | None


@dataclass(frozen=True)
class StartedRun:
    """The run that was started, or that had been with the same id and input."""

    execution_id: str
    run_id: str


Handle = WorkflowHandle[Any, Any]


async def start_run(settings: Settings, request: StartRequest) -> tuple[Handle, StartedRun]:
    """Starts a run, or finds the one that the same id and input started before. Raises `UserError`."""
    id = _checked_id(request.id)
    metadata = {} if request.requested_by is None else {"metadata": {"requested_by": _checked_person(request.requested_by)}}
    _check_input(request.input)
    client = await connect(settings)
    try:
        handle = await _start(client, id, [request.input, metadata])
        run_id = handle.first_execution_run_id or ""
    except WorkflowAlreadyStartedError as error:
        handle, run_id = client.get_workflow_handle(id), error.run_id or ""
        await _refuse_other(client, handle, request)
    except RPCError as error:
        raise UserError(f"Temporal refused to start {id}: {error.message}; is its namespace set up? (cerebros doctor)", 3) from error
    return handle, StartedRun(id, run_id)


async def wait_for(handle: Handle) -> dict[str, Any]:
    """The outputs of the run's steps, by name. Raises `RunFailed`."""
    try:
        outputs: dict[str, Any] = await handle.result()
        return outputs
    except WorkflowFailureError as error:
        raise _run_failed(handle.id, error.cause) from error


async def _start(client: Client, id: str, arguments: Sequence[Mapping[str, Any]]) -> Handle:
    blueprint = arguments[0]["blueprint"]
    plan = plan_of(blueprint)
    return await client.start_workflow(
        _WORKFLOW,
        args=arguments,
        id=id,
        task_queue=_QUEUE,
        memo={"cerebros": {"kind": _KIND, "plan": plan}},
        search_attributes=TypedSearchAttributes(
            [SearchAttributePair(_KIND_ATTRIBUTE, _KIND), SearchAttributePair(_STATUS_ATTRIBUTE, "running")]
        ),
        static_summary=f"blueprint: {blueprint['name']}@{blueprint['version']}, {len(plan)} steps"[:200],
        static_details=f"kind: {_KIND}, {len(plan)} steps",
        # As the other clients have it, so that a run is never lost under the id of another.
        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
    )


async def _refuse_other(client: Client, handle: Handle, request: StartRequest) -> None:
    """The first event of a run holds its input."""
    history = handle.fetch_history_events(page_size=1)
    started = (await history.__anext__()).workflow_execution_started_event_attributes
    arguments = await client.data_converter.decode(started.input.payloads)
    same = started.workflow_type.name == _WORKFLOW and canonical_json(arguments[0]) == canonical_json(request.input)
    if not same:
        raise UserError(f"id {handle.id}: expected one that is free, got that of a run with another input; give another id", 5)


def _run_failed(id: str, cause: BaseException | None) -> RunFailed:
    if isinstance(cause, ApplicationError) and cause.details:
        return _closed(id, cause.details[0])
    if isinstance(cause, CancelledError):
        status = "cancelled" if cause.message.startswith("cancelled") else "rolled_back"
        return RunFailed(execution_id=id, status=status, reason="cancelled", code="CANCELLED", message=cause.message)
    if isinstance(cause, ApplicationError):
        return RunFailed(execution_id=id, status="failed", reason="failed", code=cause.type or "ERROR", message=cause.message)
    reason = "terminated" if isinstance(cause, TerminatedError) else "timeout"
    return RunFailed(execution_id=id, status="failed", reason=reason, code=reason.upper(), message=str(cause))


def _closed(id: str, close: Mapping[str, Any]) -> RunFailed:
    """Of a `SagaClose`."""
    error = close["error"]
    failed = close.get("failed_step") or error
    return RunFailed(
        execution_id=id,
        status=close["status"],
        reason=error["reason"],
        code=failed.get("code", "ERROR"),
        message=failed.get("message", ""),
        stuck=[Stuck(one["step_name"], one["code"], one["message"]) for one in error.get("stuck", ())],
    )


def _check_input(value: Any) -> None:
    try:
        encode(value, "the input of the run")
    except ApplicationError as error:
        raise UserError(error.message) from error


def _checked_id(id: str | None) -> str:
    own = f"{_KIND}-{secrets.token_hex(4)}" if id is None else id
    if _ID.fullmatch(own) is None:
        raise UserError(f'id: expected letters, digits, ".", "_", ":" or "-", 1 to 200 of them, got {own!r:.60}; give another')
    return own


def _checked_person(name: str) -> str:
    if _PERSON.fullmatch(name) is None:
        expected = "expected a name of one line, 1 to 200 characters, without spaces around it"
        raise UserError(f"requested_by: {expected}, got {name!r:.60}; give another")
    return name
