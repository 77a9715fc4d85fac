"""The vectors of all languages: what a step asks for is answered by the protocol, or refused before it leaves the worker."""

from __future__ import annotations

import json
from typing import Any

import pytest
from json_schema import SCHEMAS, Schema
from step_calls import decided, refused, serve, slept, step_input

from cerebros import Context, Further, Step, approval, sleep, step

OUTPUT = Schema("step-output")
FIELDS = {
    "SUCCESS": {"result"},
    "SLEEP": {"duration_ms", "data"},
    "APPROVAL": {"approval_type", "data", "timeout_ms"},
}
REPORT = {"status", "worker_id", "attempt", "started_at"}
MAY = {"SUCCESS": {"steps"}, "SLEEP": set[str](), "APPROVAL": {"on_timeout", "approvers"}}


def read_vectors() -> dict[str, Any]:
    """By name, what a worker answers and what a run is to make of it."""
    files = sorted((SCHEMAS / "vectors" / "steps").glob("*.json"))
    vectors = {file.stem: json.loads(file.read_text()) for file in files}
    return {name: (_parsed(one), one["expect"]) for name, one in vectors.items()}


def _parsed(vector: Any) -> Any:
    try:
        return json.loads(vector["text"]) if "text" in vector else vector["output"]
    except ValueError:
        return None


def is_a_steps(output: Any) -> bool:
    """Whether a function of this package can ask for it: status and report are the worker's."""
    status = output.get("status") if isinstance(output, dict) else None
    given = set(output) - REPORT if status in FIELDS else set()
    return status in FIELDS and FIELDS[status] <= given <= FIELDS[status] | MAY[status]


VECTORS = read_vectors()
ASKED = {name: vector for name, vector in VECTORS.items() if is_a_steps(vector[0])}


def asking_for(output: Any) -> Step[..., Any]:
    """A step that does what the vector says."""

    @step
    async def it() -> Any:
        if output["status"] == "SLEEP":
            await sleep(output["duration_ms"], output["data"])
        if output["status"] == "APPROVAL":
            policy = {key: output[key] for key in MAY["APPROVAL"] if output.get(key) is not None}
            await approval(output["approval_type"], data=output["data"], timeout=output["timeout_ms"], **policy)
        return Further(output["result"], output["steps"]) if "steps" in output else output["result"]

    return it


def test_most_vectors_are_what_a_step_can_ask_for() -> None:
    assert len(ASKED) > 20
    assert {"sleep-of-ten-years", "approval", "result-like-a-sleep", "refused-nan", "refused-sleep-backwards", "success-with-steps"} <= set(
        ASKED
    )


@pytest.mark.parametrize("name", [name for name, (_, expect) in ASKED.items() if "status" in expect])
def test_answers_as_the_vector_has_it(name: str) -> None:
    output, expect = ASKED[name]
    answer = serve(asking_for(output))
    assert OUTPUT.faults(answer) == []
    assert answer["status"] == expect["status"]
    assert {key: answer[key] for key in set(output) - REPORT} == {key: output[key] for key in set(output) - REPORT}


# Null is how Python leaves approvers out; a worker's own report is never wrong.
OURS = {"refused-approvers-null", "refused-attempt-zero", "refused-no-attempt", "refused-no-worker", "refused-time-in-words"}


@pytest.mark.parametrize("name", [name for name, (_, expect) in ASKED.items() if "error" in expect and name not in OURS])
def test_refuses_in_the_worker_what_the_run_would_refuse(name: str) -> None:
    output, _ = ASKED[name]
    assert refused(asking_for(output)).type in ("MALFORMED_RESULT", "VALUE_NOT_JSON")


@pytest.mark.parametrize("name", sorted(OURS & set(ASKED)))
def test_answers_right_where_others_may_be_wrong(name: str) -> None:
    assert OUTPUT.faults(serve(asking_for(ASKED[name][0]))) == []


def test_the_inputs_of_these_tests_fit_the_schema() -> None:
    schema = Schema("step-input")
    undo = {"step": "it", "status": "unknown", "error": {"code": "E", "message": "m"}}
    for changes in ({}, {"resume": [slept(), decided()]}, {"undo": undo}, {"needs": {"a": [1]}}):
        assert schema.faults(step_input(**changes)) == []
    assert schema.faults(step_input(resume=[{"kind": "nap"}])) != []


def test_a_context_tells_the_place_of_the_call() -> None:
    @step
    async def it(ctx: Context) -> Any:
        return [ctx.execution_id, ctx.step_name, ctx.attempt, ctx.idempotency_key, list(ctx.resume)]

    answer = serve(it, attempt=3, resume=[slept("a")])
    assert answer["result"] == ["run-1", "it", 3, "run-1/root/0.0/do/0", [slept("a")]]
    assert (answer["attempt"], answer["worker_id"]) == (3, "4711@host")
