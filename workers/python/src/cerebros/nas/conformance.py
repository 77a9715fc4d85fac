"""Runs trainings without Temporal, for the tests that hold every engine to the same contract.

`python -m cerebros.nas.conformance --artifacts DIR` reads a JSON list of inputs of `trainRung` from stdin, one after the other
trains them, and writes a JSON list of outcomes: `{"result": …}` or `{"error": {"type", "message", "non_retryable"}}`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from cerebros.artifacts import ArtifactStore
from cerebros.nas.activity import TrainRung


async def outcomes_of(inputs: Sequence[Any], store: ArtifactStore) -> list[dict[str, Any]]:
    """What each input comes to, in order."""
    activities = TrainRung(store)
    return [await _outcome_of(activities, one) for one in inputs]


async def _outcome_of(activities: TrainRung, value: Any) -> dict[str, Any]:
    try:
        return {"result": await ActivityEnvironment().run(activities.train_rung, value)}
    except ApplicationError as error:
        return {"error": {"type": error.type, "message": error.message, "non_retryable": error.non_retryable}}


def main() -> None:
    """Reads, trains and writes."""
    parser = argparse.ArgumentParser("python -m cerebros.nas.conformance")
    parser.add_argument("--artifacts", type=Path, required=True, metavar="DIR", help="artifact store with the images")
    options = parser.parse_args()
    outcomes = asyncio.run(outcomes_of(json.load(sys.stdin), ArtifactStore(options.artifacts)))
    json.dump(outcomes, sys.stdout, allow_nan=False)


if __name__ == "__main__":
    main()
