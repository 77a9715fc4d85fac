import {
  ChildWorkflowCancellationType,
  executeChild,
  ParentClosePolicy,
  startChild,
  type ChildWorkflowOptions,
} from '@temporalio/workflow';
import { childId } from '../../contracts/ids.ts';
import { isMalformed } from '../../contracts/payload-converter.ts';
import type { Plan } from '../../contracts/plan.ts';
import { SAGA_MEMO, type SagaMemo, type SagaStart } from '../../contracts/saga-start.ts';
import { SEARCH_ATTRIBUTES } from '../../contracts/search-attributes.ts';
import type { SubSagaActivities } from '../../contracts/sub-saga.ts';
import { activityId, callSteps, chargeInput, settle, takeScope, type CallScope } from './calls.ts';
import { refusal } from './step-error.ts';

/** More runs than this one try of a sub-saga does not have: re-entries and continue-as-new. */
const RUNS_PER_TRY = 1000;

/** A child that is a saga: cancelled, paused and halted with its parent, undone by it. Its result is the step's output. */
export async function runSubSaga<R>(workflowType: string, input: unknown, plan: Plan, suffix?: string): Promise<R> {
  const scope = takeScope(workflowType);
  await chargeInput(scope, input);
  const memo: SagaMemo = { kind: plan.kind, plan: plan.steps };
  const start: SagaStart = {
    parent_id: scope.saga_id,
    // Rows of the sub-saga that an earlier try ran under this id are older than any of this one's.
    ...(scope.recoveries > 0 ? { first_run_no: scope.recoveries * RUNS_PER_TRY + 1 } : {}),
  };
  return runAttached<R>(scope, workflowType, {
    workflowId: childId(scope.saga_id, suffix ?? scope.step.name),
    args: [input, start],
    memo: { [SAGA_MEMO]: memo },
    typedSearchAttributes: [
      { key: SEARCH_ATTRIBUTES.kind, value: plan.kind },
      { key: SEARCH_ATTRIBUTES.status, value: 'running' },
    ],
  });
}

/** A child that is no saga, under an id of its own: cancelled, paused and halted with its parent. Its result is the step's output. */
export async function runChild<R>(workflowType: string, input: unknown, workflowId: string): Promise<R> {
  const scope = takeScope(workflowType);
  await chargeInput(scope, input);
  return runAttached<R>(scope, workflowType, { workflowId, args: [input] });
}

async function runAttached<R>(
  scope: CallScope,
  workflowType: string,
  options: ChildWorkflowOptions & { readonly workflowId: string; readonly args: unknown[] },
): Promise<R> {
  scope.onJob(options.workflowId);
  const output: R = await executeChild(workflowType, {
    ...options,
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
    staticSummary: childSummary(scope),
  });
  if (isMalformed(output)) throw refusal('MALFORMED_RESULT', `step ${scope.step.name}: ${output.__malformed}`);
  settle(scope, { output, attempt: 1 });
  return output;
}

/** Undo of a step that ran a sub-saga: the child's body is run again, backwards, under its own id, and waited for. */
export function undoSubSaga(sagaId: string, suffix: string): Promise<null> {
  return callSteps<SubSagaActivities>().rollbackSubSaga({ id: childId(sagaId, suffix) });
}

/** What a step that started a job knows of it. */
export interface JobRef {
  readonly job_id: string;
  readonly run_id: string;
}

/** A child that is no saga and outlives its parent: the step is done when it has started, and owns it by its undo. */
export async function startJob(workflowType: string, input: unknown, suffix: string): Promise<JobRef> {
  const scope = takeScope(workflowType);
  await chargeInput(scope, input);
  const jobId = childId(scope.saga_id, suffix ?? scope.step.name);
  const handle = await startChild(workflowType, {
    workflowId: jobId,
    args: [input],
    parentClosePolicy: ParentClosePolicy.ABANDON,
    cancellationType: ChildWorkflowCancellationType.ABANDON,
    staticSummary: childSummary(scope),
  });
  scope.onJob(jobId);
  const ref = { job_id: jobId, run_id: handle.firstExecutionRunId };
  settle(scope, { output: ref, attempt: 1 });
  return ref;
}

function childSummary(scope: CallScope): string {
  return `${activityId(scope)} ${scope.step.label ?? scope.step.name}`;
}
