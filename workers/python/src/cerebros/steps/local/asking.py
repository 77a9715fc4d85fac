"""How a local run asks for a decision."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from cerebros.steps.failures import refusal
from cerebros.steps.protocol import Approval, DecisionRecord, TimeoutPolicy
from cerebros.steps.thread import run_in_thread


@dataclass(frozen=True)
class ApprovalRequest:
    """What a step asks people for."""

    execution_id: str
    step_name: str
    approval_type: str
    data: Any
    timeout_ms: int
    on_timeout: TimeoutPolicy
    approvers: Sequence[str] | None


@dataclass(frozen=True)
class Verdict:
    """What somebody answers to it."""

    approved: bool
    by: str | None = None
    comment: str | None = None


Ask = Callable[[ApprovalRequest], "Awaitable[Verdict | bool] | Verdict | bool"]
"""Answers a request; a plain function is run in a thread, so it may block. A bool is a verdict by nobody in particular."""


async def decide(ask: Ask, request: ApprovalRequest, limit_s: float) -> Verdict | None:
    """The verdict, or None when nobody gave one in time. What `ask` raises is the step's failure."""
    asking = asyncio.ensure_future(_answer(ask, request))
    try:
        await asyncio.wait({asking}, timeout=limit_s)
        return asking.result() if asking.done() else None
    finally:
        asking.cancel()


def decision_of(verdict: Verdict | None, asked: Approval, decision_id: str) -> DecisionRecord:
    """The verdict as the step is told of it; without one, what the timeout counts as."""
    counts = verdict or Verdict(asked["on_timeout"] == "approve")
    return {
        "decision": "approved" if counts.approved else "rejected",
        "by": counts.by,
        "comment": counts.comment,
        "decided_at": datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "decision_id": decision_id,
        "timed_out": verdict is None,
    }


async def _answer(ask: Ask, request: ApprovalRequest) -> Verdict:
    answer: Any = await run_in_thread(lambda: ask(request), _nothing) if not inspect.iscoroutinefunction(ask) else ask(request)
    given = await answer if inspect.isawaitable(answer) else answer
    if isinstance(given, bool):
        return Verdict(given)
    if not isinstance(given, Verdict):
        raise refusal("INVALID_INPUT", f"on_approval: expected it to return True, False or a Verdict, got {given!r:.60}")
    return given


def _nothing() -> None:
    return None
