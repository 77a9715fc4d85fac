"""Lengths of time, as people give them and as the protocol has them."""

from __future__ import annotations

import math
from datetime import timedelta

YEAR_MS = 365 * 24 * 60 * 60_000

Duration = timedelta | int
"""A timedelta, or whole milliseconds."""


def to_ms(value: object, what: str, low: int, high: int) -> int:
    """Milliseconds in a range, both ends included; a part of one counts whole. Raises `ValueError`, naming `what`."""
    if isinstance(value, timedelta):
        ms = math.ceil(value / timedelta(milliseconds=1))
    elif isinstance(value, int) and not isinstance(value, bool):
        ms = value
    else:
        raise ValueError(f"{what}: expected a timedelta or whole milliseconds, got {value!r:.60}")
    if not low <= ms <= high:
        raise ValueError(f"{what}: expected {low} to {high} ms, got {ms} ms")
    return ms
