"""The activity `trainRung`: what it answers, what it tells on the way, and what it refuses."""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import World, idx
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from cerebros.artifacts import sha256_of
from cerebros.nas import activity
from cerebros.nas.activity import TrainRung
from cerebros.nas.contract import Heartbeat
from cerebros.payload import DATA_CONVERTER

SLOW: dict[str, Any] = {"params": {"depth": 4, "width": 1024, "batch_size": 16}, "max_params": 10_000_000}
"""One epoch takes some seconds, so that what happens in the middle of it is seen."""


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Heartbeats so often that some come in the middle of an epoch, however fast the machine is."""
    monkeypatch.setattr(activity, "HEARTBEAT_S", 0.02)


def test_answers_with_the_configuration_the_curve_and_a_checkpoint_on_the_disk(world: World) -> None:
    result = world.train(world.input())
    assert result["engine"].startswith("python-sklearn 1.")
    assert (result["params"], result["seed"]) == (world.input()["params"], 5)
    assert result["param_count"] == 65 * 24 + 25 * 24 + 25 * 10
    assert [record["epoch"] for record in result["epochs"]] == [1, 2, 3]
    assert result["epochs"][0]["train_loss"] > result["epochs"][2]["train_loss"] > 0
    assert result["value"] == result["epochs"][2]["validation_accuracy"] > 0.8
    assert result["model"] is None
    file = world.trial() / result["checkpoint"]["file"]
    assert sha256_of(file.read_bytes()) == result["checkpoint"]["sha256"]
    left = ["epoch-1.json", "epoch-2.json", "epoch-3.json", "epoch-3.npz"]
    assert sorted(path.name for path in world.trial().iterdir()) == left, "older checkpoints are of no more use"


def test_a_final_training_writes_a_model_that_scores_as_told(world: World) -> None:
    result = world.train(world.input(final=True))
    model = result["model"]
    assert model is not None
    content = (world.trial() / model["file"]).read_bytes()
    assert sha256_of(content) == model["sha256"]
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        about = json.loads(file["about"].tobytes())
        layers = [file[f"weights_{index}"] for index in range(6)]
    assert (about["classes"], about["dataset_id"], about["network"]["activation"]) == (10, "digits", "relu")
    images = np.frombuffer(world.store.get(world.files["test_images"])[16:], np.uint8).reshape(-1, 64) / 255
    labels = np.frombuffer(world.store.get(world.files["test_labels"])[8:], np.uint8)
    hidden = np.maximum(np.maximum(images @ layers[0] + layers[3], 0) @ layers[1] + layers[4], 0)
    predicted = (hidden @ layers[2] + layers[5]).argmax(axis=1)
    assert float((predicted == labels).mean()) == model["test_accuracy"] > 0.8


def test_the_winner_learns_from_the_validation_images_too_in_a_folder_of_its_own(world: World) -> None:
    both = world.train(world.input(fit="train_and_validation", final=True))
    alone = world.train(world.input(final=True))
    assert both["weights_sha256"] != alone["weights_sha256"]
    best = world.store.folder / "runs" / "search" / "best"
    assert sorted(path.name for path in best.glob("*.npz")) == ["epoch-3.npz", "model.npz"]


def test_a_limit_takes_the_first_images(world: World) -> None:
    limited = world.train(world.input(dataset_limit={"train": 100, "validation": 50}))
    cut = dict(world.files)
    for name, count in {"train": 100, "validation": 50}.items():
        images = np.frombuffer(world.store.get(world.files[f"{name}_images"])[16:], np.uint8).reshape(-1, 8, 8)
        labels = np.frombuffer(world.store.get(world.files[f"{name}_labels"])[8:], np.uint8)
        cut[f"{name}_images"], cut[f"{name}_labels"] = world.store.put(idx(images[:count])), world.store.put(idx(labels[:count]))
    assert world.train(world.input(dataset_files=cut, trial=8))["weights_sha256"] == limited["weights_sha256"]


def test_heartbeats_while_it_trains_and_names_a_checkpoint_only_when_it_is_on_the_disk(world: World, often: None) -> None:
    environment = ActivityEnvironment()
    beats: list[tuple[float, Heartbeat]] = []

    def heard(beat: Heartbeat) -> None:
        beats.append((time.monotonic(), beat))
        checkpoint = beat["checkpoint"]
        if checkpoint is not None:
            assert sha256_of((world.trial() / checkpoint["file"]).read_bytes()) == checkpoint["sha256"]

    environment.on_heartbeat = heard
    asyncio.run(environment.run(TrainRung(world.store).train_rung, world.input(**SLOW, to_epoch=1)))
    gaps = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(beats)]
    assert max(gaps) < 1, "the training does not keep the event loop from its work"
    done = [beat["done"] for _, beat in beats]
    assert done == sorted(done)
    assert any(0 < share < 1 for share in done), "progress within the epoch is told"
    assert (beats[-1][1]["epoch"], beats[-1][1]["done"], beats[-1][1]["total"]) == (1, 1, 1)


def test_a_cancelled_training_stops_in_the_middle_of_an_epoch_and_leaves_no_thread(world: World, often: None) -> None:
    environment = ActivityEnvironment()

    def heard(beat: Heartbeat) -> None:
        if beat["done"] > 0:
            environment.cancel()

    environment.on_heartbeat = heard

    async def run() -> list[str]:
        with pytest.raises(asyncio.CancelledError):
            await environment.run(TrainRung(world.store).train_rung, world.input(**SLOW, to_epoch=500))
        return [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    assert asyncio.run(run()) == []
    assert not list(world.trial().glob("*.npz")), "the first epoch was not finished"
    assert threading.active_count() == 1


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "another protocol": ({"protocol": 2}, "SPEC_INVALID", r"input.protocol: expected 1, .* got 2"),
    "no parameters": ({"params": None}, "SPEC_INVALID", "params: expected an object, got nothing"),
    "a convolution": ({"params": {"op": "conv"}}, "SPEC_INVALID", "dense networks only"),
    "an end before the checkpoint": (
        {"checkpoint": {"file": "epoch-3.npz", "sha256": "0", "epoch": 3}},
        "SPEC_INVALID",
        "input.to_epoch: expected an epoch after 3, that of the checkpoint, got 3",
    ),
    "a checkpoint outside of its folder": (
        {"checkpoint": {"file": "../epoch-1.npz", "sha256": "0", "epoch": 1}},
        "SPEC_INVALID",
        "input.checkpoint.file: expected epoch-N.npz",
    ),
    "a checkpoint that is not there": (
        {"checkpoint": {"file": "epoch-1.npz", "sha256": "0", "epoch": 1}},
        "CHECKPOINT_CORRUPT",
        "expected epoch-1.npz in .*, found none",
    ),
    "a search id that leads elsewhere": ({"search_id": "../other"}, "SPEC_INVALID", "expected a run's id as folder name"),
    "a seed that JSON would change": ({"seed": 2**53}, "SPEC_INVALID", "input.seed: expected a whole number"),
    "a model over the limit": ({"max_params": 2409}, "MODEL_TOO_LARGE", r"at most 2409 parameters \(max_params\), the model has 2410"),
    "no files": ({"dataset_files": None}, "DATASET_MISSING", "expected the images as IDX files"),
    "a training that diverges": (
        {"params": {"depth": 4, "width": 128, "optimizer": "sgd", "learning_rate": 1, "momentum": 0.999, "batch_size": 16}},
        "TRAINING_DIVERGED",
        r"got a weight that is not finite in epoch 1; lower learning_rate \(now 1.0\)",
    ),
}


@pytest.mark.parametrize(("changes", "code", "message"), REFUSED.values(), ids=list(REFUSED))
def test_refuses_for_good(changes: dict[str, Any], code: str, message: str, world: World) -> None:
    with pytest.raises(ApplicationError, match=message) as caught:
        world.train(world.input(**changes))
    assert (caught.value.type, caught.value.non_retryable) == (code, True)


def test_heartbeats_at_least_every_two_seconds() -> None:
    assert activity.HEARTBEAT_S <= 1


def test_refuses_what_is_no_object(world: World) -> None:
    with pytest.raises(ApplicationError, match="input: expected an object, got nothing") as caught:
        world.train(None)
    assert caught.value.type == "SPEC_INVALID"


def test_a_drill_fails_as_a_crash_that_is_worth_a_retry(world: World) -> None:
    with pytest.raises(ApplicationError, match="like a crashed process") as caught:
        world.train(world.input(crash=True))
    assert (caught.value.type, caught.value.non_retryable) == ("TRAINING_THREAD_LOST", False)


def stored(world: World, name: str) -> Path:
    """The file of an artifact."""
    sha256 = world.files[name].removeprefix("artifact:sha256:")
    return world.store.folder / "sha256" / sha256[:2] / sha256[2:]


def test_refuses_images_that_are_not_what_their_name_says(world: World) -> None:
    file = stored(world, "train_images")
    file.write_bytes(file.read_bytes()[:-1] + b"\0\0")
    with pytest.raises(ApplicationError, match="the file is damaged") as caught:
        world.train(world.input())
    assert (caught.value.type, caught.value.non_retryable) == ("DATASET_MISMATCH", True)


def test_images_that_another_worker_may_have_are_worth_a_retry(world: World) -> None:
    os.remove(stored(world, "test_images"))
    with pytest.raises(ApplicationError, match="is this the folder that the other workers use") as caught:
        world.train(world.input())
    assert (caught.value.type, caught.value.non_retryable) == ("ARTIFACT_MISSING", False)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no IDX", "expected an IDX file that begins with 00000803, got 6e6f2049"),
        (idx(np.zeros((1, 8, 8), np.uint8))[:-1], "expected .1, 8, 8. bytes after its header, got 63"),
        (idx(np.zeros((3, 8, 8), np.uint8)), "got 3 images and 797 labels"),
        (idx(np.zeros((797, 4, 4), np.uint8)), r"images of one size in all splits, got \[16, 64\] pixels"),
    ],
    ids=["of another kind", "cut short", "too few", "of another size"],
)
def test_refuses_images_that_do_not_fit(content: bytes, message: str, world: World) -> None:
    files = {**world.files, "train_images": world.store.put(content)}
    with pytest.raises(ApplicationError, match=message) as caught:
        world.train(world.input(dataset_files=files))
    assert (caught.value.type, caught.value.non_retryable) == ("DATASET_MISMATCH", True)


def test_a_result_passes_the_strict_converter(world: World) -> None:
    result = world.train(world.input(final=True))
    payload = DATA_CONVERTER.payload_converter.to_payloads([result])[0]
    assert json.loads(payload.data) == result
