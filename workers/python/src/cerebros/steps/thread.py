"""Runs a function that would block in a thread."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable
from typing import NoReturn, TypeVar

T = TypeVar("T")


async def run_in_thread(function: Callable[[], T], on_cancel: Callable[[], None]) -> T:
    """What the function returns or raises. It is run with the caller's context variables.

    When cancelled, tells the function so by `on_cancel` and waits for its end, for its effects must not meet their undo; a second cancel
    leaves it behind. The thread is a daemon: one that hangs does not keep the process.
    """
    loop = asyncio.get_running_loop()
    context = contextvars.copy_context()
    ended: asyncio.Future[Callable[[], T]] = loop.create_future()

    def work() -> None:
        outcome = _outcome_of(lambda: context.run(function))
        # The loop may have gone on without this thread.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(ended.set_result, outcome)

    threading.Thread(target=work, name="cerebros step", daemon=True).start()
    try:
        await asyncio.wait({ended})
    except asyncio.CancelledError:
        on_cancel()
        await asyncio.wait({ended})
    return ended.result()()


def _outcome_of(function: Callable[[], T]) -> Callable[[], T]:
    """Answers or raises, later, what the function did; a future cannot hold every exception."""
    try:
        result = function()
    except BaseException as error:  # brought to the caller, whatever it is
        return _raiser(error)
    return lambda: result


def _raiser(error: BaseException) -> Callable[[], NoReturn]:
    def fail() -> NoReturn:
        raise error

    return fail
