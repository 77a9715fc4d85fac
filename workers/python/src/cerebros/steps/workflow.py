"""The decorator that makes a workflow of steps, and what can be done with one."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, overload

from cerebros.errors import UserError
from cerebros.settings import Flags, load_settings
from cerebros.steps.blueprint import Blueprint, Graph, description_of
from cerebros.steps.canonical import sha256_of_json
from cerebros.steps.execute import StartedRun, StartRequest, start_run, wait_for
from cerebros.steps.local.asking import Ask
from cerebros.steps.local.options import LocalOptions
from cerebros.steps.local.run import LocalRun
from cerebros.steps.local.terminal import Terminal
from cerebros.steps.register import register_blueprint
from cerebros.steps.step import NAME, Step
from cerebros.steps.timeline import Stretch, merged, timeline_of


class Builder:
    """What a workflow's function is given to declare its steps on."""

    def __init__(self) -> None:
        """Made by `workflow`."""
        self._stretches: list[Stretch] = []
        self._addable: list[Step[..., Any]] = []

    def timeline(self, *stretches: Stretch) -> None:
        """Adds steps in their order: `a >> b` (b needs a), `a >> [b, c] >> d` (b and c in parallel). Several ones share their steps."""
        self._stretches.extend(stretches)

    def may_add(self, *steps: Step[..., Any]) -> None:
        """Names steps that others add while a run goes on, with `Further`."""
        self._addable.extend(steps)

    def graph(self, name: str) -> Graph:
        """What was declared, as the workflow of this name. Raises `TypeError` or `ValueError`, which say what to change."""
        return Graph(name, merged(timeline_of(one) for one in self._stretches), self._addable)


class Workflow:
    """Steps in their order, by a name and a version. Its methods run it; it has no state of its own."""

    def __init__(self, name: str, version: str, description: str | None, graph: Graph) -> None:
        """Made by `workflow`."""
        self.name = name
        self.version = version
        self._description = description
        self._graph = graph

    def __repr__(self) -> str:
        return f"workflow {self.name}@{self.version}"

    @property
    def steps(self) -> Sequence[Step[..., Any]]:
        """Its steps, those among them that others may add: what a worker is to serve."""
        return list(self._graph.served.values())

    def blueprint(self) -> Blueprint:
        """The workflow as data, as `cerebros blueprint register` takes it."""
        known: Blueprint = {"name": self.name, "version": self.version, "steps": self._graph.blueprint_steps()}
        return known if self._description is None else {**known, "description": self._description}

    def register(self, file: Path | str | None = None) -> Mapping[str, Any]:
        """Writes the blueprint to a file (default `NAME-VERSION.json` here), registers it with the `cerebros` command, and answers its row.

        A version that is registered never changes. Raises `UserError`, which says what to run, when there is no such command, and when
        it refuses.
        """
        return register_blueprint(self.blueprint(), Path(file or f"{self.name}-{self.version}.json"))

    @overload
    async def execute(
        self,
        inputs: Any = None,
        *,
        id: str | None = None,
        wait: Literal[True] = True,
        address: str | None = None,
        namespace: str | None = None,
        requested_by: str | None = None,
    ) -> dict[str, Any]: ...

    @overload
    async def execute(
        self,
        inputs: Any = None,
        *,
        id: str | None = None,
        wait: Literal[False],
        address: str | None = None,
        namespace: str | None = None,
        requested_by: str | None = None,
    ) -> StartedRun: ...

    async def execute(  # noqa: PLR0913 -- what `cerebros start` takes, each by its name
        self,
        inputs: Any = None,
        *,
        id: str | None = None,
        wait: bool = True,
        address: str | None = None,
        namespace: str | None = None,
        requested_by: str | None = None,
    ) -> dict[str, Any] | StartedRun:
        """Starts a run on Temporal and answers the outputs of its steps, by name; with `wait=False` at once, which run it is.

        The same `id` and `inputs` again is the same run; without an id it gets one. `inputs` are JSON, `{}` by default. Temporal is
        found as the worker finds it, unless `address` (host:port) and `namespace` say where. `requested_by` may not approve what the
        run asks for (default: CEREBROS_USER, else nobody). Raises `RunFailed`; `UserError` when the run cannot be started.
        """
        settings = load_settings(Flags(address, namespace), os.environ)
        blueprint = self.blueprint()
        whole = {"blueprint": blueprint, "sha256": sha256_of_json(blueprint), "inputs": {} if inputs is None else inputs}
        person = requested_by or os.environ.get("CEREBROS_USER") or None
        handle, started = await start_run(settings, StartRequest(whole, id, person))
        return await wait_for(handle) if wait else started

    async def run_local(
        self, inputs: Any = None, *, id: str = "local", on_approval: Ask | None = None, time_scale: float = 1.0
    ) -> dict[str, Any]:
        """Runs it here, without any server, and answers the outputs of its steps, by name; nothing of it survives this process.

        Steps are called as a worker calls them: retried, called again after each sleep and decision, undone when the run fails or is
        cancelled. `on_approval` decides (default: who sits at the terminal); it is not held to `approvers`. Sleeps, and the waits between
        attempts, take `time_scale` times as long as they say. Raises `RunFailed`.
        """
        if not 0 <= time_scale <= 1000:
            raise UserError(f"time_scale: expected 0 to 1000, got {time_scale}")
        options = LocalOptions(execution_id=id, on_approval=on_approval or Terminal().ask, time_scale=time_scale)
        return await LocalRun(self._graph, {} if inputs is None else inputs, options).run()


Declare = Callable[[Builder], None]
"""A function that declares the steps of a workflow."""


@overload
def workflow(declare: Declare, /) -> Workflow: ...


@overload
def workflow(*, name: str | None = None, version: str = "1") -> Callable[[Declare], Workflow]: ...


def workflow(declare: Declare | None = None, /, *, name: str | None = None, version: str = "1") -> Workflow | Callable[[Declare], Workflow]:
    """Makes a workflow of a function that declares its steps on the `Builder` it is given; its docstring is the description.

    `name` (default: the function's) and `version`: letters, digits, ".", "_" or "-", at most 100. Raises `ValueError` or `TypeError` when
    the steps do not fit together.
    """

    def make(declared: Declare) -> Workflow:
        own = name or declared.__name__
        for what, text in (("name", own), ("version", version)):
            if not isinstance(text, str) or NAME.fullmatch(text) is None:
                raise ValueError(f'workflow {own}: {what}: expected letters, digits, ".", "_" or "-", 1 to 100 of them, got {text!r:.60}')
        builder = Builder()
        declared(builder)
        return Workflow(own, version, description_of(inspect.getdoc(declared)), builder.graph(own))

    return make if declare is None else make(declare)
