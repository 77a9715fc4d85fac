"""Hashes that agree with those of the TypeScript side."""

from __future__ import annotations

import pytest

from cerebros.steps.canonical import canonical_json, sha256_of_json


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.0, "1"),
        (-0.0, "0"),
        (1.5, "1.5"),
        (100.0, "100"),
        (0.1, "0.1"),
        (0.000001, "0.000001"),
        (1e-7, "1e-7"),
        (-2.5e-9, "-2.5e-9"),
        (123456.789, "123456.789"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e21, "1e+21"),
        (1.5e300, "1.5e+300"),
        (5e-324, "5e-324"),
        (2**53 - 1, "9007199254740991"),
        (True, "true"),
        (None, "null"),
    ],
)
def test_writes_numbers_as_javascript_does(number: float, text: str) -> None:
    assert canonical_json(number) == text


def test_sorts_keys_as_javascript_does() -> None:
    # Array indices first, by number; then by UTF-16 units, in which an emoji is before U+E000.
    value = {"b": 1, "10": 2, "9": 3, "01": 4, "4294967295": 5, "a\ue000": 6, "a\U0001f600": 7}
    assert canonical_json(value) == '{"9":3,"10":2,"01":4,"4294967295":5,"a\U0001f600":7,"a\ue000":6,"b":1}'


def test_writes_text_as_javascript_does() -> None:
    assert canonical_json(['\x01\n"\\/\x7f\u2028ü']) == '["\\u0001\\n\\"\\\\/\x7f\u2028ü"]'


def test_hashes_as_the_typescript_side_does() -> None:
    # Of `blueprintSha256` in src/client/blueprints/hash.ts.
    blueprint = {
        "version": "1",
        "name": "report",
        "steps": [
            {"name": "extract", "estimated_duration_s": 2.0},
            {"needs": ["extract"], "name": "load", "undo": {"task_type": "unload"}},
        ],
        "description": "Zahlen für alle ☃",
    }
    assert sha256_of_json(blueprint) == "796c978e05c0e13193bd37ea9a79f47b2cafea83cde281317fbb3930bfe9d17c"
    assert sha256_of_json(dict(reversed(blueprint.items()))) == sha256_of_json(blueprint)
