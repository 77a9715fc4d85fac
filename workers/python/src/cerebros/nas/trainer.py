"""Trains a dense network with scikit-learn, epoch by epoch, so that it can stop and go on bit for bit."""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import sklearn
import threadpoolctl
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier

from cerebros.nas.architecture import Network
from cerebros.nas.dataset import Dataset, Split
from cerebros.nas.errors import TrainingError

ENGINE = f"python-sklearn {sklearn.__version__}"
"""What trains, as results name it."""

_WEIGHTS_STREAM, _SHUFFLE_STREAM = 1, 2
_SLICE_IMAGES = 4096
# A slice takes some tenths of a second on one core, which bounds how long a cancel waits. In images times parameters; that the
# optimizer changes the weights costs about as much as so many images more in each batch (measured).
_SLICE_WORK = 4_000_000_000
_UPDATE_IMAGES = 512

Array = NDArray[np.float32]
Report = Callable[[float], None]
"""Called between slices with the share of the epoch that is done, 0 to 1; may raise to stop the training."""


@dataclass(frozen=True)
class State:
    """All that decides how a training goes on: weights and biases, then what the optimizer remembers of each."""

    weights: list[Array]
    memory: list[Array]
    steps: int


class Trainer:
    """A training that stands between two epochs. The same network, data and seed always give the same weights, on one kind of processor."""

    def __init__(self, network: Network, dataset: Dataset, train: Split, seed: int) -> None:
        """`train` is what it learns from; of `dataset` come the size of the images and the classes."""
        _one_thread()
        self._train = train
        self._seed = seed
        self._classes = np.arange(dataset.classes)
        self._batch = min(network.batch_size, len(train))
        self._model = MLPClassifier(
            hidden_layer_sizes=network.widths,
            activation=network.activation,
            solver=network.optimizer,
            learning_rate_init=network.learning_rate,
            momentum=network.momentum,
            nesterovs_momentum=False,
            alpha=0.0,
            batch_size=self._batch,
            # The order of the images is decided here, by seed and epoch alone, and not by how often a generator was asked.
            shuffle=False,
            random_state=_random(seed, _WEIGHTS_STREAM),
        )
        self._slice = self._images_per_slice(network.param_count(dataset.features, dataset.classes))

    def train_epoch(self, epoch: int, report: Report) -> float:
        """Trains epoch number `epoch`, from 0, and returns its mean loss in nats. Raises `TRAINING_DIVERGED`, and what `report` raises."""
        order = _random(self._seed, _SHUFFLE_STREAM, epoch).permutation(len(self._train))
        loss_sum = 0.0
        for start, stop in self._slices():
            report(start / len(order))
            loss_sum += self._train_slice(order[start:stop], epoch) * (stop - start)
        return loss_sum / len(order)

    def accuracy(self, split: Split) -> float:
        """Share of images classified right, 0 to 1."""
        right = 0
        for start in range(0, len(split), _SLICE_IMAGES):
            rows = slice(start, start + _SLICE_IMAGES)
            right += int(np.count_nonzero(self._model.predict(split.rows(rows)) == split.labels[rows]))
        return right / len(split)

    @property
    def state(self) -> State:
        """The weights and the optimizer's memory; arrays of the training itself, not to be changed."""
        optimizer = self._model._optimizer
        weights = [*self._model.coefs_, *self._model.intercepts_]
        if self._model.solver == "adam":
            return State(weights, [*optimizer.ms, *optimizer.vs], int(optimizer.t))
        return State(weights, [*optimizer.velocities], 0)

    def restore(self, state: State) -> None:
        """Goes on from a state of the same network."""
        # scikit-learn makes its arrays when it first trains; what this writes into them is overwritten at once.
        self._train_slice(np.arange(self._batch), epoch=0)
        params = [*self._model.coefs_, *self._model.intercepts_]
        for param, saved in zip(params, state.weights, strict=True):
            param[...] = saved
        optimizer = self._model._optimizer
        if self._model.solver == "adam":
            half = len(params)
            optimizer.ms, optimizer.vs, optimizer.t = state.memory[:half], state.memory[half:], state.steps
        else:
            optimizer.velocities = state.memory

    @property
    def weights_sha256(self) -> str:
        """Hash of the weights, layer by layer: float32, little endian, weights [inputs, outputs], then biases."""
        digest = hashlib.sha256()
        for coefs, intercepts in zip(self._model.coefs_, self._model.intercepts_, strict=True):
            for values in (coefs, intercepts):
                digest.update(np.ascontiguousarray(values, dtype="<f4").tobytes())
        return digest.hexdigest()

    def _train_slice(self, rows: NDArray[np.intp], epoch: int) -> float:
        try:
            with np.errstate(all="ignore"):
                self._model.partial_fit(self._train.rows(rows), self._train.labels[rows], classes=self._classes)
        except ValueError as error:
            if all(np.isfinite(values).all() for values in (*self._model.coefs_, *self._model.intercepts_)):
                raise
            raise self._diverged("a weight that is not finite", epoch) from error
        loss = float(self._model.loss_)
        if not math.isfinite(loss):
            raise self._diverged(f"loss {loss}", epoch)
        return loss

    def _diverged(self, what: str, epoch: int) -> TrainingError:
        cure = f"lower learning_rate (now {self._model.learning_rate_init})"
        return TrainingError("TRAINING_DIVERGED", f"Expected finite numbers, got {what} in epoch {epoch + 1}; {cure}.")

    def _images_per_slice(self, params: int) -> int:
        """Whole batches, at least one."""
        batches = min(_SLICE_IMAGES // self._batch, _SLICE_WORK // (params * (self._batch + _UPDATE_IMAGES)))
        return max(1, batches) * self._batch

    def _slices(self) -> Iterator[tuple[int, int]]:
        """Where slices start and stop. A rest below one batch joins the last slice: scikit-learn would warn of it."""
        count, start = len(self._train), 0
        while start < count:
            stop = start + self._slice
            stop = count if count - stop < self._batch else stop
            yield start, stop
            start = stop


def _random(seed: int, *stream: int) -> np.random.RandomState:
    """Random numbers by position, not by history. `RandomState`, because NumPy promises that it never changes."""
    return np.random.RandomState(np.random.MT19937(np.random.SeedSequence(seed, spawn_key=stream)))


@functools.cache
def _one_thread() -> None:
    """One thread for the whole process's linear algebra: sums in another order give other bits, and slots would compete."""
    threadpoolctl.threadpool_limits(limits=1, user_api="blas")
