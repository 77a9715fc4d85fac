"""A worker process on a real server, and a workflow that calls it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy

ADDRESS = os.environ.get("CEREBROS_TEST_ADDRESS", "")
"""Of a Temporal server for tests; without one, the tests that need it are not collected."""

WAIT_S = 60
"""Longest wait for anything."""


@workflow.defn(name="train")
class Train:
    """Calls `trainRung` once, as a search does, but lets Temporal retry it."""

    @workflow.run
    async def run(self, queue: str, value: Any) -> Any:
        return await workflow.execute_activity(
            "trainRung",
            value,
            task_queue=queue,
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=timedelta(seconds=3),
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_attempts=5),
        )


class WorkerProcess:
    """A worker that polls."""

    def __init__(self, process: asyncio.subprocess.Process, said: str) -> None:
        self.process = process
        self.said = said

    async def end(self, how: signal.Signals) -> int:
        """Sends a signal and waits for the end; the exit code."""
        self.process.send_signal(how)
        return await asyncio.wait_for(self.process.wait(), WAIT_S)


@asynccontextmanager
async def worker_process(queue: str, artifacts: Path, log: Path) -> AsyncIterator[WorkerProcess]:
    """Starts a worker, waits until it polls, and makes sure that it is gone afterwards; `log` gets what it writes to stderr."""
    command = ["-m", "cerebros.worker", "--address", ADDRESS, "--task-queue", queue, "--artifacts", str(artifacts), "--slots", "1"]
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE, stderr=errors)
    assert process.stdout is not None
    try:
        said = await asyncio.wait_for(process.stdout.readline(), WAIT_S)
        yield WorkerProcess(process, said.decode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
