"""The Python side of Cerebros: workers that serve activities of its workflows, and workflows made of plain functions."""

from cerebros.errors import UserError
from cerebros.steps.context import Context
from cerebros.steps.further import Further
from cerebros.steps.local.asking import ApprovalRequest, Verdict
from cerebros.steps.protocol import StepError, Undo
from cerebros.steps.run_failed import RunFailed, Stuck
from cerebros.steps.step import Step, step
from cerebros.steps.step_worker import Worker
from cerebros.steps.suspension import Decision, Slept, approval, sleep
from cerebros.steps.workflow import Builder, Workflow, workflow

__all__ = [
    "ApprovalRequest",
    "Builder",
    "Context",
    "Decision",
    "Further",
    "RunFailed",
    "Slept",
    "Step",
    "StepError",
    "Stuck",
    "Undo",
    "UserError",
    "Verdict",
    "Worker",
    "Workflow",
    "approval",
    "sleep",
    "step",
    "workflow",
]
