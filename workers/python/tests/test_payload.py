"""Nothing that another language cannot read leaves the worker."""

from __future__ import annotations

from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.exceptions import ApplicationError

from cerebros.payload import DATA_CONVERTER

converter = DATA_CONVERTER.payload_converter


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (float("nan"), "nan at its root"),
        ({"epochs": [{"loss": 1.0}, {"loss": float("inf")}]}, "inf at /epochs/1/loss"),
        ({"value": (1.0, float("-inf"))}, "-inf at /value/1"),
        ({"value": object()}, "Object of type object is not JSON serializable"),
    ],
)
def test_refuses_what_json_cannot_carry_and_says_where(value: Any, found: str) -> None:
    with pytest.raises(ApplicationError, match=found) as caught:
        converter.to_payloads([value])
    assert (caught.value.type, caught.value.non_retryable) == ("VALUE_NOT_JSON", True)


def test_everything_else_is_plain_json() -> None:
    payload = converter.to_payloads([{"b": [1, 2.5, None, True], "a": "ü"}])[0]
    assert payload.metadata["encoding"] == b"json/plain"
    assert payload.data == b'{"b":[1,2.5,null,true],"a":"\\u00fc"}'
    assert converter.from_payloads([payload]) == [{"b": [1, 2.5, None, True], "a": "ü"}]


def test_reads_what_the_typescript_side_sends_for_undefined() -> None:
    assert converter.from_payloads([Payload(metadata={"encoding": b"binary/null"})]) == [None]
