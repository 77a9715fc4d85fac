"""In which order and in what portions images come to scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import threadpoolctl
from conftest import World
from numpy.typing import NDArray

from cerebros.nas.architecture import parse_network
from cerebros.nas.dataset import Dataset, Split, load_dataset
from cerebros.nas.trainer import Trainer


class Watched(Split):
    """Remembers which images were asked for."""

    def rows(self, rows: NDArray[np.intp] | slice) -> NDArray[np.float32]:
        portions.append(np.arange(len(self))[rows])
        return super().rows(rows)


portions: list[NDArray[np.intp]] = []


@pytest.fixture
def dataset(world: World) -> Dataset:
    portions.clear()
    return load_dataset(world.store, world.files, {})


def orders(dataset: Dataset, params: dict[str, Any], seed: int, epochs: int = 2) -> list[list[int]]:
    """The images of each epoch, in order."""
    trainer = Trainer(parse_network(params), dataset, Watched(dataset.train.pixels, dataset.train.labels), seed)
    return [order_of(trainer, epoch) for epoch in range(epochs)]


def order_of(trainer: Trainer, epoch: int) -> list[int]:
    portions.clear()
    trainer.train_epoch(epoch, lambda share: None)
    return [int(row) for portion in portions for row in portion]


def test_every_epoch_and_every_seed_has_an_order_of_its_own_of_all_images(dataset: Dataset) -> None:
    first, second = orders(dataset, {}, seed=1)
    assert sorted(first) == sorted(second) == list(range(797))
    assert len({tuple(order) for order in (first, second, orders(dataset, {}, seed=2)[0])}) == 3
    assert orders(dataset, {"width": 8}, seed=1) == [first, second], "seed and epoch alone decide it"


@pytest.mark.parametrize(
    ("params", "most"),
    [({}, 797), ({"depth": 4, "width": 1024, "batch_size": 16}, 32), ({"depth": 4, "width": 1024, "batch_size": 500}, 797)],
    ids=["a small network at once", "a large one in portions", "no portion is less than a batch"],
)
def test_large_networks_train_in_portions_so_that_a_cancel_is_heard(params: dict[str, Any], most: int, dataset: Dataset) -> None:
    orders(dataset, params, seed=1, epochs=1)
    assert max(len(portion) for portion in portions) == most


def test_fewer_images_than_a_batch_are_one_batch(world: World) -> None:
    assert world.train(world.input(dataset_limit={"train": 10}, params={"batch_size": 64}))["value"] > 0


# Adam divides by gradients that may be next to nothing, and so makes much of the rounding to float32.
@pytest.mark.parametrize(("optimizer", "tolerance"), [("sgd", 1e-5), ("adam", 2e-3)])
def test_an_epoch_is_plain_gradient_descent_without_decay(optimizer: str, tolerance: float, dataset: Dataset) -> None:
    params = {"width": 8, "optimizer": optimizer, "learning_rate": 0.05, "momentum": 0.6, "batch_size": 100}
    train = Watched(dataset.train.pixels, dataset.train.labels)
    trainer = Trainer(parse_network(params), dataset, train, seed=3)
    order_of(trainer, 0)
    before = trainer.state
    weights = [values.astype(np.float64) for values in before.weights]
    memory = [values.astype(np.float64) for values in before.memory]
    order = np.array(order_of(trainer, 1))
    for step, start in enumerate(range(0, 797, 100), start=before.steps + 1):
        rows = order[start : start + 100]
        gradients = gradients_of(weights, train.pixels[rows] / 255, train.labels[rows])
        for index, gradient in enumerate(gradients):
            if optimizer == "sgd":
                memory[index] = 0.6 * memory[index] - 0.05 * gradient
                weights[index] = weights[index] + memory[index]
            else:
                memory[index] = 0.9 * memory[index] + 0.1 * gradient
                memory[index + 4] = 0.999 * memory[index + 4] + 0.001 * gradient**2
                mean, square = memory[index] / (1 - 0.9**step), memory[index + 4] / (1 - 0.999**step)
                weights[index] = weights[index] - 0.05 * mean / (np.sqrt(square) + 1e-8)
    for expected, got in zip(weights, trainer.state.weights, strict=True):
        np.testing.assert_allclose(got, expected, atol=tolerance)


def gradients_of(weights: list[NDArray[np.float64]], images: NDArray[np.float64], labels: NDArray[np.uint8]) -> list[NDArray[np.float64]]:
    """Of the mean cross-entropy of one hidden relu layer: both weights, then both biases."""
    hidden = np.maximum(images @ weights[0] + weights[2], 0)
    scores = hidden @ weights[1] + weights[3]
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    delta = (shares / shares.sum(axis=1, keepdims=True) - np.eye(10)[labels]) / len(labels)
    back = (delta @ weights[1].T) * (hidden > 0)
    return [images.T @ back, hidden.T @ delta, back.sum(axis=0), delta.sum(axis=0)]


def test_linear_algebra_runs_on_one_thread(dataset: Dataset) -> None:
    orders(dataset, {}, seed=1)
    assert {pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"} == {1}
