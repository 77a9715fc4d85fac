"""The blueprint of `npm run test:resurrection`: three steps, the middle one sleeps.

python steps.py worker             serves the steps
python steps.py start ID INPUTS    starts a run
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from cerebros import Builder, Context, Worker, sleep, step, workflow


def note(inputs: Any, ctx: Context, what: str) -> None:
    """Appends a line to the file that the run names, which no kill of a process takes back."""
    line = {"run": ctx.execution_id, "step": ctx.step_name, "what": what, "at_ms": time.time() * 1000}
    with Path(inputs["effects"]).open("a") as effects:
        effects.write(f"{json.dumps(line)}\n")


@step
async def gather(inputs: Any, ctx: Context) -> Any:
    note(inputs, ctx, "called")
    note(inputs, ctx, "done")
    return {"token": inputs["token"]}


@step
async def rest(inputs: Any, gather: Any, ctx: Context) -> Any:
    note(inputs, ctx, "called")
    slept = await sleep(timedelta(milliseconds=inputs["sleep_ms"]), data={"kept": gather["token"], "rows": [1, 2, 3]})
    note(inputs, ctx, "woke")
    note(inputs, ctx, "done")
    return slept.data


@step
async def report(inputs: Any, rest: Any, ctx: Context) -> Any:
    note(inputs, ctx, "called")
    note(inputs, ctx, "done")
    return {"kept": rest["kept"], "sum": sum(rest["rows"])}


@workflow()
def resurrection(wf: Builder) -> None:
    wf.timeline(gather >> rest >> report)


if __name__ == "__main__":
    if sys.argv[1] == "worker":
        Worker(resurrection.steps).run()
    else:
        _, _, id, inputs = sys.argv
        asyncio.run(resurrection.execute(json.loads(inputs), id=id, wait=False))
