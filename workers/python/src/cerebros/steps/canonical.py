"""The text that hashes of JSON are made of: character for character that of `src/client/canonical-json.ts`."""

from __future__ import annotations

import hashlib
import json
import math
import re
from decimal import Decimal
from typing import Any

_ARRAY_INDEX = re.compile(r"0|[1-9]\d{0,9}")
_ARRAY_INDEX_MAX = 2**32 - 2


def canonical_json(value: Any) -> str:
    """JSON with the keys of every object in order, and numbers as JavaScript writes them. The value must be strict JSON."""
    if isinstance(value, dict):
        pairs = (f"{_text(key)}:{canonical_json(value[key])}" for key in sorted(value, key=_key_order))
        return f"{{{','.join(pairs)}}}"
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(canonical_json, value))}]"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        return _number(value)
    return json.dumps(value)


def sha256_of_json(value: Any) -> str:
    """SHA-256 of the canonical JSON, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _key_order(key: str) -> tuple[int, int, bytes]:
    """JavaScript keeps keys that are array indices first, by number, and compares the others by UTF-16 units."""
    if _ARRAY_INDEX.fullmatch(key) and int(key) <= _ARRAY_INDEX_MAX:
        return 0, int(key), b""
    return 1, 0, key.encode("utf-16-be")


def _number(value: float) -> str:
    """As `Number.prototype.toString`: the same shortest digits as Python's, another notation."""
    if value == 0:
        return "0"
    sign = "-" if math.copysign(1, value) < 0 else ""
    _, parts, exponent = Decimal(repr(abs(value))).normalize().as_tuple()
    digits = "".join(map(str, parts))
    point = len(digits) + int(exponent)
    return sign + _notation(digits, point)


def _notation(digits: str, point: int) -> str:
    """`0.digits` times ten to the power of `point`."""
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    mantissa = digits if len(digits) == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{mantissa}e{point - 1:+d}"
