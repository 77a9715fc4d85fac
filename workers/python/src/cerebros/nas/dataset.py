"""Images and labels out of IDX files, the format that MNIST is published in."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cerebros.artifacts import ArtifactError, ArtifactMissingError, ArtifactStore
from cerebros.nas.errors import TrainingError

_IMAGES_MAGIC = 0x00000803
_LABELS_MAGIC = 0x00000801
_CLASSES_MIN = 3


@dataclass(frozen=True)
class Split:
    """Part of a dataset: one row of pixels per image, as bytes, and its class, from 0."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.uint8]

    def rows(self, rows: NDArray[np.intp] | slice) -> NDArray[np.float32]:
        """Images scaled to [0, 1]; they are kept as bytes, which is a quarter of the memory."""
        return self.pixels[rows].astype(np.float32) / np.float32(255)

    def __len__(self) -> int:
        return len(self.labels)

    def __add__(self, other: Split) -> Split:
        """The images of both, in this order."""
        return Split(np.concatenate([self.pixels, other.pixels]), np.concatenate([self.labels, other.labels]))


@dataclass(frozen=True)
class Dataset:
    """What a training learns from and is judged by; `test` is scored once, at the end."""

    train: Split
    validation: Split
    test: Split

    @property
    def features(self) -> int:
        """Pixels of an image."""
        return int(self.train.pixels.shape[1])

    @property
    def classes(self) -> int:
        """One more than the highest label in any split."""
        return 1 + max(int(split.labels.max()) for split in (self.train, self.validation, self.test))


def load_dataset(store: ArtifactStore, files: Mapping[str, str], limit: Mapping[str, int]) -> Dataset:
    """Reads the six IDX files, by their URIs, and takes the first images of each split that has a limit.

    Raises `DATASET_MISMATCH` when a file is damaged, no IDX file of bytes, or does not fit the others; `ARTIFACT_MISSING`.
    """

    def split(name: str) -> Split:
        images = _parse_idx(_read(store, files[f"{name}_images"]), _IMAGES_MAGIC, f"{name}_images")
        labels = _parse_idx(_read(store, files[f"{name}_labels"]), _LABELS_MAGIC, f"{name}_labels")
        if len(images) != len(labels) or len(labels) == 0:
            raise _mismatch(f"{name}: expected one label for each of at least one image, got {len(images)} images and {len(labels)} labels")
        return Split(images.reshape(len(images), -1)[: limit.get(name)], labels[: limit.get(name)])

    dataset = Dataset(split("train"), split("validation"), split("test"))
    sizes = {part.pixels.shape[1] for part in (dataset.train, dataset.validation, dataset.test)}
    if len(sizes) != 1:
        raise _mismatch(f"expected images of one size in all splits, got {sorted(sizes)} pixels")
    if dataset.classes < _CLASSES_MIN:
        raise _mismatch(f"expected labels of at least {_CLASSES_MIN} classes, got {dataset.classes}")
    return dataset


def _read(store: ArtifactStore, uri: str) -> bytes:
    try:
        return store.get(uri)
    except ArtifactMissingError as error:
        raise TrainingError("ARTIFACT_MISSING", f"{error}; is this the folder that the other workers use?") from error
    except ArtifactError as error:
        raise _mismatch(str(error)) from error


def _parse_idx(content: bytes, magic: int, name: str) -> NDArray[np.uint8]:
    dimensions = magic & 0xFF
    header = 4 + 4 * dimensions
    if len(content) < header or struct.unpack(">I", content[:4])[0] != magic:
        raise _mismatch(f"{name}: expected an IDX file that begins with {magic:08x}, got {content[:4].hex() or 'nothing'}")
    shape = struct.unpack(f">{dimensions}I", content[4:header])
    values = np.frombuffer(content, np.uint8, offset=header)
    if values.size != int(np.prod(shape, dtype=np.int64)):
        raise _mismatch(f"{name}: expected {shape} bytes after its header, got {values.size}")
    return values.reshape(shape)


def _mismatch(message: str) -> TrainingError:
    return TrainingError("DATASET_MISMATCH", message)
