"""Reads values out of parsed JSON, and says what is wrong with them the way the TypeScript side does."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NoReturn

from cerebros.nas.errors import TrainingError

SAFE_INTEGER = 2**53 - 1
"""Largest whole number that JSON carries between the languages unchanged."""


class Fields:
    """A JSON object under inspection. Every getter raises `SPEC_INVALID`, naming the path, when the value does not fit."""

    def __init__(self, value: object, path: str) -> None:
        """`path` names the object in messages, such as `input.checkpoint`."""
        self.path = path
        if not isinstance(value, Mapping):
            refuse(path, "an object", value)
        self._values: Mapping[str, Any] = value

    def get(self, name: str) -> Any:
        """The value as it came; None when there is none."""
        return self._values.get(name)

    def whole(self, name: str, low: int, high: int = SAFE_INTEGER) -> int:
        """A whole number in a range, both ends included."""
        value = self.get(name)
        whole = isinstance(value, (int, float)) and not isinstance(value, bool) and float(value).is_integer()
        if not whole or not low <= value <= high:
            self.refuse(name, f"a whole number from {low} to {high}")
        return int(value)

    def number(self, name: str) -> float:
        """A finite number."""
        value = self.get(name)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
            self.refuse(name, "a finite number")
        return float(value)

    def text(self, name: str) -> str:
        """A string that is not empty."""
        value = self.get(name)
        if not isinstance(value, str) or value == "":
            self.refuse(name, "a string that is not empty")
        return value

    def one_of(self, name: str, choices: tuple[str, ...]) -> str:
        """One of some strings."""
        value = self.get(name)
        if not isinstance(value, str) or value not in choices:
            self.refuse(name, " or ".join(choices))
        return value

    def flag(self, name: str, default: bool | None = None) -> bool:
        """True or false; `default` when absent, unless that is None."""
        value = self._values.get(name, default)
        if not isinstance(value, bool):
            self.refuse(name, "true or false")
        return value

    def inner(self, name: str) -> Fields | None:
        """An object inside this one; None for null or absent."""
        value = self.get(name)
        return None if value is None else Fields(value, f"{self.path}.{name}")

    def refuse(self, name: str, expected: str) -> NoReturn:
        """Raises `SPEC_INVALID` for a field of this object."""
        refuse(f"{self.path}.{name}", expected, self.get(name))


def refuse(path: str, expected: str, got: object) -> NoReturn:
    """Raises `SPEC_INVALID`: what was expected where, and what came."""
    shown = "nothing" if got is None else repr(got)
    raise TrainingError("SPEC_INVALID", f"{path}: expected {expected}, got {shown[:200]}")
