"""The activity `trainRung`."""

from __future__ import annotations

import asyncio
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from cerebros.artifacts import ArtifactError, ArtifactStore
from cerebros.nas.contract import TRAIN_RUNG, Checkpoint, RungInput, RungResult, parse_heartbeat, parse_input
from cerebros.nas.errors import TrainingError
from cerebros.nas.rung import Rung

HEARTBEAT_S = 1.0


class TrainRung:
    """Serves `trainRung` with the artifact store of this worker."""

    def __init__(self, store: ArtifactStore) -> None:
        """`store` is the folder that all workers of a stack share."""
        self._store = store

    @activity.defn(name=TRAIN_RUNG)
    async def train_rung(self, value: Any) -> RungResult:
        """Trains one configuration from a checkpoint to an epoch, and goes on where an earlier attempt was.

        A cancelled training ends at its next slice and keeps its checkpoints. Fails with the codes of `TrainingErrorCode`.
        """
        try:
            return await self._train(value)
        except TrainingError as error:
            # A benign one is an answer, and leaves no traceback in the worker's log.
            category = ApplicationErrorCategory.BENIGN if error.expected else ApplicationErrorCategory.UNSPECIFIED
            raise ApplicationError(str(error), type=error.code, non_retryable=not error.retryable, category=category) from error
        except ArtifactError as error:
            raise ApplicationError(str(error), type="SPEC_INVALID", non_retryable=True) from error
        except MemoryError as error:
            raise ApplicationError(f"not enough memory: {error}", type="OUT_OF_MEMORY") from error

    async def _train(self, value: Any) -> RungResult:
        loop = asyncio.get_running_loop()
        rung_input = parse_input(value)
        resume = _told_last() or rung_input.resume or rung_input.checkpoint

        def beat() -> None:
            activity.heartbeat(rung.standing)

        def kept() -> None:
            loop.call_soon_threadsafe(beat)

        rung = Rung(rung_input, resume, self._store, kept)
        _say_that_it_resumes(rung_input, resume)

        training = asyncio.ensure_future(asyncio.to_thread(rung.run))
        try:
            while not training.done():
                beat()
                await asyncio.wait({training}, timeout=HEARTBEAT_S)
            return training.result()
        except asyncio.CancelledError:
            # The thread is waited for, or the next attempt would train beside it; it ends at its next slice.
            rung.stop()
            await asyncio.wait({training})
            training.exception()
            raise


def _told_last() -> Checkpoint | None:
    """What the attempt before told of last, if there was one that did."""
    details = activity.info().heartbeat_details
    return parse_heartbeat(details[0]) if details else None


def _say_that_it_resumes(rung: RungInput, resume: Checkpoint | None) -> None:
    """Where a person looks after a crash."""
    attempt = activity.info().attempt
    if attempt > 1 and resume is not None:
        name = f"trial {rung.search_id}.t{rung.trial:04d}" if rung.fit == "train" else f"best of {rung.search_id}"
        way = (attempt, resume["epoch"], rung.to_epoch)
        activity.logger.warning(f"{name}: attempt %d resumed at epoch %d, on the way to epoch %d", *way)
