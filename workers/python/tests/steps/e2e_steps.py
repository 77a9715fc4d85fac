"""Steps for `test/e2e/python-*.test.ts`: a worker, and a client of it, as processes of their own.

python e2e_steps.py worker QUEUE        serves the workflows of that queue
python e2e_steps.py blueprints          prints all workflows as data, by name
python e2e_steps.py run NAME ID INPUTS  runs one, prints its outputs, or how it failed and exits with 1
python e2e_steps.py register NAME FILE  registers one with the command `cerebros`
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from temporalio.exceptions import ApplicationError

from cerebros import Builder, Context, Further, RunFailed, Step, Undo, UserError, Worker, Workflow, approval, sleep, step, workflow


def note(inputs: Any, text: str) -> None:
    """Appends a line to the file that the run names; the test reads it."""
    with Path(inputs["effects"]).open("a") as effects:
        effects.write(f"{text}\n")


# A journey through all that a step can do.


@step(estimated_duration=timedelta(seconds=1))
def pack(inputs: Any, ctx: Context) -> list[str]:
    note(inputs, f"pack {ctx.attempt}")
    ctx.progress(1, 2, "half of it")
    return ["tent", "rope"]


@step
async def rest(inputs: Any, pack: list[str], ctx: Context) -> Any:
    note(inputs, f"rest {len(ctx.resume)}")
    slept = await sleep(timedelta(milliseconds=inputs["sleep_ms"]), data={"packed": len(pack)})
    note(inputs, "rested")
    return {"packed": slept.data["packed"], "slept_ms": slept.slept_ms}


@step
async def climb(inputs: Any, rest: Any, ctx: Context) -> Any:
    decision = await approval("climb", data=rest, timeout=timedelta(hours=1), approvers=inputs.get("approvers"))
    note(inputs, f"climb {decision.decision}")
    return {"approved": decision.approved, "by": decision.by, "comment": decision.comment, "key": ctx.idempotency_key}


@workflow()
def journey(wf: Builder) -> None:
    """Packs, rests and climbs."""
    wf.timeline(pack >> rest >> climb)


# Branches, one of which may fail.


def branch(name: str) -> Step[..., Any]:
    """A step that takes a second, or fails, or waits to be cancelled, as the inputs say; it notes its undo."""

    @step(name=name, max_retries=0, heartbeat=timedelta(seconds=3))
    async def it(inputs: Any) -> str:
        if inputs.get("fails") == name:
            await asyncio.sleep(0.3)
            raise ApplicationError("on purpose", type="ON_PURPOSE")
        await asyncio.sleep(60 if name in inputs.get("waits", []) else 1)
        return name

    async def undo(undo: Undo, inputs: Any) -> None:
        note(inputs, f"undo {name} {undo.status} {undo.error.code if undo.error else undo.output}")

    undo.__name__ = f"undo-{name}"
    it.undo(undo)
    return it


one, two, three, four, last = map(branch, ("one", "two", "three", "four", "last"))


@workflow()
def branches(wf: Builder) -> None:
    wf.timeline(one >> [two, three, four] >> last)


# Steps that a step adds.


@step
async def count(inputs: Any, ctx: Context) -> Any:
    note(inputs, f"{ctx.step_name}")
    return inputs["rows"]


@step
async def split(inputs: Any) -> Any:
    regions = [count.named(f"count-{region}", inputs={**inputs, "rows": rows}) for region, rows in inputs["regions"].items()]
    return Further(len(regions), [*regions, add_up.named("add-up", needs=[one["name"] for one in regions])])


@step
async def add_up(inputs: Any, count_eu: int, count_us: int) -> Any:
    return count_eu + count_us


@workflow()
def growing(wf: Builder) -> None:
    wf.timeline(split)
    wf.may_add(count, add_up)


# What goes wrong.


def around_itself() -> Any:
    value: list[Any] = []
    value.append(value)
    return value


def nested(depth: int) -> Any:
    return 1 if depth == 0 else [nested(depth - 1)]


BAD: dict[str, Callable[[], Any]] = {
    "nan": lambda: float("nan"),
    "infinity": lambda: {"a": [float("inf")]},
    "a set": lambda: {"tags": {1}},
    "a date": lambda: {"on": date(2027, 1, 31)},
    "a cycle": around_itself,
    "300 deep": lambda: nested(300),
    "3 MB": lambda: "x" * 3_000_000,
    "a huge message": lambda: fail("x" * 5_000_000),
    "an exit": lambda: sys.exit(1),
}


def fail(message: str) -> None:
    raise ValueError(message)


@step(max_retries=0)
async def before(inputs: Any) -> str:
    return "done"


@before.undo
async def take_back(undo: Undo, inputs: Any) -> None:
    note(inputs, f"undo before {undo.status}")


@step(max_retries=0)
async def bad(inputs: Any, ctx: Context) -> Any:
    if inputs["what"] == "a mismatch":
        await (approval("now", timeout=1000) if ctx.resume else sleep(1))
    return BAD[inputs["what"]]()


@workflow(name="bad")
def bad_run(wf: Builder) -> None:
    wf.timeline(before >> bad)


@step(heartbeat=timedelta(seconds=1), max_retries=2)
async def fragile(inputs: Any, ctx: Context) -> Any:
    """Dies with its worker on its first attempt, waits on the others until the test lets it go."""
    note(inputs, f"fragile {ctx.attempt} {ctx.idempotency_key}")
    ctx.progress(1, 4, "a quarter")
    if inputs["how"] == "dies" and ctx.attempt == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    while inputs["how"] == "waits" and not Path(f"{inputs['effects']}.go").exists():
        await asyncio.sleep(0.02)
    return ctx.attempt


@fragile.undo
async def mend(undo: Undo, inputs: Any) -> None:
    note(inputs, f"undo fragile {undo.status} {undo.error.code if undo.error else undo.output}")


@workflow(name="fragile")
def fragile_run(wf: Builder) -> None:
    wf.timeline(fragile)


@step(queue="hangs", heartbeat=timedelta(seconds=1), max_retries=0)
async def hangs(inputs: Any) -> None:
    note(inputs, "hangs")
    time.sleep(600)


@workflow(name="hangs")
def hanging(wf: Builder) -> None:
    wf.timeline(before >> hangs)


@step(queue="nobody", schedule_to_start=timedelta(seconds=1), max_retries=0)
async def lonely() -> None:
    return None


@workflow(name="lonely")
def lonely_run(wf: Builder) -> None:
    wf.timeline(before >> lonely)


WORKFLOWS = {one.name: one for one in (journey, branches, growing, bad_run, fragile_run, hanging, lonely_run)}


def main(what: str, *arguments: str) -> None:
    """See above."""
    if what == "worker":
        (queue,) = arguments
        every = [one for each in WORKFLOWS.values() for one in each.steps]
        Worker([one for one in every if (one.options.queue or "cerebros-python") == queue], queue=queue).run()
    elif what == "blueprints":
        print(json.dumps({name: one.blueprint() for name, one in WORKFLOWS.items()}))
    elif what == "register":
        name, file = arguments
        print(json.dumps(WORKFLOWS[name].register(file)))
    else:
        name, id, inputs = arguments
        print(json.dumps(asyncio.run(_run(WORKFLOWS[name], id, json.loads(inputs)))))


async def _run(work: Workflow, id: str, inputs: Any) -> Any:
    try:
        return await work.execute(inputs, id=id)
    except RunFailed as failed:
        print(json.dumps({key: value for key, value in vars(failed).items() if key != "stuck"}))
        sys.exit(1)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
