"""A small set of images in an artifact store of its own, and the activity over it."""

from __future__ import annotations

import asyncio
import dataclasses
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import serving
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from temporalio.testing import ActivityEnvironment

from cerebros.artifacts import ArtifactStore
from cerebros.nas.activity import TrainRung
from cerebros.nas.contract import Heartbeat, RungResult

Input = dict[str, Any]

collect_ignore = [] if serving.ADDRESS else ["test_serving.py"]


def idx(values: NDArray[np.uint8]) -> bytes:
    """An IDX file of bytes."""
    return struct.pack(f">I{values.ndim}I", 0x800 + values.ndim, *values.shape) + values.tobytes()


class World:
    """An artifact store with the digits, and what is done with it."""

    def __init__(self, folder: Path) -> None:
        self.store = ArtifactStore(folder)
        images, labels = load_digits(return_X_y=True)
        pixels = np.rint(images.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
        self.files: dict[str, str] = {}
        for split, rows in {"train": slice(797), "validation": slice(797, 1297), "test": slice(1297, 1797)}.items():
            self.files[f"{split}_images"] = self.store.put(idx(pixels[rows]))
            self.files[f"{split}_labels"] = self.store.put(idx(labels[rows].astype(np.uint8)))

    def input(self, **changes: Any) -> Input:
        """An input that trains a small network for three epochs, with changes."""
        return {
            "protocol": 1,
            "search_id": "search",
            "trial": 7,
            "dataset_id": "digits",
            "dataset_sha256": "d" * 64,
            "dataset_limit": None,
            "dataset_files": self.files,
            "params": {"depth": 2, "width": 24, "learning_rate": 0.005, "batch_size": 32},
            "seed": 5,
            "max_params": 1_000_000,
            "fit": "train",
            "checkpoint": None,
            "to_epoch": 3,
            "final": False,
            **changes,
        }

    def train(self, value: Any, heartbeat: Heartbeat | None = None) -> RungResult:
        """Runs the activity to its end; `heartbeat` is what an earlier attempt told of last."""
        environment = ActivityEnvironment()
        if heartbeat is not None:
            environment.info = dataclasses.replace(environment.info, attempt=2, heartbeat_details=[heartbeat])
        return asyncio.run(environment.run(TrainRung(self.store).train_rung, value))

    def trial(self, trial: int = 7) -> Path:
        """The folder of a trial."""
        return self.store.folder / "runs" / "search" / "trials" / f"{trial:04d}"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A store that the test may fill."""
    return World(tmp_path / "artifacts")


@pytest.fixture
def scratch(tmp_path: Path) -> Callable[[], World]:
    """Makes further stores, each with nothing but the images."""
    made: list[World] = []

    def make() -> World:
        made.append(World(tmp_path / f"scratch-{len(made)}"))
        return made[-1]

    return make
