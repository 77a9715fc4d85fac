"""The attempts at one call of a step, as Temporal makes them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from temporalio.exceptions import ApplicationError

from cerebros.steps.call import Handler, call
from cerebros.steps.context import Progress
from cerebros.steps.failures import code_and_message
from cerebros.steps.protocol import Answer

LOG = logging.getLogger("cerebros.local")

SETTLE_S = 60.0
"""How long what was cancelled may take to end."""

_GRACE_S = 5.0
_BACKOFF_S_MAX = 60.0


class StepFailed(Exception):
    """The last attempt failed; `code` and `message` as the engine has them."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Policy:
    """How often and how long a call is tried; `time_scale` stretches the waits between."""

    max_retries: int
    timeout_ms: int
    time_scale: float


async def call_with_retries(handler: Handler, value: Mapping[str, Any], policy: Policy) -> Answer:
    """The answer of the first attempt that gives one. Raises `StepFailed`. Retries after 1 s, 2 s, 4 s … up to a minute."""
    for attempt in range(1, policy.max_retries + 2):
        try:
            return await _attempt(handler, value, attempt, policy.timeout_ms)
        except _AttemptFailed as failed:
            if failed.final or attempt > policy.max_retries:
                raise StepFailed(failed.code, failed.message) from failed.__cause__
            backoff_s = min(2.0 ** (attempt - 1), _BACKOFF_S_MAX) * policy.time_scale
            LOG.warning("%s: attempt %d failed (%s: %s); again in %g s", handler.name, attempt, failed.code, failed.message, backoff_s)
        await asyncio.sleep(backoff_s)
    raise AssertionError("unreachable: the last attempt returns or raises")


class _AttemptFailed(Exception):
    def __init__(self, code: str, message: str, *, final: bool) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.final = final


async def _attempt(handler: Handler, value: Mapping[str, Any], attempt: int, timeout_ms: int) -> Answer:
    def report(progress: Progress) -> None:
        LOG.info("%s: %g of %g %s", handler.name, progress["done"], progress["total"], progress.get("note", ""))

    calling = asyncio.ensure_future(call(handler, value, attempt, report))
    try:
        await asyncio.wait({calling}, timeout=timeout_ms / 1000)
    except asyncio.CancelledError:
        await _end(calling, SETTLE_S)
        # One that finished all the same is done, and is undone as that.
        if not calling.done() or calling.cancelled() or calling.exception() is not None:
            raise
    if not calling.done():
        await _end(calling, _GRACE_S)
        raise _AttemptFailed("TIMEOUT", "StartToClose timeout", final=False)
    return _answer_of(calling)


def _answer_of(calling: asyncio.Future[Answer]) -> Answer:
    if calling.cancelled():
        raise _AttemptFailed("CancelledError", "the step cancelled itself", final=False)
    error = calling.exception()
    if error is None:
        return calling.result()
    code, message = code_and_message(error)
    final = isinstance(error, ApplicationError) and error.non_retryable
    raise _AttemptFailed(code, message, final=final) from error


async def _end(calling: asyncio.Future[Any], limit_s: float) -> None:
    calling.cancel()
    await asyncio.wait({calling}, timeout=limit_s)
