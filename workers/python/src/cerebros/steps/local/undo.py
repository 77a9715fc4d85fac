"""Takes the steps of a local run back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from cerebros.steps.local.attempts import LOG, StepFailed
from cerebros.steps.local.step_run import StepRun
from cerebros.steps.run_failed import Stuck

_NO_EFFECT = "NO_EFFECT"


async def undo_layers(runs: Sequence[StepRun], depths: Mapping[str, int]) -> list[Stuck]:
    """Undoes the deepest layer of the graph first, the steps of a layer in parallel. A failing undo does not stop it: it is answered."""
    stuck: list[Stuck] = []
    for depth in sorted(set(depths.values()), reverse=True):
        layer = [one for one in runs if depths[one.name] == depth]
        stuck += [one for one in await asyncio.gather(*map(_undo, layer)) if one is not None]
    return stuck


async def _undo(run: StepRun) -> Stuck | None:
    if run.ended is not None and run.ended.error is not None and run.ended.error[0] == _NO_EFFECT:
        return None
    try:
        await run.undo()
        return None
    except StepFailed as failed:
        LOG.error("%s: cannot be undone (%s)", run.name, failed)
        return Stuck(run.name, failed.code, failed.message)
