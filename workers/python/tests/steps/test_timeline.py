"""The graph that `>>` makes, and the blueprint of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cerebros import Builder, Context, Step, Undo, Workflow, step, workflow


def named(name: str) -> Step[..., Any]:
    @step(name=name)
    async def it() -> None:
        return None

    return it


a, b, c, d, e = map(named, "abcde")


def made(declare: Callable[[Builder], None]) -> Workflow:
    return workflow(name="it")(declare)


def needs_of(declare: Callable[[Builder], None]) -> dict[str, list[str]]:
    return {one["name"]: list(one.get("needs", [])) for one in made(declare).blueprint()["steps"]}


@pytest.mark.parametrize(
    ("declare", "needs"),
    [
        (lambda wf: wf.timeline(a), {"a": []}),
        (lambda wf: wf.timeline(a >> b >> c), {"a": [], "b": ["a"], "c": ["b"]}),
        (lambda wf: wf.timeline(a >> [b, c] >> d), {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}),
        (lambda wf: wf.timeline([a, b] >> c), {"a": [], "b": [], "c": ["a", "b"]}),
        (lambda wf: wf.timeline(a >> [b >> c, d] >> e), {"a": [], "b": ["a"], "c": ["b"], "d": ["a"], "e": ["c", "d"]}),
        (lambda wf: wf.timeline((a >> b) >> (c >> d)), {"a": [], "b": ["a"], "c": ["b"], "d": ["c"]}),
        (lambda wf: wf.timeline(a >> b, a >> c, [b, c] >> d), {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}),
        (lambda wf: wf.timeline(c >> d, a >> [b, c]), {"a": [], "c": ["a"], "d": ["c"], "b": ["a"]}),
        (lambda wf: wf.timeline(a >> b, a >> b), {"a": [], "b": ["a"]}),
        (lambda wf: wf.timeline([a, b]), {"a": [], "b": []}),
    ],
)
def test_each_step_needs_those_before_it(declare: Callable[[Builder], None], needs: dict[str, list[str]]) -> None:
    assert needs_of(declare) == needs


def test_each_step_stands_behind_those_it_needs() -> None:
    assert list(needs_of(lambda wf: wf.timeline(d >> e, c >> d, [a, b] >> c))) == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(
    ("declare", "says"),
    [
        (lambda wf: wf.timeline(a >> b >> a), "workflow it: expected an order, got the cycle a → b → a (each needs the next)"),
        (lambda wf: wf.timeline(a >> a), "got the cycle a → a"),
        (lambda wf: wf.timeline(a >> b >> c, c >> d >> b), "got the cycle b → d → c → b"),
        (lambda wf: wf.timeline(a >> named("a")), "workflow it: expected a name of its own for each step, got two named a; give one name="),
        (lambda wf: (wf.timeline(a), wf.may_add(named("a"))), "got two named a"),
        (lambda wf: None, "workflow it: expected 1 to 500 steps, got 0; give some to wf.timeline(a >> b)"),
        (lambda wf: wf.timeline([named(f"s{n}") for n in range(501)]), "expected 1 to 500 steps, got 501"),
        (lambda wf: wf.timeline(a >> []), "timeline: expected steps in the list, got none"),
        (lambda wf: wf.timeline(a >> print), "expected steps, as a >> [b, c] >> d, got <built-in function print> (write @step above it)"),  # type: ignore[operator]
        (lambda wf: wf.timeline("a"), "expected steps, as a >> [b, c] >> d, got 'a'"),
    ],
)
def test_says_why_it_is_no_graph(declare: Callable[[Builder], None], says: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        made(declare)
    assert says in str(caught.value)


@pytest.mark.parametrize("name", ["two words", "", "a" * 101])
def test_names_and_versions_are_plain(name: str) -> None:
    for options in ({"name": name or "?"}, {"version": name}):
        with pytest.raises(ValueError, match="expected letters, digits"):
            workflow(**options)(lambda wf: wf.timeline(a))


def test_says_which_parameter_no_step_gives() -> None:
    @step
    async def load(extract: Any, rows: Any, ctx: Context, more: Any = None) -> None:
        return None

    @load.undo
    async def unload(undo: Undo, rows: Any) -> None:
        return None

    with pytest.raises(ValueError, match=r"workflow it: step load: parameter rows of load: expected .* \(extract\); put rows >> load"):
        made(lambda wf: wf.timeline(named("extract") >> load))
    with pytest.raises(ValueError, match="parameter extract of load"):
        made(lambda wf: wf.timeline(named("rows") >> load))
    with pytest.raises(ValueError, match="parameter rows of back"):

        @step
        async def store() -> None:
            return None

        @store.undo
        async def back(undo: Undo, rows: Any) -> None:
            return None

        made(lambda wf: wf.timeline(store))
    made(lambda wf: wf.timeline([named("extract"), named("rows")] >> load))


def test_the_blueprint_has_what_was_said_and_nothing_else() -> None:
    async def unload(undo: Undo) -> None:
        return None

    @step(
        name="load-eu",
        queue="gpu",
        timeout=timedelta(minutes=2),
        heartbeat=timedelta(seconds=1.5),
        schedule_to_start=100,
        max_retries=0,
        estimated_duration=timedelta(seconds=90),
        undo=unload,
    )
    async def load() -> None:
        return None

    @workflow(version="2.1")
    def report(wf: Builder) -> None:
        """Loads."""
        wf.timeline(a >> load)

    assert report.blueprint() == {
        "name": "report",
        "version": "2.1",
        "description": "Loads.",
        "steps": [
            {"name": "a"},
            {
                "name": "load-eu",
                "queue": "gpu",
                "timeout_ms": 120_000,
                "heartbeat_ms": 1500,
                "schedule_to_start_ms": 100,
                "max_retries": 0,
                "estimated_duration_s": 90.0,
                "needs": ["a"],
                "undo": {"task_type": "unload"},
            },
        ],
    }
    assert report.steps == [a, load]


def test_a_workflow_needs_no_parentheses() -> None:
    @workflow
    def report(wf: Builder) -> None:
        wf.timeline(a)

    assert repr(report) == "workflow report@1"
    assert report.blueprint() == {"name": "report", "version": "1", "steps": [{"name": "a"}]}
