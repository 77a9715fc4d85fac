"""A workflow in this process: the order, the retries, the suspensions and the undoing that a stack would do."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from cerebros import (
    ApprovalRequest,
    Builder,
    Context,
    Further,
    RunFailed,
    Step,
    Undo,
    UserError,
    Verdict,
    Workflow,
    approval,
    sleep,
    step,
    workflow,
)
from cerebros.steps.local import step_run

log: list[Any] = []


@pytest.fixture(autouse=True)
def _fresh_log() -> None:
    log.clear()


def made(declare: Callable[[Builder], None]) -> Workflow:
    return workflow(name="it")(declare)


def of(*timelines: Any) -> Workflow:
    return made(lambda wf: wf.timeline(*timelines))


def run(work: Workflow, inputs: Any = None, **options: Any) -> dict[str, Any]:
    return asyncio.run(asyncio.wait_for(work.run_local(inputs, **{"time_scale": 0.0, **options}), 20))


def failed(work: Workflow, **options: Any) -> RunFailed:
    with pytest.raises(RunFailed) as caught:
        run(work, **options)
    return caught.value


def undoable(name: str, act: Callable[[], Any] = lambda: None, **options: Any) -> Step[..., Any]:
    """A step that logs its name, acts, and logs its undo."""

    async def undo(undo: Undo) -> None:
        log.append(f"{undo.status} {name}" if undo.error is None else f"{undo.status} {name} {undo.error.code}")

    @step(name=name, undo=undo, **options)
    async def it() -> Any:
        log.append(name)
        result = act()
        return await result if asyncio.iscoroutine(result) else result

    return it


def fail(message: str = "no", **options: Any) -> Callable[[], Any]:
    def act() -> None:
        raise ApplicationError(message, type="FAILED", non_retryable=True, **options)

    return act


def test_gives_each_step_the_inputs_and_what_it_needs_as_json_does() -> None:
    @step
    async def extract(inputs: Any) -> Any:
        rows = inputs.pop("rows")
        return {"rows": rows, "pair": (1, 2)}

    @step
    def double(extract: Any, inputs: Any) -> Any:
        extract["rows"].append("mine")
        return [extract["pair"], inputs]

    @step
    async def load(extract: Any, double: Any, ctx: Context) -> Any:
        return [extract, double, ctx.step_name, ctx.attempt, ctx.idempotency_key]

    outputs = run(of(extract >> double >> load, extract >> load), {"rows": [3]})
    assert outputs == {
        "extract": {"rows": [3], "pair": [1, 2]},
        "double": [[1, 2], {"rows": [3]}],
        "load": [{"rows": [3], "pair": [1, 2]}, [[1, 2], {"rows": [3]}], "load", 1, "local/local/2.0/do/0"],
    }
    assert list(outputs) == ["extract", "double", "load"]


def test_branches_run_in_parallel() -> None:
    def branch(name: str) -> Step[..., Any]:
        @step(name=name)
        def it() -> None:
            barrier.wait(5)

        return it

    barrier = threading.Barrier(3)
    began = time.monotonic()
    assert set(run(of([branch("a"), branch("b"), branch("c")]))) == {"a", "b", "c"}
    assert time.monotonic() - began < 4, "each waited for the other two"


def test_retries_with_its_attempts_and_backoff(caplog: pytest.LogCaptureFixture) -> None:
    times: list[float] = []

    @step(max_retries=3)
    async def it(ctx: Context) -> int:
        times.append(time.monotonic())
        if ctx.attempt < 4:
            raise ConnectionError("away")
        return ctx.attempt

    assert run(of(it), time_scale=0.02)["it"] == 4
    assert all(later - earlier >= 0.02 * 2**number for number, (earlier, later) in enumerate(pairwise(times)))
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        f"it: attempt {number} failed (ConnectionError: away); again in {wait} s" for number, wait in ((1, 0.02), (2, 0.04), (3, 0.08))
    ]


def test_fails_after_its_last_attempt_with_name_and_message() -> None:
    @step(max_retries=1)
    async def it() -> None:
        log.append("tried")
        raise ConnectionError("away")

    failure = failed(of(it))
    assert log == ["tried", "tried"]
    assert (failure.status, failure.reason, failure.code, failure.message) == ("rolled_back", "step_failed:it", "ConnectionError", "away")
    assert str(failure) == "run local is rolled_back: step_failed:it (ConnectionError: away)"


def test_an_attempt_that_takes_too_long_is_cancelled_and_made_again() -> None:
    @step(timeout=50, max_retries=1)
    async def it(ctx: Context) -> Any:
        try:
            await asyncio.sleep(10 if ctx.attempt == 1 else 0)
        except asyncio.CancelledError:
            log.append("cancelled")
            raise
        return [ctx.attempt, *log]

    assert run(of(it))["it"] == [2, "cancelled"], "an attempt ends before the next begins"


def test_says_that_an_attempt_took_too_long() -> None:
    @step(timeout=20, max_retries=0)
    async def it() -> None:
        await asyncio.sleep(10)

    assert (failed(of(it)).code, failed(of(it)).message) == ("TIMEOUT", "StartToClose timeout")


def test_code_behind_sleeps_and_approvals_runs_as_written() -> None:
    @step
    async def it(ctx: Context) -> Any:
        log.append(len(ctx.resume))
        slept = await sleep(200, data={"cursor": "a"})
        decision = await approval("publish", data=[1], timeout=1000, approvers=["ada"])
        return [slept.data, slept.slept_ms >= 200, decision.approved, decision.by, decision.comment, decision.timed_out]

    def ask(request: ApprovalRequest) -> Verdict:
        log.append(request)
        return Verdict(True, by="ada", comment="fine")

    assert run(of(it), on_approval=ask, time_scale=0.1)["it"] == [{"cursor": "a"}, True, True, "ada", "fine", False]
    assert log == [0, 1, ApprovalRequest("local", "it", "publish", [1], 1000, "reject", ["ada"]), 2]


@pytest.mark.parametrize(
    ("on_timeout", "outcome"), [("approve", [True, None, True]), ("reject", [False, None, True]), ("fail", "APPROVAL_TIMEOUT")]
)
def test_nobody_deciding_in_time_counts_as_the_policy_says(on_timeout: Any, outcome: Any) -> None:
    @step
    async def it() -> Any:
        decision = await approval("publish", timeout=50, on_timeout=on_timeout)
        return [decision.approved, decision.by, decision.timed_out]

    async def never(_: ApprovalRequest) -> bool:
        await asyncio.sleep(10)
        return True

    if on_timeout == "fail":
        assert failed(of(it), on_approval=never).code == outcome
    else:
        assert run(of(it), on_approval=never)["it"] == outcome


@pytest.mark.parametrize(("answer", "code"), [(lambda _: "yes", "INVALID_INPUT"), (lambda _: 1 / 0, "ZeroDivisionError")])
def test_a_callback_that_gives_no_verdict_fails_the_step(answer: Callable[[Any], Any], code: str) -> None:
    @step
    async def it() -> Any:
        return (await approval("publish", timeout=1000)).approved

    assert failed(of(it), on_approval=answer).code == code
    assert run(of(it), on_approval=lambda _: False) == {"it": False}


def test_undoes_what_was_done_in_reverse_layers_and_what_failed_as_unknown() -> None:
    work = of(undoable("a") >> [undoable("b"), undoable("c")] >> undoable("d", fail()) >> undoable("e"))
    failure = failed(work)
    assert (failure.status, failure.reason, failure.code, failure.message) == ("rolled_back", "step_failed:d", "FAILED", "no")
    assert log[:4] == ["a", "b", "c", "d"]
    assert log[4] == "unknown d FAILED"
    assert sorted(log[5:7]) == ["done b", "done c"]
    assert log[7:] == ["done a"]


def test_a_failing_branch_ends_the_others_before_anything_is_undone() -> None:
    async def long() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            log.append("ended b")

    async def fails() -> None:
        await asyncio.sleep(0.05)
        fail()()

    failed(of(undoable("a") >> [undoable("b", long), undoable("c", fails)]))
    assert log[3] == "ended b"
    assert sorted(log[4:6]) == ["unknown b UNKNOWN", "unknown c FAILED"]
    assert log[6:] == ["done a"]


def test_does_not_undo_what_says_that_it_left_nothing() -> None:
    def nothing() -> None:
        raise ApplicationError("refused", type="NO_EFFECT", non_retryable=True)

    failed(of(undoable("a") >> undoable("b", nothing)))
    assert log == ["a", "b", "done a"]


def test_an_undo_is_retried_and_one_that_keeps_failing_does_not_stop_the_others() -> None:
    tries = {"stuck": 0, "shy": 0}

    @step
    async def shy() -> None:
        return None

    @shy.undo
    def shy_undo(undo: Undo) -> None:
        tries["shy"] += 1
        if tries["shy"] < 3:
            raise ConnectionError("away")

    @step
    async def stuck() -> None:
        return None

    @stuck.undo
    async def stuck_undo(undo: Undo) -> None:
        tries["stuck"] += 1
        raise ConnectionError("for ever")

    failure = failed(of(undoable("a") >> shy >> stuck >> undoable("z", fail())))
    assert tries == {"shy": 3, "stuck": 10}
    assert (failure.status, [(one.step_name, one.code, one.message) for one in failure.stuck]) == (
        "failed",
        [("stuck", "ConnectionError", "for ever")],
    )
    assert "could not be undone: stuck" in str(failure)
    assert log[-1] == "done a"


def test_cancelled_it_undoes_everything_before_it_ends() -> None:
    async def cancel() -> None:
        b_runs = asyncio.Event()

        async def long() -> None:
            b_runs.set()
            await asyncio.sleep(10)

        running = asyncio.ensure_future(of(undoable("a") >> undoable("b", long)).run_local(time_scale=0))
        await b_runs.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(cancel())
    assert log == ["a", "b", "unknown b UNKNOWN", "done a"]


def test_cancelled_while_it_undoes_it_undoes_on() -> None:
    async def cancel() -> None:
        undoing = asyncio.Event()

        @step
        async def slow() -> None:
            return None

        @slow.undo
        async def slow_undo(undo: Undo) -> None:
            undoing.set()
            await asyncio.sleep(0.1)
            log.append("slowly undone")

        running = asyncio.ensure_future(of(undoable("a") >> slow >> undoable("z", fail())).run_local(time_scale=0))
        await undoing.wait()
        running.cancel()
        with pytest.raises(RunFailed):
            await running

    asyncio.run(cancel())
    assert log[-2:] == ["slowly undone", "done a"]


def test_a_sibling_that_finishes_when_cancelled_is_undone_as_done() -> None:
    async def stubborn() -> str:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(10)
        return "finished"

    async def fails() -> None:
        await asyncio.sleep(0.05)
        fail()()

    failed(of([undoable("b", stubborn), undoable("c", fails)]))
    assert sorted(log[2:]) == ["done b", "unknown c FAILED"]


def test_bounds_what_goes_between_steps_as_a_stack_does() -> None:
    @step
    async def big() -> str:
        return "x" * 200_000

    @step
    async def small(big: str) -> str:
        return big[:100_000]

    too_much = failed(of(big >> small), inputs=None)
    assert (too_much.reason, too_much.code) == ("step_failed:small", "PAYLOAD_TOO_LARGE")
    assert "the result of the run is" in too_much.message
    input_too = failed(of(big >> small, [big, undoable("pad", lambda: "y" * 100_000)] >> undoable("last")))
    assert "the input of step last is" in input_too.message


def test_a_value_that_is_no_json_fails_at_once() -> None:
    assert failed(of(undoable("a", lambda: {1}))).code == "VALUE_NOT_JSON"
    assert log == ["a", "unknown a VALUE_NOT_JSON"], "no retry mends it"
    with pytest.raises(UserError, match="the input of the run holds a set at /rows"):
        run(of(undoable("a")), {"rows": {1}})


def test_a_step_that_suspends_without_end_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    # A thousand take seconds.
    monkeypatch.setattr(step_run, "SUSPENSIONS_MAX", 3)

    @step
    async def it() -> None:
        while True:
            await sleep(0)

    failure = failed(of(it))
    assert (failure.code, failure.message) == ("MALFORMED_RESULT", "step it: expected at most 3 suspensions, got one more")


def growing(*further: Any, act: Callable[[], Any] = lambda: None) -> Workflow:
    """A workflow whose first step adds these."""
    load = undoable("load", act)

    @step
    async def region(inputs: Any, split: Any) -> Any:
        return [inputs, split]

    @step
    async def split() -> Any:
        return Further(["eu", "us"], [one(load, region) for one in further])

    def declare(wf: Builder) -> None:
        wf.timeline(split >> undoable("last"))
        wf.may_add(load, region)

    return made(declare)


def test_steps_that_a_step_adds_join_the_plan() -> None:
    work = growing(
        lambda load, region: region.named("region-eu", needs=["split"], inputs={"region": "eu"}),
        lambda load, region: region.named("region-us", needs=["split"]),
        lambda load, region: load.named("load-all", needs=["region-eu", "region-us"]),
    )
    assert [one.name for one in work.steps] == ["split", "last", "load", "region"]
    assert [one["name"] for one in work.blueprint()["steps"]] == ["split", "last"]
    outputs = run(work, {"table": "orders"})
    assert outputs == {
        "split": ["eu", "us"],
        "last": None,
        "region-eu": [{"region": "eu"}, ["eu", "us"]],
        "region-us": [{"table": "orders"}, ["eu", "us"]],
        "load-all": None,
    }


def test_steps_that_a_step_added_are_undone_with_the_rest() -> None:
    failure = failed(growing(lambda load, region: load.named("load-all", needs=["split", "last"]), act=fail()))
    assert failure.reason == "step_failed:load-all"
    assert log == ["last", "load", "unknown load FAILED", "done last"]


@pytest.mark.parametrize(
    ("further", "says"),
    [
        (lambda load, region: load.named("two words"), "added steps[0]: expected a new name of letters"),
        (lambda load, region: load.named("last"), "added steps[0]: expected a new name of letters"),
        (lambda load, region: load.named("new", needs=["nothing"]), "added steps[0].needs: expected steps that the run has, got 'nothing'"),
        (lambda load, region: {"name": "elsewhere"}, "expected a step of the workflow, got 'elsewhere'; name it with wf.may_add"),
    ],
)
def test_says_which_step_cannot_be_added(further: Any, says: str) -> None:
    failure = failed(growing(further))
    assert (failure.reason, failure.code) == ("step_failed:split", "INVALID_STEPS")
    assert says in failure.message
