import type { WorkflowExecutionDescription } from '@temporalio/client';
import { childId } from '../contracts/ids.ts';
import type { SagaRun } from '../contracts/ledger.ts';
import { PROGRESS_MEMO, type HeartbeatProgress, type PendingCall } from '../contracts/progress.ts';
import type { Cerebros } from './connect.ts';
import { describeRun } from './describe.ts';
import { heartbeatOf } from './pending-calls.ts';

/** Of more running jobs than this a run's progress does not ask. */
const CHILDREN_MAX = 20;

/**
 * The jobs that running steps wait for, as Temporal describes them: a job under the id `<run id>.<step name>` keeps how far it is in its
 * memo, to which the heartbeats of its activities add. A job that does not say, or cannot be asked, has nothing to show.
 */
export async function childCalls(
  cerebros: Cerebros,
  run: SagaRun,
  description: WorkflowExecutionDescription | undefined,
): Promise<PendingCall[]> {
  const pending = new Set((description?.raw.pendingChildren ?? []).map((child) => child.workflowId));
  const waiting = run.steps.filter((step) => step.status === 'running' && pending.has(childId(run.id, step.step_name)));
  return Promise.all(
    waiting.slice(0, CHILDREN_MAX).map(async ({ step_idx, step_name }) => {
      const job = await describeRun(cerebros, childId(run.id, step_name)).catch(() => undefined);
      return { step_idx, state: 'started', attempt: 1, ...reportOf(job) } as const;
    }),
  );
}

function reportOf(job: WorkflowExecutionDescription | undefined): Pick<PendingCall, 'heartbeat' | 'last_failure'> {
  const activities = job?.raw.pendingActivities ?? [];
  const failure = activities.find((activity) => activity.lastFailure?.message)?.lastFailure?.message;
  const kept = job?.memo?.[PROGRESS_MEMO] as Partial<HeartbeatProgress> | undefined;
  const done = activities.reduce((sum, activity) => sum + doneOf(heartbeatOf(activity)), doneOf(kept));
  return { ...(kept ? { heartbeat: { ...kept, done } } : {}), ...(failure ? { last_failure: failure } : {}) };
}

function doneOf(report: unknown): number {
  const { done } = (report ?? {}) as Partial<HeartbeatProgress>;
  return typeof done === 'number' && done > 0 ? done : 0;
}
