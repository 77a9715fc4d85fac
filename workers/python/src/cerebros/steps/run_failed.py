"""How a run that did not complete is told to who waited for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Stuck:
    """A step that could not be taken back, and why."""

    step_name: str
    code: str
    message: str


class RunFailed(Exception):
    """Raised for a run that ended other than completed.

    `status`: `rolled_back` (all is undone), `failed` (something in `stuck` is not), `halted` or `cancelled`. `reason`: `step_failed:NAME`,
    `cancelled`, `terminated`, `timeout`, or `failed` for anything else. `code` and `message`: those of the step that failed, if one did.
    """

    def __init__(  # noqa: PLR0913 -- the fields of what it tells, each by its name
        self, *, execution_id: str, status: str, reason: str, code: str, message: str, stuck: Sequence[Stuck] = ()
    ) -> None:
        left = f"; could not be undone: {', '.join(one.step_name for one in stuck)}" if stuck else ""
        super().__init__(f"run {execution_id} is {status}: {reason} ({code}: {message}){left}")
        self.execution_id = execution_id
        self.status = status
        self.reason = reason
        self.code = code
        self.message = message
        self.stuck = tuple(stuck)
