"""How what goes wrong in a step leaves it: an error that fits into Temporal, with a code where the engine knows one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from temporalio.exceptions import ApplicationError

Code = Literal[
    "INVALID_INPUT",
    "VALUE_NOT_JSON",
    "PAYLOAD_TOO_LARGE",
    "MALFORMED_RESULT",
    "RESUME_MISMATCH",
    "ENGINE_MISUSE",
]
"""Codes of `src/contracts/errors.ts` that a worker gives by itself; no retry mends any of them."""

_TRAVELLING_CHARS = 20_000
_CAUSES_MAX = 20
_MESSAGE_CHARS = 1000


def refusal(code: Code, message: str) -> ApplicationError:
    """A failure that is not retried."""
    return ApplicationError(message, type=code, non_retryable=True)


def reportable(error: BaseException) -> Exception:
    """The error itself, or a short one of its name: Temporal takes no failure of megabytes, and the loop no `SystemExit`."""
    if isinstance(error, Exception) and _travels(error):
        return error
    name = getattr(error, "type", None) or type(error).__name__
    final = bool(getattr(error, "non_retryable", False))
    return ApplicationError(_message(error) or name, type=name, non_retryable=final)


def code_and_message(error: BaseException) -> tuple[str, str]:
    """How the engine names an error in its rows: `src/workflows/saga/step-error.ts`."""
    code = (error.type or "ERROR") if isinstance(error, ApplicationError) else type(error).__name__
    return code, _message(error)


def _travels(error: Exception) -> bool:
    try:
        texts = [str(one).encode() for one in _chain(error)]
    except Exception:  # whatever a __str__ raises, or half a surrogate pair
        return False
    return sum(map(len, texts)) <= _TRAVELLING_CHARS and len(texts) < _CAUSES_MAX


def _chain(error: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = error
    for _ in range(_CAUSES_MAX):
        if one is None:
            return
        yield one
        one = one.__cause__


def _message(error: BaseException) -> str:
    try:
        # The text of an ApplicationError begins with its type.
        text = error.message if isinstance(error, ApplicationError) else str(error)
        return text[:_MESSAGE_CHARS].encode(errors="replace").decode()
    except Exception as failed:  # a __str__ that raises is no reason to lose the failure
        return f"its text cannot be had ({type(failed).__name__})"
