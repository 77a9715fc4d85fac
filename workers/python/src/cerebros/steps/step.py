"""The decorator that makes a step of a function."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Generic, ParamSpec, TypeVar, overload

from cerebros.steps.binding import RESERVED, read_parameters
from cerebros.steps.call import Handler
from cerebros.steps.duration import YEAR_MS, Duration, to_ms
from cerebros.steps.protocol import PlanStep
from cerebros.steps.timeline import Node, Timeline

P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])

NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
"""Names of steps and blueprints."""

_RETRIES_MAX = 1000
_QUEUE_CHARS_MAX = 200


@dataclass(frozen=True)
class StepOptions:
    """How the engine runs a step, in the names and units of a blueprint; None: as a blueprint has it by default."""

    queue: str | None = None
    max_retries: int | None = None
    timeout_ms: int | None = None
    heartbeat_ms: int | None = None
    schedule_to_start_ms: int | None = None
    estimated_duration_s: float | None = None


class Step(Node, Generic[P, R]):
    """A step of workflows. Called, it runs its function, as a test of it may want; `>>` puts it before others."""

    def __init__(self, function: Callable[P, R], name: str, options: StepOptions) -> None:
        """Made by `step`."""
        if NAME.fullmatch(name) is None or name.isdigit():
            raise ValueError(f'step {name!r}: expected a name of letters, digits, ".", "_" or "-", at most 100, and no number; give name=')
        if name in RESERVED:
            raise ValueError(f"step {name}: expected another name, for a parameter of this one gets something else; give name=")
        self.name = name
        self.function = function
        self.options = options
        self.handler = Handler(name, function, read_parameters(function))
        self.undo_handler: Handler | None = None
        self.__doc__ = function.__doc__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Runs the function; it can neither sleep nor ask, which only runs can."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"step {self.name}"

    def timeline(self) -> Timeline:
        """The step alone."""
        return Timeline((self,), (), (self,), (self,))

    def as_data(self, needs: Sequence[str]) -> PlanStep:
        """The step as it stands in a plan, behind others."""
        undo = self.undo_handler and {"task_type": self.undo_handler.name}
        fields = {"name": self.name, **asdict(self.options), "needs": needs or None, "undo": undo}
        return {key: value for key, value in fields.items() if value is not None}  # type: ignore[return-value]

    def named(self, name: str, *, needs: Sequence[Step[..., Any] | str] = (), inputs: Any = None) -> PlanStep:
        """The step under another name, for `Further`; `inputs`, when given, take the place of the run's."""
        data: PlanStep = {
            **self.as_data([one if isinstance(one, str) else one.name for one in needs]),
            "name": name,
            "task_type": self.name,
        }
        return data if inputs is None else {**data, "inputs": inputs}

    def undo(self, function: F) -> F:
        """Makes a function the one that takes this step back, as the activity of its own name.

        It gets `undo: Undo`, and what else the step may get. It must accept that nothing happened; it cannot sleep or ask.
        """
        if self.undo_handler is not None:
            raise ValueError(f"step {self.name}: expected one undo, got {self.undo_handler.name} and {_name_of(function)}; take one out")
        self.undo_handler = Handler(_name_of(function), function, read_parameters(function), undoes=True)
        return function


@overload
def step(function: Callable[P, R], /) -> Step[P, R]: ...


@overload
def step(
    *,
    name: str | None = None,
    queue: str | None = None,
    timeout: Duration | None = None,
    heartbeat: Duration | None = None,
    schedule_to_start: Duration | None = None,
    max_retries: int | None = None,
    estimated_duration: Duration | None = None,
    undo: Callable[..., Any] | None = None,
) -> Callable[[Callable[P, R]], Step[P, R]]: ...


def step(  # noqa: PLR0913 -- the fields of a blueprint's step, each by its name
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    queue: str | None = None,
    timeout: Duration | None = None,
    heartbeat: Duration | None = None,
    schedule_to_start: Duration | None = None,
    max_retries: int | None = None,
    estimated_duration: Duration | None = None,
    undo: Callable[..., Any] | None = None,
) -> Any:
    """Makes a step of a function, `async def` or `def`; the latter is run in a thread.

    The function's parameters are bound by name: `inputs` gets the run's inputs, one annotated with `Context` (or named `ctx`) the
    context, and one named like a step that this one needs that step's output (`-` and `.` in its name are `_` here). It returns JSON of at
    most 256 KiB. It is called again, from its start, after each retry, `sleep` and `approval`.

    Durations are timedeltas or whole milliseconds. `name`: also that of the activity (default: the function's). `queue`: where workers
    that serve it poll (default `cerebros-python`). `timeout`: of one attempt (5 minutes). `heartbeat`: a worker that is silent for so
    long counts as dead (10 s, at least 500 ms). `schedule_to_start`: how long it waits for a worker (10 minutes, at least 100 ms).
    `max_retries`: after the first attempt, after 1 s, 2 s, 4 s … (3, at most 1000). `estimated_duration`: its weight in the progress.
    `undo`: the function that takes it back, see `Step.undo`. Raises `ValueError` or `TypeError` when something does not fit.
    """

    def make(decorated: Callable[P, R]) -> Step[P, R]:
        own = name or _name_of(decorated)
        options = StepOptions(
            queue=_checked_queue(own, queue),
            max_retries=_checked_retries(own, max_retries),
            timeout_ms=_ms(timeout, f"timeout of step {own}", 1),
            heartbeat_ms=_ms(heartbeat, f"heartbeat of step {own}", 500),
            schedule_to_start_ms=_ms(schedule_to_start, f"schedule_to_start of step {own}", 100),
            estimated_duration_s=_seconds(_ms(estimated_duration, f"estimated_duration of step {own}", 1)),
        )
        made = Step(decorated, own, options)
        if undo is not None:
            made.undo(undo)
        return made

    return make if function is None else make(function)


def _name_of(function: Callable[..., Any]) -> str:
    if not callable(function) or inspect.isclass(function):
        raise TypeError(f"step: expected a function, got {function!r:.60}; write @step above a def")
    return getattr(function, "__name__", type(function).__name__)


def _checked_queue(name: str, queue: str | None) -> str | None:
    if queue is not None and (not 1 <= len(queue) <= _QUEUE_CHARS_MAX or not queue.isprintable()):
        raise ValueError(f"queue of step {name}: expected text of one line, 1 to {_QUEUE_CHARS_MAX} characters, got {queue!r:.60}")
    return queue


def _checked_retries(name: str, retries: int | None) -> int | None:
    if retries is not None and (not isinstance(retries, int) or isinstance(retries, bool) or not 0 <= retries <= _RETRIES_MAX):
        raise ValueError(f"max_retries of step {name}: expected a whole number from 0 to {_RETRIES_MAX}, got {retries!r:.60}")
    return retries


def _ms(value: Duration | None, what: str, low: int) -> int | None:
    return None if value is None else to_ms(value, what, low, YEAR_MS)


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000
