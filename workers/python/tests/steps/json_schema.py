"""As much of JSON Schema as the files in `workers/schemas/` use."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

SCHEMAS = Path(__file__).parents[3] / "schemas"

_TYPES: Mapping[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "integer": int,
    "number": (int, float),
}


class Schema:
    """A schema by its file's name. A keyword that it does not know is an error of this class."""

    def __init__(self, name: str) -> None:
        self._root = json.loads((SCHEMAS / f"{name}.schema.json").read_text())

    def faults(self, value: Any) -> list[str]:
        """What is wrong with a value, and where; nothing when it fits."""
        return list(self._check(self._root, value, ""))

    def _check(self, schema: Mapping[str, Any], value: Any, at: str) -> Iterator[str]:
        for keyword, wanted in schema.items():
            if keyword not in ("$schema", "$defs"):
                yield from getattr(self, f"_{keyword.lstrip('$').lower()}")(wanted, value, at, schema)

    def _ref(self, wanted: str, value: Any, at: str, _: Any) -> Iterator[str]:
        yield from self._check(self._root["$defs"][wanted.removeprefix("#/$defs/")], value, at)

    def _type(self, wanted: Any, value: Any, at: str, _: Any) -> Iterator[str]:
        names = wanted if isinstance(wanted, list) else [wanted]
        fits = any(isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool)) for name in names)
        if not fits:
            yield f"{at}: expected {names}, got {value!r}"

    def _anyof(self, wanted: list[Any], value: Any, at: str, _: Any) -> Iterator[str]:
        tried = [list(self._check(one, value, at)) for one in wanted]
        if all(tried):
            yield f"{at}: fits none: {min(tried, key=len)}"

    _oneof = _anyof

    def _properties(self, wanted: Mapping[str, Any], value: Any, at: str, _: Any) -> Iterator[str]:
        for key in value if isinstance(value, dict) else ():
            if key in wanted:
                yield from self._check(wanted[key], value[key], f"{at}/{key}")

    def _additionalproperties(self, wanted: Any, value: Any, at: str, schema: Mapping[str, Any]) -> Iterator[str]:
        further = [key for key in value if key not in schema.get("properties", {})] if isinstance(value, dict) else []
        for key in further:
            if wanted is False:
                yield f"{at}: expected no {key}"
            else:
                yield from self._check(wanted, value[key], f"{at}/{key}")

    def _required(self, wanted: list[str], value: Any, at: str, _: Any) -> Iterator[str]:
        yield from (f"{at}: expected {key}" for key in wanted if isinstance(value, dict) and key not in value)

    def _items(self, wanted: Any, value: Any, at: str, _: Any) -> Iterator[str]:
        for number, item in enumerate(value if isinstance(value, list) else ()):
            yield from self._check(wanted, item, f"{at}/{number}")

    def _propertynames(self, wanted: Any, value: Any, at: str, _: Any) -> Iterator[str]:
        for key in value if isinstance(value, dict) else ():
            yield from self._check(wanted, key, f"{at}/{key}")

    def _const(self, wanted: Any, value: Any, at: str, _: Any) -> Iterator[str]:
        if value != wanted:
            yield f"{at}: expected {wanted!r}, got {value!r}"

    def _enum(self, wanted: list[Any], value: Any, at: str, _: Any) -> Iterator[str]:
        if value not in wanted:
            yield f"{at}: expected one of {wanted}, got {value!r}"

    def _pattern(self, wanted: str, value: Any, at: str, _: Any) -> Iterator[str]:
        if isinstance(value, str) and re.search(wanted, value) is None:
            yield f"{at}: expected {wanted}, got {value!r}"

    def _format(self, _wanted: str, _value: Any, _at: str, _: Any) -> Iterator[str]:
        # Where there is one there is a pattern too.
        return iter(())

    def _minimum(self, wanted: float, value: Any, at: str, _: Any) -> Iterator[str]:
        if isinstance(value, (int, float)) and value < wanted:
            yield f"{at}: expected at least {wanted}, got {value}"

    def _maximum(self, wanted: float, value: Any, at: str, _: Any) -> Iterator[str]:
        if isinstance(value, (int, float)) and value > wanted:
            yield f"{at}: expected at most {wanted}, got {value}"

    def _minlength(self, wanted: int, value: Any, at: str, _: Any) -> Iterator[str]:
        if isinstance(value, str) and len(value) < wanted:
            yield f"{at}: expected {wanted} characters, got {value!r}"

    def _maxlength(self, wanted: int, value: Any, at: str, _: Any) -> Iterator[str]:
        if isinstance(value, str) and len(value) > wanted:
            yield f"{at}: expected at most {wanted} characters, got {len(value)}"

    def _minitems(self, wanted: int, value: Any, at: str, _: Any) -> Iterator[str]:
        if isinstance(value, list) and len(value) < wanted:
            yield f"{at}: expected {wanted} items, got {len(value)}"

    def _maxitems(self, wanted: int, value: Any, at: str, _: Any) -> Iterator[str]:
        if isinstance(value, list) and len(value) > wanted:
            yield f"{at}: expected at most {wanted} items, got {len(value)}"

    def _exclusiveminimum(self, wanted: float, value: Any, at: str, _: Any) -> Iterator[str]:
        if isinstance(value, (int, float)) and value <= wanted:
            yield f"{at}: expected more than {wanted}, got {value}"
