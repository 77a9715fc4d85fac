"""What a step worker serves, and what keeps it, or a run, from starting; on a real server it is seen in `test/e2e`."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cerebros import Builder, Step, Undo, UserError, Worker, step, workflow


def named(name: str, **options: Any) -> Step[..., Any]:
    @step(name=name, **options)
    async def it() -> None:
        return None

    return it


async def back(undo: Undo) -> None:
    return None


def another_back() -> Any:
    async def back(undo: Undo) -> None:
        return None

    return back


@workflow()
def report(wf: Builder) -> None:
    wf.timeline(named("a") >> named("b"))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Worker([]), "worker: expected steps, got none; give it those of a workflow, as report.steps"),
        (lambda: Worker([report]), "worker: expected steps, got workflow report@1"),  # type: ignore[list-item]
        (lambda: Worker([print]), "write @step above it"),  # type: ignore[list-item]
        (
            lambda: Worker([named("a"), named("a")]),
            "worker: expected one function for a, got two; give one another name, or its own worker",
        ),
        (lambda: Worker([named("a", undo=back), named("b", undo=another_back())]), "expected one function for back, got two"),
        (lambda: Worker([named("a", queue="gpu")]), "worker of queue cerebros-python: expected steps that run there, got a, of queue gpu"),
        (lambda: Worker([named("a")], slots=0), "slots: expected a whole number from 1 to 1000, got 0"),
        (lambda: Worker([named("a")], grace=timedelta(days=2)), "grace: expected 0 to 86400000 ms"),
    ],
)
def test_says_what_it_cannot_serve(make: Callable[[], Any], says: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        make()
    assert says in str(caught.value)


def test_serves_the_same_step_twice_as_once_and_one_undo_for_several() -> None:
    a = named("a", undo=back)
    Worker([a, a, named("b", undo=back), named("c", queue="gpu")][:3])
    Worker([named("c", queue="gpu"), named("d")], queue="gpu")


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An address at which nobody answers."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with socket.socket() as taken:
        # Bound and not listening: whoever connects is refused, and nobody else gets the port.
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


def test_the_worker_exits_with_3_when_temporal_does_not_answer(nobody: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        Worker(report.steps, address=nobody).run()
    assert ended.value.code == 3
    said = capsys.readouterr().err
    assert said.startswith(f"cerebros worker: Temporal at {nobody} does not answer; start it with `cerebros dev`")


@pytest.mark.parametrize(
    ("options", "says", "code"),
    [
        ({}, "does not answer", 3),
        ({"id": "two words"}, "id: expected letters, digits", 2),
        ({"inputs": {"rows": {1}}}, "the input of the run holds a set at /inputs/rows", 2),
        ({"inputs": "x" * 300_000}, "of JSON, expected at most 262144", 2),
        ({"requested_by": "a\nb"}, "requested_by: expected a name of one line", 2),
        ({"requested_by": " ada"}, "without spaces around it, got ' ada'", 2),
        ({"requested_by": "ada\x85"}, "requested_by: expected a name of one line", 2),
    ],
)
def test_a_run_that_cannot_be_started_says_why(options: dict[str, Any], says: str, code: int, nobody: str) -> None:
    inputs = options.pop("inputs", None)
    with pytest.raises(UserError) as caught:
        asyncio.run(report.execute(inputs, address=nobody, **options))
    assert says in str(caught.value)
    assert caught.value.exit_code == code


def test_a_time_scale_is_no_less_than_0() -> None:
    with pytest.raises(UserError, match="time_scale: expected 0 to 1000, got -1"):
        asyncio.run(report.run_local(time_scale=-1))
