"""A training that stops and goes on ends with the same bits as one that never stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from conftest import World
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from cerebros.nas.activity import TrainRung
from cerebros.nas.contract import Heartbeat

OPTIMIZERS = [
    {"optimizer": "adam", "learning_rate": 0.005, "width": 24, "depth": 2, "batch_size": 32},
    {"optimizer": "sgd", "learning_rate": 0.1, "momentum": 0.9, "width": 24, "activation": "tanh"},
]
Scratch = Callable[[], World]


@pytest.mark.parametrize("params", OPTIMIZERS, ids=["adam", "sgd"])
def test_one_epoch_then_two_from_its_checkpoint_equal_three_in_one_go(params: dict[str, Any], scratch: Scratch) -> None:
    whole = scratch()
    uninterrupted = whole.train(whole.input(params=params))
    parts = scratch()
    first = parts.train(parts.input(params=params, to_epoch=1))
    second = parts.train(parts.input(params=params, checkpoint=first["checkpoint"]))
    assert second["weights_sha256"] == uninterrupted["weights_sha256"] != first["weights_sha256"]
    assert second["checkpoint"] == uninterrupted["checkpoint"], "the optimizer's state is the same too"
    assert second["value"] == uninterrupted["value"]
    assert [record["epoch"] for record in second["epochs"]] == [2, 3]
    losses = [record["train_loss"] for record in (*first["epochs"], *second["epochs"])]
    assert losses == [record["train_loss"] for record in uninterrupted["epochs"]]


def test_training_the_same_again_gives_the_same_files(scratch: Scratch) -> None:
    one, other = scratch(), scratch()
    assert one.train(one.input())["checkpoint"] == other.train(other.input())["checkpoint"]


def test_another_seed_gives_other_weights(world: World) -> None:
    hashes = {world.train(world.input(seed=seed, trial=seed % 1000))["weights_sha256"] for seed in (1, 2, 2**32 + 1, 2**53 - 1)}
    assert len(hashes) == 4


def test_a_retry_goes_on_where_the_attempt_before_was_last_heard_of(scratch: Scratch) -> None:
    whole = scratch()
    uninterrupted = whole.train(whole.input())
    world = scratch()
    partly = world.train(world.input(to_epoch=2))
    told: Heartbeat = {"epoch": 2, "done": 2.5, "total": 3, "checkpoint": partly["checkpoint"]}
    retried = world.train(world.input(), told)
    assert retried["weights_sha256"] == uninterrupted["weights_sha256"]
    assert [record["epoch"] for record in retried["epochs"]] == [1, 2, 3], "those of the attempt before are told too"
    assert retried["epochs"][:2] == partly["epochs"], "the first two were not trained again"


def test_when_the_answer_of_a_finished_training_was_lost_only_the_answer_is_made_again(world: World) -> None:
    first = world.train(world.input(to_epoch=1))
    done = world.train(world.input(checkpoint=first["checkpoint"]))
    assert not (world.trial() / "epoch-1.npz").exists(), "what it began with is gone"
    again = world.train(world.input(checkpoint=first["checkpoint"]))
    assert again == done, "the measured times are the same, so nothing was trained"


def test_what_another_training_has_left_in_the_folder_is_no_answer(scratch: Scratch) -> None:
    world, other = scratch(), scratch()
    world.train(world.input(seed=6))
    assert world.train(world.input())["weights_sha256"] == other.train(other.input())["weights_sha256"]


def test_a_retry_after_the_last_checkpoint_trains_nothing_and_still_answers(world: World) -> None:
    done = world.train(world.input())
    told: Heartbeat = {"epoch": 3, "done": 3, "total": 3, "checkpoint": done["checkpoint"]}
    again = world.train(world.input(final=True), told)
    assert {**again, "model": None} == done
    assert again["model"] is not None


def test_a_checkpoint_that_was_damaged_is_refused(world: World) -> None:
    first = world.train(world.input(to_epoch=1))
    file = world.trial() / "epoch-1.npz"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(ApplicationError, match="expected sha256") as caught:
        world.train(world.input(checkpoint=first["checkpoint"]))
    assert (caught.value.type, caught.value.non_retryable) == ("CHECKPOINT_CORRUPT", True)


@pytest.mark.parametrize(
    "changes",
    [
        {"dataset_sha256": "e" * 64},
        {"seed": 6},
        {"params": {"depth": 2, "width": 24, "learning_rate": 0.006, "batch_size": 32}},
    ],
    ids=["images", "seed", "params"],
)
def test_a_checkpoint_of_another_training_is_refused(changes: dict[str, Any], world: World) -> None:
    first = world.train(world.input(to_epoch=1))
    with pytest.raises(ApplicationError, match="belongs to another training") as caught:
        world.train(world.input(checkpoint=first["checkpoint"], **changes))
    assert (caught.value.type, caught.value.non_retryable) == ("CHECKPOINT_MISMATCH", True)


def test_a_cancelled_training_stops_early_and_its_checkpoint_is_of_use(scratch: Scratch) -> None:
    whole, world = scratch(), scratch()
    environment = ActivityEnvironment()
    beats: list[Heartbeat] = []

    def heard(beat: Heartbeat) -> None:
        beats.append(beat)
        if beat["checkpoint"] is not None:
            environment.cancel()

    environment.on_heartbeat = heard
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(environment.run(TrainRung(world.store).train_rung, world.input(to_epoch=1000)))
    last = beats[-1]
    assert last["checkpoint"] is not None
    assert last["checkpoint"]["epoch"] < 100, "it did not train on"
    end = last["checkpoint"]["epoch"] + 2
    resumed = world.train(world.input(to_epoch=end), last)
    assert resumed["weights_sha256"] == whole.train(whole.input(to_epoch=end))["weights_sha256"]
