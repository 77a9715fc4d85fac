"""A result that other languages could not read, or would read as something else, fails its step, and says what to change."""

from __future__ import annotations

import dataclasses
import json
from collections import OrderedDict
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import pytest
from step_calls import refused, serve

from cerebros import Step, step
from cerebros.payload import DATA_CONVERTER


def returning(value: Any) -> Step[..., Any]:
    """A step that gives this."""

    @step
    async def it() -> Any:
        return value

    return it


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def around_itself() -> Any:
    value: dict[str, Any] = {}
    value["rows"] = [value]
    return value


def doubled(levels: int) -> Any:
    """Small in memory, 2 to the power of `levels` in JSON."""
    value: Any = [1]
    for _ in range(levels):
        value = [value, value]
    return value


@dataclasses.dataclass
class Report:
    total: int


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (float("nan"), "nan at its root: write None, or a finite number"),
        ({"rows": [1.0, float("inf")]}, "inf at /rows/1"),
        ({"rows": (1.0, -float("inf"))}, "-inf at /rows/1"),
        (np.float64("nan"), "nan at its root"),
        ({"tags": {"a"}}, "a set at /tags, which JSON cannot carry: write sorted(…)"),
        ([datetime.now(timezone.utc)], "a datetime at /0, which JSON cannot carry: write ….isoformat()"),
        (date.today(), "a date at its root"),
        (timedelta(1), "write ….total_seconds()"),
        (b"abc", "write base64.b64encode(…).decode(), or store it as a file"),
        (Decimal("1.5"), "a Decimal at its root"),
        (UUID(int=1), "a UUID at its root, which JSON cannot carry: write str(…)"),
        (Path("a"), "write str(…)"),
        (np.arange(3), "write ….tolist(), or store it as a file"),
        (np.int64(3), "an int64 at its root"),
        (Report(1), "a Report at its root, which JSON cannot carry: write it as text, numbers, lists and dicts"),
        (1 + 2j, "a complex at its root"),
        ({1: "a"}, "the key 1 at its root, of type int: write str(…)"),
        ({"a": {None: 1}}, "the key None at /a, of type NoneType"),
        (2**53, "a whole number over 2**53 - 1 at its root, which other languages round: write str(…)"),
        (-(10**400), "a whole number over 2**53 - 1"),
        ("a\ud800b", "text at its root that is no Unicode: take the lone surrogate out"),
        ({"\udc00": 1}, "which is no Unicode"),
        (around_itself(), "itself at /rows/0: pass a copy without the cycle"),
        (nested(201), "values nested more than 200 deep, at /0/…: flatten it"),
        (nested(10_000), "values nested more than 200 deep"),
    ],
)
def test_refuses_what_json_cannot_carry_and_says_where_and_what_instead(value: Any, says: str) -> None:
    failure = refused(returning(value))
    assert failure.type == "VALUE_NOT_JSON"
    assert failure.message.startswith("the result of step it holds ")
    assert says in failure.message
    assert len(failure.message) < 500


@pytest.mark.parametrize("value", ["x" * 3_000_000, ["ü" * 1000] * 140, [0] * 200_000, doubled(60)])
def test_refuses_what_is_too_large_and_says_where_to_put_it(value: Any) -> None:
    failure = refused(returning(value))
    assert failure.type == "PAYLOAD_TOO_LARGE"
    assert "of JSON, expected at most 262144: store it as a file or an artifact and return its reference" in failure.message


class Color(str, Enum):
    RED = "red"


class Point(NamedTuple):
    x: int
    y: int


@pytest.mark.parametrize(
    ("value", "comes"),
    [
        (None, None),
        ({"status": "SLEEP", "duration_ms": 1}, {"status": "SLEEP", "duration_ms": 1}),
        (OrderedDict(b=1, a=[True, 1.5, "ü☃😀", None]), {"b": 1, "a": [True, 1.5, "ü☃😀", None]}),
        (Point(1, 2), [1, 2]),
        (Color.RED, "red"),
        (np.float64(1.5), 1.5),
        (2**53 - 1, 2**53 - 1),
        (nested(200), nested(200)),
        ("x" * (256 * 1024 - 2), "x" * (256 * 1024 - 2)),
        (doubled(10), doubled(10)),
    ],
)
def test_everything_else_comes_through_the_converter_unchanged(value: Any, comes: Any) -> None:
    answer = serve(returning(value))
    payload = DATA_CONVERTER.payload_converter.to_payloads([answer])[0]
    assert json.loads(payload.data)["result"] == comes


def test_awaits_nothing_that_a_step_forgot_to_await() -> None:
    async def forgotten() -> None:
        return None

    coroutine = forgotten()
    failure = refused(returning(coroutine))
    coroutine.close()
    assert "a coroutine at its root, which JSON cannot carry: await it, or declare the step with async def" in failure.message
