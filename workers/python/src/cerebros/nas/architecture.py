"""From the parameters of a configuration to a dense network: the names, ranges and defaults of `src/contracts/nas-architecture.ts`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, cast

from cerebros.nas.errors import TrainingError
from cerebros.nas.fields import Fields

MAX_DEPTH = 8
"""Most hidden blocks."""

_BLOCK_NAME = re.compile(rf"block([1-{MAX_DEPTH}])_(\w+)")
_DEFAULTS: Mapping[str, Any] = {
    "op": "dense",
    "width": 64,
    "activation": "relu",
    "dropout": 0.0,
    "optimizer": "adam",
    "learning_rate": 0.001,
    "momentum": 0.9,
    "batch_size": 64,
}


@dataclass(frozen=True)
class Network:
    """A dense network and how it is trained, nothing left to defaults."""

    widths: tuple[int, ...]
    activation: Literal["relu", "tanh"]
    optimizer: Literal["adam", "sgd"]
    learning_rate: float
    momentum: float
    batch_size: int

    def param_count(self, features: int, classes: int) -> int:
        """Trainable parameters, with `features` pixels in and `classes` scores out."""
        return sum((inputs + 1) * outputs for inputs, outputs in pairwise((features, *self.widths, classes)))


def parse_network(params: object) -> Network:
    """Reads a configuration. Raises `SPEC_INVALID` for what is no configuration, or none of a network that scikit-learn can train."""
    fields = Fields(params, "params")
    given = {name: _read(fields, name) for name in cast(Mapping[str, Any], params)}
    depth = given.get("depth", max((_block_of(name) for name in given), default=1))
    of_blocks = {name: [_value(given, name, block) for block in range(1, depth + 1)] for name in ("op", "width", "activation", "dropout")}
    _refuse_unknown_to_sklearn(of_blocks)
    return Network(
        widths=tuple(of_blocks["width"]),
        activation=of_blocks["activation"][0],
        optimizer=_value(given, "optimizer"),
        learning_rate=_value(given, "learning_rate"),
        momentum=_value(given, "momentum"),
        batch_size=_value(given, "batch_size"),
    )


_Read = Callable[[Fields, str], Any]


def _number(low: float, high: float, *, above: bool = False) -> _Read:
    def read(fields: Fields, name: str) -> float:
        value = fields.number(name)
        if not low <= value <= high or (above and value == low):
            fields.refuse(name, f"a number {'above' if above else 'from'} {low}, at most {high}")
        return value

    return read


def _choice(*choices: str) -> _Read:
    return lambda fields, name: fields.one_of(name, choices)


def _kernel(fields: Fields, name: str) -> int:
    size = fields.get(name)
    if isinstance(size, bool) or size not in (1, 3, 5):
        fields.refuse(name, "1, 3 or 5")
    return int(size)


_BLOCK: Mapping[str, _Read] = {
    "op": _choice("dense", "conv"),
    "width": lambda fields, name: fields.whole(name, 1, 1024),
    "activation": _choice("relu", "tanh"),
    "dropout": _number(0, 0.9),
    # They say nothing of a dense block.
    "kernel": _kernel,
    "pooling": _choice("none", "max", "avg"),
}
_TRAINING: Mapping[str, _Read] = {
    "depth": lambda fields, name: fields.whole(name, 1, MAX_DEPTH),
    "optimizer": _choice("adam", "sgd"),
    "learning_rate": _number(0, 1, above=True),
    "momentum": _number(0, 0.999),
    "batch_size": lambda fields, name: fields.whole(name, 1, 4096),
}


def _read(fields: Fields, name: str) -> Any:
    block = _BLOCK_NAME.fullmatch(name)
    read = _BLOCK.get(block[2]) if block else (_TRAINING.get(name) or _BLOCK.get(name))
    if read is None:
        known = ", ".join([*_TRAINING, *_BLOCK])
        raise TrainingError(
            "SPEC_INVALID",
            f"params.{name}: expected one of {known}, or block<1 to {MAX_DEPTH}>_ before the last six, got {name!r}",
        )
    return read(fields, name)


def _block_of(name: str) -> int:
    block = _BLOCK_NAME.fullmatch(name)
    return int(block[1]) if block else 1


def _value(given: Mapping[str, Any], name: str, block: int | None = None) -> Any:
    """The block's own value, else that of all blocks, else the default."""
    return given.get(f"block{block}_{name}", given.get(name, _DEFAULTS[name]))


def _refuse_unknown_to_sklearn(of_blocks: Mapping[str, Iterable[Any]]) -> None:
    allowed: Mapping[str, tuple[Callable[[Any], bool], str]] = {
        "op": (lambda op: op == "dense", "dense: the Python engine trains dense networks only"),
        "dropout": (lambda dropout: dropout == 0, "0: the Python engine trains without dropout"),
    }
    for name, (fits, expected) in allowed.items():
        for block, value in enumerate(of_blocks[name], start=1):
            if not fits(value):
                raise TrainingError("SPEC_INVALID", f"params: expected {name} of block {block} to be {expected}, got {value!r}")
    activations = sorted(set(of_blocks["activation"]))
    if len(activations) > 1:
        raise TrainingError(
            "SPEC_INVALID",
            f"params: expected one activation for all blocks, as the Python engine needs it, got {activations}",
        )
