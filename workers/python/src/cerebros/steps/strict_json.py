"""Values that every language reads alike: checked before they leave a step, so that the message can say what to change."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from cerebros.steps.failures import refusal

VALUE_BYTES_MAX = 256 * 1024
"""Of one value, as UTF-8: `LIMITS.valueBytes`."""

DEPTH_MAX = 200
"""Deeper no value is nested: `JSON_DEPTH_MAX`."""

SAFE_INTEGER = 2**53 - 1
"""Largest whole number that JSON carries between the languages unchanged."""

_CURES = {
    "set": "write sorted(…)",
    "frozenset": "write sorted(…)",
    "datetime": "write ….isoformat()",
    "date": "write ….isoformat()",
    "time": "write ….isoformat()",
    "timedelta": "write ….total_seconds()",
    "bytes": "write base64.b64encode(…).decode(), or store it as a file",
    "Decimal": "write str(…)",
    "UUID": "write str(…)",
    "PosixPath": "write str(…)",
    "ndarray": "write ….tolist(), or store it as a file",
    "coroutine": "await it, or declare the step with async def",
    "generator": "write list(…)",
}
_ANY_OTHER = "write it as text, numbers, lists and dicts"


class _TooManyValues(Exception):
    """So many that their JSON is over the bound, whatever they are."""


def encode(value: Any, what: str) -> str:
    """The value as compact JSON. Raises a non-retryable `VALUE_NOT_JSON` or `PAYLOAD_TOO_LARGE`; `what` names it in the message."""
    try:
        fault = _Walk().fault(value, "", 0)
    except _TooManyValues:
        raise _too_large(what, f"more than {VALUE_BYTES_MAX} bytes") from None
    if fault is not None:
        raise refusal("VALUE_NOT_JSON", f"{what} holds {fault}")
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    size = len(text.encode())
    if size > VALUE_BYTES_MAX:
        raise _too_large(what, f"{size} bytes")
    return text


def _too_large(what: str, got: str) -> Exception:
    expected = f"expected at most {VALUE_BYTES_MAX}"
    return refusal("PAYLOAD_TOO_LARGE", f"{what} is {got} of JSON, {expected}: store it as a file or an artifact and return its reference")


class _Walk:
    """Finds the first thing that JSON cannot carry. Visits no more values than fit, so that one that repeats itself ends too."""

    def __init__(self) -> None:
        self._visited = 0
        self._around: set[int] = set()

    def fault(self, value: Any, at: str, depth: int) -> str | None:
        """What is wrong, where, and what to write instead; None when nothing is."""
        self._visited += 1
        if self._visited > VALUE_BYTES_MAX:
            raise _TooManyValues
        if depth > DEPTH_MAX:
            return f"values nested more than {DEPTH_MAX} deep, at /{at.split('/')[1]}/…: flatten it, or store it as a file"
        if isinstance(value, dict):
            return _fault_of_keys(value, at) or self._inner(value, value.items(), at, depth)
        if isinstance(value, (list, tuple)):
            return self._inner(value, enumerate(value), at, depth)
        return _fault_of_scalar(value, at)

    def _inner(self, value: Any, parts: Iterable[tuple[Any, Any]], at: str, depth: int) -> str | None:
        if id(value) in self._around:
            return f"itself at {_place(at)}: pass a copy without the cycle"
        self._around.add(id(value))
        found = next((found for key, part in parts if (found := self.fault(part, f"{at}/{key}", depth + 1)) is not None), None)
        self._around.discard(id(value))
        return found


def _fault_of_keys(value: dict[Any, Any], at: str) -> str | None:
    for key in value:
        if not isinstance(key, str):
            return f"the key {key!r:.60} at {_place(at)}, of type {type(key).__name__}: write str(…), JSON has only text as keys"
        if _is_broken(key):
            return f"the key {key!a:.60} at {_place(at)}, which is no Unicode: take the lone surrogate out"
    return None


def _fault_of_scalar(value: Any, at: str) -> str | None:
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        return f"text at {_place(at)} that is no Unicode: take the lone surrogate out" if _is_broken(value) else None
    if isinstance(value, int):
        large = abs(value) > SAFE_INTEGER
        return f"a whole number over 2**53 - 1 at {_place(at)}, which other languages round: write str(…)" if large else None
    if isinstance(value, float):
        return None if math.isfinite(value) else f"{float(value)} at {_place(at)}: write None, or a finite number"
    name = type(value).__name__
    return f"{_one(name)} at {_place(at)}, which JSON cannot carry: {_CURES.get(name, _ANY_OTHER)}"


def _one(name: str) -> str:
    return f"{'an' if name[0].lower() in 'aeio' else 'a'} {name}"


def _is_broken(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text)


def _place(at: str) -> str:
    return at[:200] or "its root"
