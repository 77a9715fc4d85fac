"""The worker that serves steps."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from temporalio import worker as temporal
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from cerebros.connect import connect, own_identity
from cerebros.errors import UserError
from cerebros.settings import Flags, load_settings
from cerebros.steps.blueprint import QUEUE
from cerebros.steps.call import Handler
from cerebros.steps.duration import Duration, to_ms
from cerebros.steps.serve_step import activity_of
from cerebros.steps.step import Step

_CANCEL_S = 10.0
"""How long steps may take to end once they are cancelled, before the process leaves without them."""
_READY_S = 20.0
_POLL_S = 0.05
_SLOTS_MAX = 1000
_GRACE_MS_MAX = 24 * 60 * 60_000
_BEAT_THROTTLE = timedelta(milliseconds=100)
"""Ours are sparse already: `Beat`."""


class _LeftBehind(UserError):
    """A step that does not end when it is cancelled."""


class Worker:
    """A process that serves steps, and their undos, on one queue. Workers of one queue are to serve the same steps."""

    def __init__(  # noqa: PLR0913 -- independent settings, each by its name
        self,
        steps: Iterable[Step[..., Any]],
        *,
        queue: str = QUEUE,
        slots: int = 100,
        grace: Duration = timedelta(seconds=5),
        address: str | None = None,
        namespace: str | None = None,
    ) -> None:
        """`slots`: steps at a time, 1 to 1000. `grace`: how long running ones may take to end at a shutdown, before they are cancelled.

        Temporal is found by TEMPORAL_ADDRESS, the running stack, or Temporal's profile, unless `address` (host:port) and `namespace` say
        where. Raises `ValueError` or `TypeError` when something does not fit.
        """
        self._handlers = _handlers(steps, queue)
        self._queue = queue
        if isinstance(slots, bool) or not isinstance(slots, int) or not 1 <= slots <= _SLOTS_MAX:
            raise ValueError(f"slots: expected a whole number from 1 to {_SLOTS_MAX}, got {slots!r:.60}")
        self._slots = slots
        self._grace_s = to_ms(grace, "grace", 0, _GRACE_MS_MAX) / 1000
        self._flags = Flags(address, namespace)

    def run(self) -> None:
        """Serves until SIGINT or SIGTERM, as a process of its own does. Exits with 2 for wrong settings, 3 without Temporal."""
        try:
            asyncio.run(self._until_signal())
        except UserError as error:
            print(f"cerebros worker: {error}", file=sys.stderr)
            sys.exit(error.exit_code)

    async def serve(self, stop: asyncio.Event) -> None:
        """Serves until `stop` is set; then takes nothing new, gives what runs its time, cancels it, and ends. Raises `UserError`."""
        client = await connect(load_settings(self._flags, os.environ))
        worker = self._worker(client)
        running = asyncio.create_task(worker.run())
        ready = asyncio.create_task(self._say_when_polling(client))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
            stopping.cancel()
            await self._end(worker, running)

    async def _until_signal(self) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        try:
            await self.serve(stop)
        except _LeftBehind as left:
            print(f"cerebros worker: {left}", file=sys.stderr)
            # What does not end when it is cancelled would keep the loop, and with it the process.
            os._exit(left.exit_code)

    def _worker(self, client: Client) -> temporal.Worker:
        return temporal.Worker(
            client,
            task_queue=self._queue,
            activities=[activity_of(one, own_identity()) for one in self._handlers.values()],
            max_concurrent_activities=self._slots,
            graceful_shutdown_timeout=timedelta(seconds=self._grace_s),
            max_heartbeat_throttle_interval=_BEAT_THROTTLE,
            default_heartbeat_throttle_interval=_BEAT_THROTTLE,
        )

    async def _end(self, worker: temporal.Worker, running: asyncio.Task[None]) -> None:
        limit_s = self._grace_s + _CANCEL_S
        if not running.done():
            shutdown = asyncio.create_task(worker.shutdown())
            await asyncio.wait({running, shutdown}, timeout=limit_s, return_when=asyncio.ALL_COMPLETED)
        if not running.done():
            raise _LeftBehind(f"a step did not end within {limit_s:g} s of the signal; leaving it", 1)
        try:
            running.result()
        except RuntimeError as error:
            raise UserError(f"the worker cannot go on: {error}", 3) from error

    async def _say_when_polling(self, client: Client) -> None:
        """Prints one line once Temporal itself sees this worker poll."""
        address = client.service_client.config.target_host
        for _ in range(int(_READY_S / _POLL_S)):
            if await self._polls(client):
                print(f"worker polls {self._queue} at {address} ({', '.join(self._handlers)}); Ctrl-C stops it", flush=True)
                return
            await asyncio.sleep(_POLL_S)
        print(f"queue {self._queue}: expected to poll it within {_READY_S:g} s, Temporal at {address} sees no poll", file=sys.stderr)

    async def _polls(self, client: Client) -> bool:
        request = DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=self._queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        )
        try:
            answer = await client.workflow_service.describe_task_queue(request)
        except RPCError:
            return False
        return any(poller.identity == client.identity for poller in answer.pollers)


def _handlers(steps: Iterable[Step[..., Any]], queue: str) -> Mapping[str, Handler]:
    """What is served, by the name of its activity."""
    served: dict[str, Handler] = {}
    for step in steps:
        if not isinstance(step, Step):
            raise TypeError(f"worker: expected steps, got {step!r:.80}; write @step above it, or give the steps of a workflow")
        if step.options.queue not in (None, queue):
            raise ValueError(f"worker of queue {queue}: expected steps that run there, got {step.name}, of queue {step.options.queue}")
        for handler in filter(None, (step.handler, step.undo_handler)):
            if served.setdefault(handler.name, handler).function is not handler.function:
                raise ValueError(f"worker: expected one function for {handler.name}, got two; give one another name, or its own worker")
    if not served:
        raise ValueError("worker: expected steps, got none; give it those of a workflow, as report.steps")
    return served
