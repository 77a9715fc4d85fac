"""Which values a step's function is called with, by the names and annotations of its parameters."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cerebros.steps.context import Context
from cerebros.steps.failures import refusal
from cerebros.steps.protocol import StepInput, Undo

BoundTo = Literal["inputs", "context", "undo", "need"]

_BY_NAME: dict[str, BoundTo] = {"inputs": "inputs", "ctx": "context", "undo": "undo"}
_BY_CLASS: dict[str, BoundTo] = {"Context": "context", "Undo": "undo"}

RESERVED = tuple(_BY_NAME)
"""Parameters of these names get the run's inputs, the `Context` and the `Undo`, whatever they are annotated with; no step has one."""


@dataclass(frozen=True)
class Parameter:
    """What one parameter is bound to; `need` is the output of the step of its name."""

    name: str
    bound_to: BoundTo
    required: bool


def parameter_name(step_name: str) -> str:
    """The parameter that gets a step's output: its name, with `_` for what no parameter may hold."""
    return re.sub(r"[.-]", "_", step_name)


def read_parameters(function: Callable[..., Any]) -> Sequence[Parameter]:
    """The parameters of a step's or an undo's function. Raises `TypeError` for a function that cannot be one."""
    name = getattr(function, "__name__", type(function).__name__)
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(f"step {name}: expected a function, got a generator; return a list instead of yielding")
    parameters = _signature(function).parameters.values()
    for one in parameters:
        if one.kind not in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY):
            raise TypeError(f"step {name}: parameter {one}: expected one that is given by name; write {one.name} without *, ** and /")
    return tuple(Parameter(one.name, _bound_to(one), one.default is one.empty) for one in parameters)


def unknown_parameters(parameters: Sequence[Parameter], needs: Iterable[str]) -> Sequence[str]:
    """The parameters for which a step that needs these others has no value."""
    known = {parameter_name(need) for need in needs}
    return [one.name for one in parameters if one.bound_to == "need" and one.required and one.name not in known]


def bind(parameters: Sequence[Parameter], given: StepInput, context: Context) -> dict[str, Any]:
    """The arguments of one call. Raises a non-retryable `INVALID_INPUT` when a parameter has no value."""
    missing = unknown_parameters(parameters, given.needs)
    if missing:
        needs = ", ".join(given.needs) or "none"
        expected = f"expected inputs, a Context, or a step that {given.step_name} needs ({needs})"
        raise refusal("INVALID_INPUT", f"step {given.step_name}: parameter {missing[0]}: {expected}; name it in the timeline, or rename it")
    special = {"inputs": given.inputs, "context": context, "undo": given.undo}
    outputs = {parameter_name(need): output for need, output in given.needs.items()}
    known = {one.name: special[one.bound_to] for one in parameters if one.bound_to != "need"}
    return known | {one.name: outputs[one.name] for one in parameters if one.bound_to == "need" and one.name in outputs}


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    try:
        return inspect.signature(function, eval_str=True)
    except Exception:  # an annotation that only a type checker can read
        return inspect.signature(function)


def _bound_to(parameter: inspect.Parameter) -> BoundTo:
    annotation = parameter.annotation
    if annotation is Context or annotation is Undo:
        return _BY_CLASS[annotation.__name__]
    if isinstance(annotation, str) and annotation.split(".")[-1] in _BY_CLASS:
        return _BY_CLASS[annotation.split(".")[-1]]
    return _BY_NAME.get(parameter.name, "need")
