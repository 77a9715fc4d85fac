"""A step as an activity of Temporal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timezone
from typing import Any

from temporalio import activity

from cerebros.steps.beat import Beat
from cerebros.steps.call import Handler, call


def activity_of(handler: Handler, worker_id: str) -> Callable[[Any], Awaitable[dict[str, Any]]]:
    """An activity that takes an `ExternalStepInput` and gives an `ExternalOutput`; `worker_id` is who it reports to be."""

    @activity.defn(name=handler.name)
    async def run(value: Any) -> dict[str, Any]:
        started_at = datetime.now(timezone.utc)
        info = activity.info()
        with Beat(info.heartbeat_timeout) as beat:
            answer = await call(handler, value, info.attempt, beat.report)
        return {**answer, "worker_id": worker_id, "attempt": info.attempt, "started_at": _iso(started_at)}

    return run


def _iso(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
