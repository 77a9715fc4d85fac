"""What can go wrong in training, as stable codes shared with the TypeScript side."""

from __future__ import annotations

from typing import Literal

TrainingErrorCode = Literal[
    "SPEC_INVALID",
    "MODEL_TOO_LARGE",
    "DATASET_MISMATCH",
    "DATASET_MISSING",
    "CHECKPOINT_CORRUPT",
    "CHECKPOINT_MISMATCH",
    "TRAINING_DIVERGED",
    "ARTIFACT_MISSING",
    "OUT_OF_MEMORY",
    "TRAINING_THREAD_LOST",
]

_RETRYABLE = frozenset({"ARTIFACT_MISSING", "OUT_OF_MEMORY", "TRAINING_THREAD_LOST"})
_EXPECTED = frozenset({"SPEC_INVALID", "MODEL_TOO_LARGE", "TRAINING_DIVERGED"})


class TrainingError(Exception):
    """Raised by everything in `cerebros.nas` when a training cannot start or go on; `code` says which case it is."""

    def __init__(self, code: TrainingErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed when it is made again, here or on another worker."""
        return self.code in _RETRYABLE

    @property
    def expected(self) -> bool:
        """Whether it says something about the configuration, and nothing is wrong with the worker."""
        return self.code in _EXPECTED


class Stopped(Exception):
    """Raised inside a training that was told to stop."""
