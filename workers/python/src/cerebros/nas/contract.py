"""The activity `trainRung`, as `src/contracts/train-rung.ts` defines it for every engine. Names on the wire equal those there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypedDict, cast

from cerebros.nas.errors import TrainingError
from cerebros.nas.fields import Fields

TRAIN_RUNG = "trainRung"
"""Name of the activity, on the queue of its engine."""

PROTOCOL = 1
_CHECKPOINT_FILE = re.compile(r"epoch-\d{1,9}\.npz")
_SPLITS = ("train", "validation", "test")

Fit = Literal["train", "train_and_validation"]


class Checkpoint(TypedDict):
    """Where a training stands on disk: a file in the trial's folder, the hash of its bytes, and the epochs finished."""

    file: str
    sha256: str
    epoch: int


class EpochRecord(TypedDict):
    """One finished epoch: mean cross-entropy in nats, validation accuracy 0 to 1, wall-clock milliseconds."""

    epoch: int
    train_loss: float
    validation_accuracy: float
    ms: float


class Model(TypedDict):
    """A finished model in the trial's folder; the hash is of the file's bytes."""

    file: str
    sha256: str
    test_accuracy: float


class RungResult(TypedDict):
    """What a training came to."""

    engine: str
    params: Mapping[str, Any]
    seed: int
    checkpoint: Checkpoint
    epochs: list[EpochRecord]
    value: float
    param_count: int
    weights_sha256: str
    model: Model | None


class Heartbeat(TypedDict):
    """Where an attempt stands, in epochs, and where the next one goes on from."""

    epoch: int
    done: float
    total: int
    checkpoint: Checkpoint | None


@dataclass(frozen=True)
class RungInput:
    """Trains one configuration from a checkpoint to an epoch; fields as in `TrainRungInput`."""

    search_id: str
    trial: int
    dataset_id: str
    dataset_sha256: str
    dataset_limit: Mapping[str, int]
    dataset_files: Mapping[str, str]
    params: Mapping[str, Any]
    seed: int
    max_params: int
    fit: Fit
    checkpoint: Checkpoint | None
    resume: Checkpoint | None
    to_epoch: int
    final: bool
    crash: bool


def parse_input(value: object) -> RungInput:
    """Reads an input as it came through Temporal. Raises `SPEC_INVALID` or `DATASET_MISSING`."""
    fields = Fields(value, "input")
    if fields.get("protocol") != PROTOCOL:
        fields.refuse("protocol", f"{PROTOCOL}, the one this worker speaks")
    rung = RungInput(
        search_id=fields.text("search_id"),
        trial=fields.whole("trial", 0),
        dataset_id=fields.text("dataset_id"),
        dataset_sha256=fields.text("dataset_sha256"),
        dataset_limit=_parse_limit(fields.inner("dataset_limit")),
        dataset_files=_parse_files(fields.inner("dataset_files")),
        params=cast(Mapping[str, Any], fields.get("params")),
        seed=fields.whole("seed", 0),
        max_params=fields.whole("max_params", 1),
        fit=cast(Fit, fields.one_of("fit", ("train", "train_and_validation"))),
        checkpoint=parse_checkpoint(fields.inner("checkpoint")),
        resume=parse_checkpoint(fields.inner("resume")),
        to_epoch=fields.whole("to_epoch", 1, 1_000),
        final=fields.flag("final"),
        crash=fields.flag("crash", default=False),
    )
    if rung.checkpoint is not None and rung.to_epoch <= rung.checkpoint["epoch"]:
        fields.refuse("to_epoch", f"an epoch after {rung.checkpoint['epoch']}, that of the checkpoint")
    return rung


def parse_heartbeat(details: object) -> Checkpoint | None:
    """The checkpoint that an earlier attempt told of last; None when it had none."""
    return parse_checkpoint(Fields(details, "heartbeat").inner("checkpoint"))


def parse_checkpoint(fields: Fields | None) -> Checkpoint | None:
    """Reads where a training stands. The name is one of ours, so that it cannot lead out of the trial's folder."""
    if fields is None:
        return None
    if _CHECKPOINT_FILE.fullmatch(fields.text("file")) is None:
        fields.refuse("file", "epoch-N.npz, a checkpoint of the Python engine")
    return {"file": fields.text("file"), "sha256": fields.text("sha256"), "epoch": fields.whole("epoch", 0)}


def _parse_limit(fields: Fields | None) -> Mapping[str, int]:
    if fields is None:
        return {}
    return {split: fields.whole(split, 1) for split in _SPLITS if fields.get(split) is not None}


def _parse_files(fields: Fields | None) -> Mapping[str, str]:
    if fields is None:
        message = "input.dataset_files: expected the images as IDX files in the artifact store, got nothing"
        raise TrainingError("DATASET_MISSING", message)
    names = [f"{split}_{kind}" for split in _SPLITS for kind in ("images", "labels")]
    return {name: fields.text(name) for name in names}
