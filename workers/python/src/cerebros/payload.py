"""JSON that the TypeScript side can read: Python's own writes NaN and Infinity, on which a workflow there hangs for ever."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    AdvancedJSONEncoder,
    CompositePayloadConverter,
    DataConverter,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
)
from temporalio.exceptions import ApplicationError


class StrictJSONPayloadConverter(JSONPlainPayloadConverter):
    """Plain JSON; raises a non-retryable `VALUE_NOT_JSON` that says where, for what JSON cannot carry."""

    def to_payload(self, value: Any) -> Payload:
        try:
            text = json.dumps(value, cls=AdvancedJSONEncoder, allow_nan=False, separators=(",", ":"))
        except (ValueError, TypeError, RecursionError) as error:
            found = _not_finite(value, "") or str(error)
            message = f"a payload holds {found}: expected finite numbers, strings, booleans, null, lists and objects"
            raise ApplicationError(message, type="VALUE_NOT_JSON", non_retryable=True) from error
        return Payload(metadata={"encoding": self.encoding.encode()}, data=text.encode())


def _not_finite(value: Any, at: str) -> str | None:
    """The first number that is not finite, and where it is; nested at most as deep as Python recurses."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value} at {at or 'its root'}"
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    try:
        return next((found for key, inner in pairs if (found := _not_finite(inner, f"{at}/{key}"))), None)
    except RecursionError:
        return None


class StrictPayloadConverter(CompositePayloadConverter):
    """The SDK's converters, with strict JSON in place of its own."""

    def __init__(self) -> None:
        converters = DefaultPayloadConverter.default_encoding_payload_converters
        strict = (StrictJSONPayloadConverter() if isinstance(one, JSONPlainPayloadConverter) else one for one in converters)
        super().__init__(*strict)


DATA_CONVERTER = dataclasses.replace(DataConverter.default, payload_converter_class=StrictPayloadConverter)
"""How our workers turn values into payloads and back."""
