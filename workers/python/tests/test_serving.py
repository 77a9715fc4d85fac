"""The worker on a real server: it polls, serves, and leaves its work to another when it stops."""

from __future__ import annotations

import asyncio
import json
import signal
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import World
from serving import ADDRESS, WAIT_S, Train, worker_process
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from cerebros.nas.contract import Checkpoint

# An epoch takes some tenths of a second; nobody waits for the last.
SLOW: dict[str, Any] = {"params": {"depth": 4, "width": 384, "batch_size": 8}, "to_epoch": 1000}


@asynccontextmanager
async def caller(queue: str) -> AsyncIterator[Callable[[Any], Any]]:
    """Serves the workflow, and starts it with an input."""
    client = await Client.connect(ADDRESS)
    async with Worker(client, task_queue=f"{queue}-wf", workflows=[Train], workflow_runner=UnsandboxedWorkflowRunner()):

        async def start(value: Any) -> WorkflowHandle[Any, Any]:
            return await client.start_workflow("train", args=[queue, value], id=f"{queue}-{uuid.uuid4()}", task_queue=f"{queue}-wf")

        yield start


def test_polls_serves_and_ends_with_0(world: World, tmp_path: Path) -> None:
    async def run() -> dict[str, Any]:
        queue = f"python-{uuid.uuid4()}"
        async with caller(queue) as start, worker_process(queue, world.store.folder, tmp_path / "log") as worker:
            assert worker.said == f"worker polls {queue} at {ADDRESS} (1 slot, artifacts in {world.store.folder}); Ctrl-C stops it\n"
            result: dict[str, Any] = await asyncio.wait_for((await start(world.input())).result(), WAIT_S)
            with pytest.raises(WorkflowFailureError) as failed:
                await asyncio.wait_for((await start(world.input(params={"op": "conv"}))).result(), WAIT_S)
            activity = failed.value.cause
            assert isinstance(activity, ActivityError)
            assert isinstance(activity.cause, ApplicationError)
            assert (activity.cause.type, activity.cause.non_retryable) == ("SPEC_INVALID", True)
            assert await worker.end(signal.SIGINT) == 0
            return result

    served = asyncio.run(run())
    assert (tmp_path / "log").read_text() == "", "a configuration that cannot be trained is no news for the log"
    assert served == world.train(world.input()), "called here, it answers with what that worker has left"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_another_worker_goes_on_where_one_was(how: signal.Signals, scratch: Callable[[], World], tmp_path: Path) -> None:
    world, whole = scratch(), scratch()
    log = tmp_path / "log"

    async def run() -> Checkpoint:
        queue = f"python-{uuid.uuid4()}"
        async with caller(queue) as start:
            async with worker_process(queue, world.store.folder, log) as first:
                handle = await start(world.input(**SLOW))
                await until(lambda: told(handle))
                ended = time.monotonic()
                assert await first.end(how) == (0 if how == signal.SIGTERM else -signal.SIGKILL)
                assert time.monotonic() - ended < 15, "after 5 s of grace the training is cancelled"
            left = await until(lambda: told(handle))
            async with worker_process(queue, world.store.folder, log):
                checkpoint = await until(lambda: told(handle, after=left["epoch"]))
            await handle.terminate()
            return checkpoint

    last = asyncio.run(run())
    assert "attempt 2 resumed at epoch" in log.read_text()
    assert whole.train(whole.input(**{**SLOW, "to_epoch": last["epoch"]}))["checkpoint"] == last, "the same bytes as in one go"


async def told(handle: WorkflowHandle[Any, Any], after: int = 0) -> Checkpoint | None:
    """The checkpoint that Temporal knows of, once the attempt under way has made one after epoch `after`."""
    for activity in (await handle.describe()).raw_description.pending_activities:
        for payload in activity.heartbeat_details.payloads:
            checkpoint: Checkpoint | None = json.loads(payload.data)["checkpoint"]
            if checkpoint is not None and checkpoint["epoch"] > after:
                return checkpoint
    return None


async def until(look: Callable[[], Awaitable[Checkpoint | None]]) -> Checkpoint:
    """Polls until there is one; the one place where these tests wait by the clock."""
    for _ in range(WAIT_S * 20):
        found = await look()
        if found is not None:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"expected a checkpoint within {WAIT_S} s")
