"""A report in three steps: one sleeps for rows that come late, one asks whether to publish.

python report.py local      runs it here, without any server, and asks for the approval at this terminal
python report.py worker     serves its steps on a stack (`cerebros dev`)
python report.py run        starts a run there and waits for its result; `cerebros approvals` shows what it asks
python report.py register   registers it, so that `cerebros start blueprint` can run it by its name
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import logging
import sys
from datetime import timedelta
from typing import Any

from cerebros import Builder, Context, RunFailed, Undo, UserError, Worker, approval, sleep, step, workflow

INPUTS = {"table": "orders", "rows": [3, 4, 5], "late_ms": 2000}


@step
def extract(inputs: dict[str, Any], ctx: Context) -> list[int]:
    """Reads the rows that are there. A plain function is run in a thread."""
    rows = []
    for number, row in enumerate(inputs["rows"], start=1):
        rows.append(int(row))
        ctx.progress(number, len(inputs["rows"]), f"read row {number}")
    return rows


@step
async def total(inputs: dict[str, Any], extract: list[int]) -> dict[str, Any]:
    """Waits for rows that come late; meanwhile no worker is needed."""
    slept = await sleep(timedelta(milliseconds=inputs["late_ms"]), data={"rows_before": len(extract)})
    return {"table": inputs["table"], "sum": sum(extract), "rows_before": slept.data["rows_before"]}


@step(timeout=timedelta(minutes=1), max_retries=5)
async def publish(total: dict[str, Any], ctx: Context) -> dict[str, Any]:
    """Publishes once somebody has said yes."""
    decision = await approval("publish", data=total, timeout=timedelta(days=1))
    if not decision.approved:
        return {"published": False, "by": decision.by, "comment": decision.comment}
    # What is done twice under one key is done once: the call may come again when this worker dies here.
    return {"published": True, "by": decision.by, "key": ctx.idempotency_key, **total}


@publish.undo
async def withdraw(undo: Undo) -> None:
    """Takes the publication back; also when nobody knows whether there was one."""
    logging.getLogger("report").info("withdrawn (it was %s)", undo.status)


@workflow(name="py-report", version="1")
def report(wf: Builder) -> None:
    """Adds up the rows of a table and publishes the sum, if somebody approves."""
    wf.timeline(extract >> total >> publish)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["local", "worker", "run", "register"])
    parser.add_argument("--id", help="id of the run: the same again is the same run")
    parser.add_argument("--no-wait", action="store_true", help="run: do not wait for the result")
    parser.add_argument("--yes", action="store_true", help="local: approve without asking")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    if options.what == "worker":
        Worker(report.steps).run()
        return
    try:
        print(json.dumps(_result(options), indent=2))
    except RunFailed as failed:
        print(failed, file=sys.stderr)
        sys.exit(1)
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)


def _result(options: argparse.Namespace) -> Any:
    if options.what == "register":
        return report.register()
    if options.what == "run" and options.no_wait:
        return dataclasses.asdict(asyncio.run(report.execute(INPUTS, id=options.id, wait=False)))
    if options.what == "run":
        return asyncio.run(report.execute(INPUTS, id=options.id))
    return asyncio.run(report.run_local(INPUTS, on_approval=(lambda _: True) if options.yes else None))


if __name__ == "__main__":
    main()
