"""Checkpoints and models as `.npz` files: plain arrays, read without pickle. The same training gives the same bytes."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cerebros.artifacts import sha256_of, write_atomically
from cerebros.nas.contract import Checkpoint
from cerebros.nas.errors import TrainingError
from cerebros.nas.trainer import State

_FORMAT = 1

Identity = Mapping[str, Any]
"""What decides the weights after an epoch, as JSON; a checkpoint made for another identity is refused."""


def encode_checkpoint(identity: Identity, epoch: int, state: State) -> bytes:
    """Everything needed to go on after `epoch` finished epochs, bit for bit. Times are left out, so a repeat gives the same file."""
    about = {"format": _FORMAT, "identity": identity, "epoch": epoch, "steps": state.steps}
    return _encode(about, {"weights": state.weights, "memory": state.memory})


def encode_model(about: Mapping[str, Any], weights: Sequence[NDArray[np.float32]]) -> bytes:
    """A finished model: what it is for, then weights of all layers, then biases of all layers."""
    return _encode({"format": _FORMAT, **about}, {"weights": weights})


def read_checkpoint(folder: Path, named: Checkpoint, identity: Identity) -> State:
    """Reads a checkpoint from a trial's folder.

    Raises `CHECKPOINT_CORRUPT` when it is not there or not the one that was named, `CHECKPOINT_MISMATCH` when it belongs to
    another training.
    """
    about, arrays = _decode(_read(folder, named), named["file"])
    if about.get("identity") != json.loads(json.dumps(identity)) or about.get("epoch") != named["epoch"]:
        raise TrainingError(
            "CHECKPOINT_MISMATCH",
            f"{named['file']} belongs to another training: expected epoch {named['epoch']} of {json.dumps(identity)}, "
            f"got epoch {about.get('epoch')} of {json.dumps(about.get('identity'))}",
        )
    return State(_run(arrays, "weights"), _run(arrays, "memory"), int(about["steps"]))


def find_checkpoint(folder: Path, epoch: int, identity: Identity) -> Checkpoint | None:
    """The checkpoint of an epoch that nobody has told of; None when there is none of this training."""
    file = checkpoint_file(epoch)
    try:
        named: Checkpoint = {"file": file, "sha256": sha256_of((folder / file).read_bytes()), "epoch": epoch}
        read_checkpoint(folder, named, identity)
    except (FileNotFoundError, TrainingError):
        return None
    return named


def save_checkpoint(folder: Path, epoch: int, content: bytes) -> Checkpoint:
    """Writes a checkpoint into a trial's folder; it may be named once this returns."""
    file = checkpoint_file(epoch)
    write_atomically(folder / file, content)
    return {"file": file, "sha256": sha256_of(content), "epoch": epoch}


def remove_checkpoints(folder: Path, *, but: Checkpoint) -> None:
    """Removes all checkpoints but one, and what interrupted writes have left."""
    for file in [*folder.glob("epoch-*.npz"), *folder.glob("*.tmp")]:
        if file.name != but["file"]:
            file.unlink(missing_ok=True)


def checkpoint_file(epoch: int) -> str:
    """Name of an epoch's checkpoint in the trial's folder."""
    return f"epoch-{epoch}.npz"


def _read(folder: Path, named: Checkpoint) -> bytes:
    try:
        content = (folder / named["file"]).read_bytes()
    except FileNotFoundError as error:
        raise _corrupt(f"expected {named['file']} in {folder}, found none") from error
    if sha256_of(content) != named["sha256"]:
        raise _corrupt(f"{named['file']}: expected sha256 {named['sha256']}, got {sha256_of(content)}")
    return content


def _encode(about: Mapping[str, Any], runs: Mapping[str, Sequence[NDArray[np.float32]]]) -> bytes:
    header = np.frombuffer(json.dumps(about, sort_keys=True).encode(), np.uint8)
    named = {f"{run}_{index}": values for run, arrays in runs.items() for index, values in enumerate(arrays)}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, about=header, **named)
    return buffer.getvalue()


def _decode(content: bytes, name: str) -> tuple[dict[str, Any], dict[str, NDArray[np.float32]]]:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        about = json.loads(arrays.pop("about").tobytes())
    except (ValueError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise _corrupt(f"{name}: expected an .npz file of this engine, got something else ({error})") from error
    return about, arrays


def _run(arrays: Mapping[str, NDArray[np.float32]], run: str) -> list[NDArray[np.float32]]:
    count = sum(name.startswith(f"{run}_") for name in arrays)
    return [arrays[f"{run}_{index}"] for index in range(count)]


def _corrupt(message: str) -> TrainingError:
    return TrainingError("CHECKPOINT_CORRUPT", f"The checkpoint cannot be used: {message}.")
