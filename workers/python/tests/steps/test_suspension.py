"""Sleeps and approvals: code behind them runs as written, on the call that comes after."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from step_calls import decided, refused, serve, slept

from cerebros import Decision, Undo, approval, sleep, step

seen: list[str] = []


@step
async def it() -> Any:
    """Sleeps, asks, and sleeps again."""
    seen.append("begin")
    first = await sleep(timedelta(milliseconds=1.2), data={"cursor": "a"})
    seen.append(f"slept {first.slept_ms}")
    decision = await approval("publish", data=first.data, timeout=timedelta(hours=1), on_timeout="fail", approvers=["ada"])
    seen.append(decision.decision)
    last = await sleep(7)
    return {"by": decision.by, "data": [first.data, last.data]}


def called(resume: list[Any]) -> Any:
    seen.clear()
    answer = serve(it, resume=resume or None)
    return {key: value for key, value in answer.items() if key not in ("worker_id", "attempt", "started_at")}, list(seen)


def test_each_call_runs_from_the_start_to_the_next_suspension() -> None:
    resume: list[Any] = []
    assert called(resume) == ({"status": "SLEEP", "duration_ms": 2, "data": {"cursor": "a"}}, ["begin"])
    resume.append(slept({"cursor": "a"}, 12))
    approval_asked = {
        "status": "APPROVAL",
        "approval_type": "publish",
        "data": {"cursor": "a"},
        "timeout_ms": 3_600_000,
        "on_timeout": "fail",
        "approvers": ["ada"],
    }
    assert called(resume) == (approval_asked, ["begin", "slept 12"])
    resume.append(decided(by="ada"))
    assert called(resume) == ({"status": "SLEEP", "duration_ms": 7, "data": None}, ["begin", "slept 12", "approved"])
    resume.append(slept())
    result = {"by": "ada", "data": [{"cursor": "a"}, None]}
    assert called(resume) == ({"status": "SUCCESS", "result": result}, ["begin", "slept 12", "approved"])


def test_a_decision_tells_who_why_and_when() -> None:
    @step
    async def asks() -> Any:
        made = await approval("publish", timeout=1000)
        assert made == Decision("rejected", None, "no", "2027-01-31T08:00:00.000Z", timed_out=True)
        return made.approved

    assert serve(asks, resume=[decided("rejected", by=None, comment="no", timed_out=True)])["result"] is False


def test_a_step_may_wait_in_a_loop_for_what_is_outside() -> None:
    ready = iter([False, False, True])

    @step
    async def polls() -> str:
        while not next(ready):
            await sleep(60_000)
        return "ready"

    assert serve(polls)["status"] == "SLEEP"
    assert serve(polls, resume=[slept()])["status"] == "SUCCESS", "it no longer asks, so it is done"


@pytest.mark.parametrize(
    ("resume", "says"),
    [
        ([decided()], "suspension 1: asked for a sleep, and had an approval before"),
        ([slept(), slept()], "suspension 2: asked for an approval, and had a sleep before"),
    ],
)
def test_refuses_a_suspension_of_another_kind_than_it_had(resume: list[Any], says: str) -> None:
    failure = refused(it, resume=resume)
    assert failure.type == "RESUME_MISMATCH"
    assert says in failure.message


async def gathers() -> Any:
    return await asyncio.gather(sleep(1), sleep(2))


async def in_a_task() -> Any:
    return await asyncio.create_task(sleep(1))


async def in_a_task_whose_failure_is_ignored() -> Any:
    with suppress(Exception):
        await asyncio.create_task(sleep(1))
    return "went on"


def in_a_loop_of_a_thread() -> Any:
    return asyncio.run(sleep(1))


async def swallows() -> Any:
    with suppress(BaseException):
        await sleep(1)
    return "went on"


async def swallows_and_asks_again() -> Any:
    with suppress(BaseException):
        await sleep(1)
    return await sleep(2)


async def forgets_to_wait() -> Any:
    sleep(1)  # type: ignore[unused-coroutine]
    return "at once"


async def forgets_to_ask() -> Any:
    await sleep(0)
    approval("publish", timeout=1000)  # type: ignore[unused-coroutine]


@pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")
@pytest.mark.parametrize(
    ("function", "says"),
    [
        (gathers, "beside itself: await them one after the other"),
        (in_a_task, "beside itself"),
        (in_a_task_whose_failure_is_ignored, "beside itself"),
        (in_a_loop_of_a_thread, "beside itself"),
        (swallows, "went on after sleep()"),
        (swallows_and_asks_again, "went on after sleep()"),
        (forgets_to_wait, "without waiting for it: write await before it"),
        (forgets_to_ask, "write await before it"),
    ],
)
def test_refuses_what_cannot_be_resumed(function: Callable[..., Any], says: str) -> None:
    failure = refused(step(function), resume=[slept()] if function is forgets_to_ask else None)
    assert failure.type == "ENGINE_MISUSE"
    assert says in failure.message


def test_cleans_up_at_each_suspension_and_catches_no_failure() -> None:
    log: list[str] = []

    @asynccontextmanager
    async def resource() -> Any:
        log.append("open")
        try:
            yield
        except Exception:
            log.append("failed")
            raise
        finally:
            log.append("close")

    @step
    async def careful() -> str:
        async with resource():
            try:
                await sleep(1)
            except Exception:
                log.append("caught")
        return "done"

    assert serve(careful)["status"] == "SLEEP"
    assert serve(careful, resume=[slept()])["result"] == "done"
    assert log == ["open", "close", "open", "close"]


def test_an_undo_does_not_suspend() -> None:
    @step
    async def does() -> None:
        return None

    @does.undo
    async def takes_back(undo: Undo) -> None:
        await sleep(1)

    assert does.undo_handler is not None
    failure = refused(does.undo_handler, undo={"step": "it", "status": "done", "output": 1})
    assert (failure.type, "an undo does not suspend" in failure.message) == ("ENGINE_MISUSE", True)


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: sleep(True), "the duration of sleep(): expected a timedelta or whole milliseconds, got True"),
        (lambda: sleep(timedelta(days=3651)), "expected 0 to 315360000000 ms"),
        (lambda: approval("a" * 201, timeout=1), "the type of approval(): expected text of 1 to 200 characters"),
        (lambda: approval("a", timeout=1, approvers=["ada", ""]), "a name in the approvers of approval()"),
    ],
)
def test_says_what_a_request_should_be(ask: Callable[[], Awaitable[Any]], says: str) -> None:
    @step
    async def asks() -> Any:
        await ask()

    failure = refused(asks)
    assert failure.type == "MALFORMED_RESULT"
    assert says in failure.message


def test_refuses_data_that_is_no_json_where_it_is_given() -> None:
    @step
    async def asks() -> Any:
        await sleep(1, data={"tags": {1}})

    failure = refused(asks)
    assert failure.type == "VALUE_NOT_JSON"
    assert "the data of sleep() in step it holds a set at /tags" in failure.message


def test_says_that_only_steps_sleep() -> None:
    with pytest.raises(RuntimeError, match=r"sleep\(\) was called outside of a step"):
        asyncio.run(sleep(1))
