"""From parameters to a network: the same names and defaults as on the TypeScript side."""

from __future__ import annotations

from typing import Any

import pytest

from cerebros.nas.architecture import Network, parse_network
from cerebros.nas.errors import TrainingError

DEFAULT = Network((64,), "relu", "adam", 0.001, 0.9, 64)


def test_nothing_given_is_one_block_of_64() -> None:
    assert parse_network({}) == DEFAULT


@pytest.mark.parametrize(
    ("params", "widths"),
    [
        ({"depth": 3}, (64, 64, 64)),
        ({"depth": 2, "width": 8}, (8, 8)),
        ({"depth": 3, "width": 8, "block2_width": 16}, (8, 16, 8)),
        ({"block3_width": 16}, (64, 64, 16)),
        ({"depth": 1, "block1_width": 5, "block2_width": 6}, (5,)),
        ({"depth": 2, "block3_op": "conv", "block3_activation": "tanh", "block3_dropout": 0.5}, (64, 64)),
        ({"depth": 2.0, "width": 8.0}, (8, 8)),
        ({"depth": 1, "kernel": 5, "block1_pooling": "avg"}, (64,)),
    ],
)
def test_the_blocks_come_from_the_depth_and_the_numbers_named(params: dict[str, Any], widths: tuple[int, ...]) -> None:
    assert parse_network(params).widths == widths


def test_reads_how_it_is_trained() -> None:
    params = {"optimizer": "sgd", "learning_rate": 0.1, "momentum": 0, "batch_size": 8, "block1_activation": "tanh"}
    assert parse_network(params) == Network((64,), "tanh", "sgd", 0.1, 0.0, 8)


def test_one_activation_for_all_is_accepted_however_it_is_written() -> None:
    params = {"depth": 2, "activation": "relu", "block1_activation": "tanh", "block2_activation": "tanh"}
    assert parse_network(params).activation == "tanh"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"op": "conv"}, "op of block 1 to be dense: the Python engine trains dense networks only, got 'conv'"),
        ({"depth": 2, "block2_op": "conv"}, "op of block 2 to be dense"),
        ({"op": "attention"}, "params.op: expected dense or conv, got 'attention'"),
        ({"dropout": 0.5}, "dropout of block 1 to be 0"),
        ({"depth": 2, "block1_activation": "tanh"}, "one activation for all blocks.* got .'relu', 'tanh'."),
        ({"activation": "gelu"}, "params.activation: expected relu or tanh, got 'gelu'"),
        ({"depth": 9}, "params.depth: expected a whole number from 1 to 8, got 9"),
        ({"depth": 0}, "params.depth: expected a whole number from 1 to 8, got 0"),
        ({"depth": True}, "params.depth: expected a whole number"),
        ({"block9_width": 8}, "params.block9_width: expected one of depth"),
        ({"heads": 8}, "params.heads: expected one of depth"),
        ({"block1_learning_rate": 0.1}, "params.block1_learning_rate: expected one of depth"),
        ({"width": 1025}, "params.width: expected a whole number from 1 to 1024, got 1025"),
        ({"width": 1.5}, "params.width: expected a whole number"),
        ({"width": "64"}, "params.width: expected a whole number from 1 to 1024, got '64'"),
        ({"learning_rate": 0}, "params.learning_rate: expected a number above 0, at most 1, got 0"),
        ({"learning_rate": float("nan")}, "params.learning_rate: expected a finite number, got nan"),
        ({"momentum": 1}, "params.momentum: expected a number from 0, at most 0.999, got 1"),
        ({"batch_size": 0}, "params.batch_size: expected a whole number from 1 to 4096, got 0"),
        ({"optimizer": "lbfgs"}, "params.optimizer: expected adam or sgd, got 'lbfgs'"),
        ({"kernel": 2}, "params.kernel: expected 1, 3 or 5, got 2"),
        ([1], "params: expected an object"),
    ],
)
def test_refuses(params: object, message: str) -> None:
    with pytest.raises(TrainingError, match=message) as caught:
        parse_network(params)
    assert caught.value.code == "SPEC_INVALID"


def test_counts_parameters_with_biases() -> None:
    assert parse_network({"depth": 2, "width": 8}).param_count(64, 10) == 65 * 8 + 9 * 8 + 9 * 10
