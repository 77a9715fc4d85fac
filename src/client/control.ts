import type { UpdateDefinition } from '@temporalio/common';
import type { Json, RunStatus } from '../contracts/ledger.ts';
import {
  cancelAfterStepUpdate,
  haltUpdate,
  pauseUpdate,
  resumeUpdate,
  skipUpdate,
  type ControlAnswer,
  type SkipInput,
} from '../contracts/messages.ts';
import { cancelPendingRun } from '../ledger/queries/cancel-pending-run.ts';
import { callLedger, callTemporal, type Cerebros } from './connect.ts';
import { describeRun } from './describe.ts';
import { asEnded, endedByTemporal } from './ended-by-temporal.ts';
import { refused } from './errors.ts';
import { checkRunId } from './run-id.ts';
import { rollbackRun } from './rollback.ts';
import { ledgerRow, showRun } from './show.ts';
import { updateRun } from './update-run.ts';

/** The run right after a control was taken. */
export interface ControlResult {
  readonly execution_id: string;
  readonly status: RunStatus;
}

// All of them throw UserErrors: RUN_NOT_FOUND (exit 4), REFUSED (5) with the reason, NO_WORKER (5) after about 10 s.

/** No new step starts; running ones finish, timers run on. */
export function pauseRun(cerebros: Cerebros, id: string): Promise<ControlResult> {
  return control(cerebros, id, pauseUpdate);
}

/** Goes on after a pause. */
export function resumeRun(cerebros: Cerebros, id: string): Promise<ControlResult> {
  return control(cerebros, id, resumeUpdate);
}

/** Stops at the next step boundary with everything kept. */
export function haltRun(cerebros: Cerebros, id: string): Promise<ControlResult> {
  return control(cerebros, id, haltUpdate);
}

/** Lets the running steps finish, then undoes everything. */
export function cancelRunAfterStep(cerebros: Cerebros, id: string): Promise<ControlResult> {
  return control(cerebros, id, cancelAfterStepUpdate);
}

/** Gives a step that has not started its result. `step` is a name or an index. */
export function skipStep(cerebros: Cerebros, id: string, step: string, result: Json): Promise<ControlResult> {
  return control(cerebros, id, skipUpdate, [{ step, result }]);
}

/**
 * Stops the running step now and undoes everything. Of a run that is halted, or that Temporal ended without undo, it is its rollback with
 * reason `cancelled`; one that never started is over at once.
 */
export async function cancelSaga(cerebros: Cerebros, id: string): Promise<ControlResult> {
  checkRunId(id);
  const description = await describeRun(cerebros, id);
  if (description?.status.name === 'RUNNING') {
    await callTemporal(cerebros, (client) => client.workflow.getHandle(id).cancel());
    const row = await ledgerRow(cerebros, id).catch(() => undefined);
    return { execution_id: id, status: row?.status ?? 'running' };
  }
  if (!description && (await callLedger(cerebros, (sql) => cancelPendingRun(sql, id)))) return { execution_id: id, status: 'cancelled' };
  const run = asEnded(await showRun(cerebros, id), description);
  if (run.run_id === null && run.status === 'pending') throw starting(id);
  if (run.status !== 'halted' && !endedByTemporal(description)) throw alreadyClosed(id, run.status);
  const started = await rollbackRun(cerebros, id, { reason: 'cancelled' });
  return { execution_id: id, status: started.status };
}

type Control = UpdateDefinition<ControlAnswer> | UpdateDefinition<ControlAnswer, [SkipInput]>;

async function control(cerebros: Cerebros, id: string, update: Control, args: [] | [SkipInput] = []): Promise<ControlResult> {
  const { status } = await updateRun(cerebros, id, update as UpdateDefinition<ControlAnswer, [] | [SkipInput]>, ...args);
  return { execution_id: id, status };
}

function starting(id: string): Error {
  return refused(`run ${id}: expected one that is started or not, got one that is being started`, `cerebros cancel ${id}   (in a minute)`);
}

function alreadyClosed(id: string, status: string): Error {
  return refused(`run ${id}: expected an open run, got one that is ${status}`, `cerebros show ${id}`);
}
