"""Approvals at the terminal."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from cerebros import Builder, Decision, RunFailed, Workflow, approval, step, workflow


def asking(*steps: str, **options: Any) -> Workflow:
    """A workflow whose steps each ask, in parallel."""

    def one(name: str) -> Any:
        @step(name=name)
        async def it() -> Any:
            decision = await approval(f"publish {name}", **{"data": {"rows": 3}, "timeout": 60_000, **options})
            assert isinstance(decision, Decision)
            return [decision.approved, decision.by, decision.comment, decision.timed_out]

        return it

    @workflow(name="asks")
    def asks(wf: Builder) -> None:
        wf.timeline([one(name) for name in steps])

    return asks


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[IO[bytes]]:
    """What is typed at the terminal."""
    reading, writing = os.pipe()
    monkeypatch.setenv("CEREBROS_USER", "ada")
    with os.fdopen(reading) as stdin, os.fdopen(writing, "wb", buffering=0) as typed:
        monkeypatch.setattr("sys.stdin", stdin)
        yield typed


def test_asks_says_what_for_and_takes_a_comment(keys: IO[bytes], capsys: pytest.CaptureFixture[str]) -> None:
    keys.write("maybe\n\nY  fine by mé\n".encode())
    assert asyncio.run(asking("a", approvers=["ada", "grace"]).run_local()) == {"a": [True, "ada", "fine by mé", False]}
    said = capsys.readouterr()
    assert said.out == ""
    assert "step a asks for approval: publish a (within 60 s, else it counts as reject; ada, grace may decide)" in said.err
    assert '"rows": 3' in said.err
    assert said.err.count("approve? y or n, and a comment if you like: ") == 3, "it asks again after what is no answer"


def test_asks_one_after_the_other(keys: IO[bytes]) -> None:
    keys.write(b"y first\nno second")
    keys.close()
    outputs = asyncio.run(asking("a", "b").run_local())
    assert outputs == {"a": [True, "ada", "first", False], "b": [False, "ada", "second", False]}


def test_what_is_typed_after_a_timeout_answers_the_next_question(keys: IO[bytes]) -> None:
    async def run() -> Any:
        first = await asking("a", timeout=30).run_local()
        keys.write(b"y\n")
        return [first, await asking("b").run_local()]

    assert asyncio.run(run()) == [{"a": [False, None, None, True]}, {"b": [True, "ada", None, False]}]


def test_reads_from_a_file_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "answers").write_text("n not yet\n")
    with (tmp_path / "answers").open() as answers:
        monkeypatch.setattr("sys.stdin", answers)
        assert asyncio.run(asking("a").run_local())["a"][::2] == [False, "not yet"]


def test_fails_when_nobody_is_there() -> None:
    with open(os.devnull) as nobody, pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", nobody)
        with pytest.raises(RunFailed, match="nobody can decide publish a: the input has ended; run it at a terminal, or give run_local"):
            asyncio.run(asking("a").run_local())
