"""What a step's parameters get, and what cannot be a step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from step_calls import refused, serve

from cerebros import Context, Undo, step

if TYPE_CHECKING:
    from somewhere_else import Rows  # type: ignore[import-not-found]


def test_binds_by_name_and_by_annotation() -> None:
    @step
    async def it(  # noqa: PLR0913, PLR0917 -- one of each sort
        inputs: Any, extract: Any, load_eu: Any, here: Context, optional: Any = "default"
    ) -> Any:
        return [inputs, extract, load_eu, here.execution_id, optional]

    answer = serve(it, needs={"extract": [1], "load-eu": {"rows": 2}, "other": 3})
    assert answer["result"] == [{"table": "orders"}, [1], {"rows": 2}, "run-1", "default"]
    assert serve(it, needs={"extract": 1, "load-eu": 2, "optional": 3})["result"][-1] == 3


def test_binds_a_context_whose_module_cannot_be_evaluated() -> None:
    @step
    async def it(ctx: Context, rows: Rows) -> Any:
        return [ctx.step_name, rows]

    assert serve(it, needs={"rows": 1})["result"] == ["it", 1]


def test_gives_an_undo_what_is_known_of_its_step() -> None:
    seen: list[Undo] = []

    @step
    async def charge() -> None:
        return None

    @charge.undo
    async def refund(undo: Undo, inputs: Any, order: Any, ctx: Context) -> str:
        seen.append(undo)
        return f"{inputs} {order} {ctx.step_name}"

    assert charge.undo_handler is not None
    answer = serve(charge.undo_handler, undo={"step": "charge", "status": "done", "output": {"id": 7}}, needs={"order": 1})
    assert (answer["status"], answer["result"]) == ("SUCCESS", None), "what an undo returns is nobody's"
    serve(charge.undo_handler, undo={"step": "charge", "status": "unknown", "error": {"code": "E", "message": "m"}}, needs={"order": 1})
    assert [(one.step, one.status, one.output) for one in seen] == [("charge", "done", {"id": 7}), ("charge", "unknown", None)]
    assert seen[1].error is not None
    assert (seen[1].error.code, seen[1].error.message) == ("E", "m")


def test_says_which_parameter_gets_nothing() -> None:
    @step
    async def it(rows: Any) -> Any:
        return rows

    failure = refused(it, needs={"extract": 1})
    assert failure.type == "INVALID_INPUT"
    assert "parameter rows: expected inputs, a Context, or a step that it needs (extract)" in failure.message


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"protocol": 2}, "input.protocol: expected 1, which this worker speaks, got 2"),
        ({"execution_id": 7}, "input.execution_id: expected text, got 7"),
        ({"needs": None}, "input.needs: expected an object, got None"),
        ({"resume": []}, "input.resume: expected null or a list"),
        ({"resume": [{"kind": "nap"}]}, "input.resume: expected null or a list of sleeps and approvals"),
        ({"undo": {"step": "it", "status": "maybe"}}, "input.undo.status: expected done or unknown, got 'maybe'"),
    ],
)
def test_refuses_an_input_that_is_none(value: dict[str, Any], says: str) -> None:
    @step
    async def it() -> None:
        return None

    failure = refused(it, **value)
    assert failure.type == "INVALID_INPUT"
    assert says in failure.message


def test_an_undo_is_no_step() -> None:
    @step
    async def it() -> None:
        return None

    @it.undo
    def back(undo: Undo) -> None:
        return None

    assert it.undo_handler is not None
    assert "back takes a step back: expected input.undo, got nothing" in refused(it.undo_handler).message


def test_can_be_called_as_the_function_it_is() -> None:
    @step(name="add-up")
    def add(rows: list[int]) -> int:
        """Adds."""
        return sum(rows)

    assert add([1, 2]) == 3
    assert (add.name, add.__doc__, repr(add)) == ("add-up", "Adds.", "step add-up")


async def generates() -> Any:
    yield 1


def refunds(undo: Undo) -> None:
    return None


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: step(generates), "step generates: expected a function, got a generator; return a list instead of yielding"),
        (lambda: step(name="a")(lambda *rows: rows), "parameter *rows: expected one that is given by name; write rows without"),
        (lambda: step(name="a")(lambda **rows: rows), "parameter **rows: expected one that is given by name"),
        (lambda: step(7), "step: expected a function, got 7"),  # type: ignore[call-overload]
        (lambda: step(dict), "step: expected a function, got <class 'dict'>"),
        (lambda: step(name="two words")(partial(print)), "step 'two words': expected a name of letters"),
        (lambda: step(name="7")(lambda: 1), "and no number; give name="),
        (lambda: step(name="a" * 101)(lambda: 1), "at most 100"),
        (lambda: step(lambda: 1), "step '<lambda>': expected a name of letters"),
        (lambda: step(name="inputs")(lambda: 1), "step inputs: expected another name"),
        (lambda: step(name="a", timeout=0)(lambda: 1), "timeout of step a: expected 1 to 31536000000 ms, got 0 ms"),
        (lambda: step(name="a", timeout=1.5)(lambda: 1), "timeout of step a: expected a timedelta or whole milliseconds, got 1.5"),  # type: ignore[call-overload]
        (lambda: step(name="a", heartbeat=499)(lambda: 1), "heartbeat of step a: expected 500 to"),
        (lambda: step(name="a", schedule_to_start=timedelta(milliseconds=99))(lambda: 1), "expected 100 to"),
        (lambda: step(name="a", max_retries=-1)(lambda: 1), "max_retries of step a: expected a whole number from 0 to 1000, got -1"),
        (lambda: step(name="a", queue="")(lambda: 1), "queue of step a: expected text of one line"),
        (lambda: step(name="a", undo=refunds)(lambda: 1).undo(refunds), "step a: expected one undo, got refunds and refunds; take one out"),
    ],
)
def test_says_what_cannot_be_a_step(make: Callable[[], Any], says: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        make()
    assert says in str(caught.value)
