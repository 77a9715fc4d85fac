"""How a step runs as an activity: in a thread or in the loop, with heartbeats, cancelled, and with failures that always arrive."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from json_schema import Schema
from step_calls import environment, serve, served, step_input
from temporalio.api.failure.v1 import Failure
from temporalio.converter import DefaultFailureConverter
from temporalio.exceptions import ApplicationError

from cerebros import Context, Step, sleep, step
from cerebros.payload import DATA_CONVERTER


def test_runs_a_plain_function_in_a_thread_and_tells_it_what_a_coroutine_is_told() -> None:
    @step
    def it(inputs: Any, ctx: Context) -> Any:
        return [inputs["table"], ctx.attempt, threading.current_thread() is threading.main_thread()]

    answer = serve(it, attempt=2)
    assert answer["result"] == ["orders", 2, False]
    assert Schema("step-output").faults(answer) == []


def test_a_thread_that_blocks_keeps_nobody_waiting() -> None:
    release = threading.Event()

    @step
    def blocks() -> str:
        return str(release.wait(10))

    @step
    async def lets_go() -> None:
        release.set()

    async def both() -> Any:
        return await asyncio.gather(*(environment().run(served(one), step_input()) for one in (blocks, lets_go)))

    assert asyncio.run(both())[0]["result"] == "True"


def beats_of(one: Step[..., Any], heartbeat: timedelta) -> list[tuple[float, Any]]:
    """When after the start, in s, and with what a call of the step beat."""
    env = environment(heartbeat=heartbeat)
    beats: list[tuple[float, Any]] = []
    began = time.monotonic()
    env.on_heartbeat = lambda *details: beats.append((time.monotonic() - began, *details[:1], *(() if details else (None,))))
    asyncio.run(env.run(served(one), step_input()))
    return beats


def test_beats_three_times_within_the_heartbeat_timeout() -> None:
    @step
    async def it() -> None:
        await asyncio.sleep(0.65)

    times = [at for at, _ in beats_of(it, timedelta(seconds=0.6))]
    assert len(times) == 4
    assert all(abs(at - 0.2 * number) < 0.1 for number, at in enumerate(times))


@pytest.mark.parametrize("in_thread", [True, False])
def test_sends_the_newest_progress_soon_but_not_every_one(in_thread: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def report(ctx: Context, number: int) -> None:
        for part in range(1000):
            ctx.progress(1000 * number + part, 100_000, "rows" if (number, part) == (59, 999) else None)

    @step
    def plain(ctx: Context) -> None:
        for number in range(60):
            report(ctx, number)
            time.sleep(0.001)
        time.sleep(0.3)

    @step
    async def coroutine(ctx: Context) -> None:
        for number in range(60):
            report(ctx, number)
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.3)

    monkeypatch.setattr("cerebros.steps.beat._GAP_S", 0.1)
    beats = beats_of(plain if in_thread else coroutine, timedelta(seconds=60))
    assert beats[-1][1] == {"done": 59_999, "total": 100_000, "note": "rows"}
    assert len(beats) <= 2 + beats[-1][0] / 0.1, "the first, and one every tenth of a second"


@pytest.mark.parametrize(("done", "total"), [(-1, 1), (2, 1), (0, 0), (float("nan"), 1), (1, float("inf"))])
def test_progress_is_a_share(done: float, total: float) -> None:
    with pytest.raises(ValueError, match="expected 0 <= done <= total"):
        Context("run", "it").progress(done, total)


async def cancelled(one: Step[..., Any], begun: threading.Event) -> Any:
    """What a call answers that is cancelled once it has begun."""
    env = environment()
    running = asyncio.ensure_future(env.run(served(one), step_input()))
    while not begun.is_set():
        await asyncio.sleep(0.005)
    env.cancel()
    return await asyncio.wait_for(running, 10)


def test_a_coroutine_is_cancelled_where_it_waits() -> None:
    begun = threading.Event()

    @step
    async def it() -> None:
        begun.set()
        await asyncio.sleep(60)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled(it, begun))


def test_a_thread_is_cancelled_where_it_tells_its_progress_and_waited_for() -> None:
    begun, ended = threading.Event(), threading.Event()

    @step
    def it(ctx: Context) -> None:
        begun.set()
        try:
            for _ in range(1000):
                ctx.progress(1, 2)
                time.sleep(0.01)
        finally:
            time.sleep(0.1)
            ended.set()

    async def run() -> bool:
        with pytest.raises(asyncio.CancelledError):
            await cancelled(it, begun)
        return ended.is_set()

    assert asyncio.run(run()), "its effects would meet their undo"


def test_a_thread_that_finishes_all_the_same_is_done() -> None:
    begun = threading.Event()

    @step
    def it() -> str:
        begun.set()
        time.sleep(0.1)
        return "done"

    assert asyncio.run(cancelled(it, begun))["result"] == "done"


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def with_cause(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


class Own(Exception):
    """An exception of a user."""


@pytest.mark.parametrize(
    ("error", "type_", "message"),
    [
        (Own("no rows"), "Own", "no rows"),
        (ApplicationError("gone", type="NO_EFFECT", non_retryable=True), "NO_EFFECT", "gone"),
        (SystemExit(1), "SystemExit", "1"),
        (GeneratorExit(), "GeneratorExit", "GeneratorExit"),
        (StopIteration(3), "RuntimeError", "StopIteration"),
        (ValueError("x" * 3_000_000), "ValueError", "x" * 1000),
        (with_cause(ValueError("short"), ValueError("x" * 3_000_000)), "ValueError", "short"),
        (ApplicationError("x" * 3_000_000, type="BIG", non_retryable=True), "BIG", "x" * 1000),
        (ValueError("half \ud800"), "ValueError", "half ?"),
        (Unspeakable(), "Unspeakable", "its text cannot be had (RuntimeError)"),
    ],
)
@pytest.mark.parametrize("in_thread", [True, False])
def test_every_failure_arrives_with_its_name_and_a_message_that_fits(
    error: BaseException, type_: str, message: str, in_thread: bool
) -> None:
    @step
    def plain() -> None:
        raise error

    @step
    async def coroutine() -> None:
        raise error

    with pytest.raises(Exception) as caught:
        serve(plain if in_thread else coroutine)
    failure = Failure()
    DefaultFailureConverter().to_failure(caught.value, DATA_CONVERTER.payload_converter, failure)
    assert failure.application_failure_info.type == type_
    assert message in failure.message
    assert failure.ByteSize() < 100_000
    assert failure.application_failure_info.non_retryable is getattr(error, "non_retryable", False)


def test_a_suspension_passes_through_a_task_group() -> None:
    @step
    async def it() -> None:
        if sys.version_info >= (3, 11):
            async with asyncio.TaskGroup():
                await sleep(1)
        await sleep(1)

    assert serve(it)["status"] == "SLEEP"


def test_calls_beside_each_other_know_their_own_suspensions() -> None:
    @step
    async def it(inputs: Any) -> None:
        await asyncio.sleep(0.01 * inputs)
        await sleep(inputs)

    async def all_of() -> list[Any]:
        calls = (environment().run(served(it), step_input(inputs=number)) for number in range(5))
        return [answer["duration_ms"] for answer in await asyncio.gather(*calls)]

    assert asyncio.run(all_of()) == [0, 1, 2, 3, 4]
