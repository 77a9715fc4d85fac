"""The worker process: `python -m cerebros.worker`, or `cerebros-python-worker`."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio.worker import Worker

from cerebros.connect import connect
from cerebros.errors import UserError
from cerebros.settings import Flags, Settings, load_settings

TASK_QUEUE = "cerebros-python"
"""The queue of our own Python workers."""

_GRACE_S = 5.0
"""How long running activities may take to end at a shutdown, before they are cancelled."""
_CANCEL_S = 10.0
"""How long they may take after that, before the process leaves without them."""
_POLL_S = 0.05
_BEAT_THROTTLE = timedelta(seconds=2)


@dataclass(frozen=True)
class _Job:
    settings: Settings
    task_queue: str
    slots: int


def main(arguments: Sequence[str] | None = None) -> None:
    """Serves until SIGINT or SIGTERM. Exits with 0 after that, 2 for wrong use, 3 when Temporal does not answer."""
    options = _parser().parse_args(arguments)
    flags = Flags(options.address, options.namespace, options.artifacts)
    try:
        job = _Job(load_settings(flags, os.environ), options.task_queue, options.slots)
        asyncio.run(_serve(job, _activities(job)))
    except UserError as error:
        print(f"cerebros-python-worker: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


async def _serve(job: _Job, activities: Sequence[Callable[..., Any]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    loop.set_default_executor(ThreadPoolExecutor(job.slots, thread_name_prefix="training"))
    client = await connect(job.settings)
    worker = Worker(
        client,
        task_queue=job.task_queue,
        activities=activities,
        max_concurrent_activities=job.slots,
        graceful_shutdown_timeout=timedelta(seconds=_GRACE_S),
        max_heartbeat_throttle_interval=_BEAT_THROTTLE,
        default_heartbeat_throttle_interval=_BEAT_THROTTLE,
    )
    running = asyncio.create_task(worker.run())
    ready = asyncio.create_task(_say_when_polling(worker, job))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    ready.cancel()
    stopping.cancel()
    await _end(worker, running)


async def _end(worker: Worker, running: asyncio.Task[None]) -> None:
    """Takes no new tasks, lets running ones finish, then cancels them, then leaves. Raises `UserError` when the worker had failed."""
    if not running.done():
        shutdown = asyncio.create_task(worker.shutdown())
        await asyncio.wait({running, shutdown}, timeout=_GRACE_S + _CANCEL_S, return_when=asyncio.ALL_COMPLETED)
    if not running.done():
        print(
            f"cerebros-python-worker: an activity did not end within {_GRACE_S + _CANCEL_S:g} s; leaving it",
            file=sys.stderr,
        )
        # A thread cannot be ended from outside, and the interpreter would wait for it.
        os._exit(1)
    try:
        running.result()
    except RuntimeError as error:
        raise UserError(f"the worker cannot go on: {error}", 3) from error


async def _say_when_polling(worker: Worker, job: _Job) -> None:
    """Prints one line once the server has accepted connection and namespace, from when on the worker polls."""
    # Not once the server lists its poll: one that takes a task at once, with its only slot, is not listed.
    while not worker.is_running:
        await asyncio.sleep(_POLL_S)
    address, slots = job.settings.temporal["target_host"], f"{job.slots} slot{'' if job.slots == 1 else 's'}"
    where = f"{address} ({slots}, artifacts in {job.settings.artifacts})"
    print(f"worker polls {job.task_queue} at {where}; Ctrl-C stops it", flush=True)


def _activities(job: _Job) -> Sequence[Callable[..., Any]]:
    try:
        from cerebros.artifacts import ArtifactStore  # noqa: PLC0415 -- the extra may be missing
        from cerebros.nas.activity import TrainRung  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise UserError(f"{error}: install the package with what it trains with, as cerebros[nas].") from error
    return [TrainRung(ArtifactStore(job.settings.artifacts)).train_rung]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("cerebros-python-worker", description="Trains the trials of architecture searches with scikit-learn.")
    parser.add_argument("--address", help="Temporal's host:port (default: TEMPORAL_ADDRESS, the running stack, Temporal's profile)")
    parser.add_argument("--namespace", help="namespace (default: TEMPORAL_NAMESPACE, or default)")
    parser.add_argument("--task-queue", default=TASK_QUEUE, help="queue to serve (default: %(default)s)")
    parser.add_argument(
        "--artifacts",
        metavar="DIR",
        help="artifact store (default: CEREBROS_ARTIFACTS_DIR, or artifacts in the data dir)",
    )
    parser.add_argument(
        "--slots",
        type=_slots,
        default=os.cpu_count() or 1,
        metavar="N",
        help="trainings at a time, 1 to 64 (default: one a core)",
    )
    return parser


def _slots(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 to 64, got {text!r}")
    return int(text)


if __name__ == "__main__":
    main()
