import { WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
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
import { QUEUES } from '../contracts/queues.ts';
import { callTemporal, type Cerebros } from './connect.ts';
import { describeRun, requireDescription } from './describe.ts';
import { isNotFound, noWorker, refused, runNotFound } from './errors.ts';
import { checkRunId } from './run-id.ts';
import { rollbackRun } from './rollback.ts';
import { ledgerRow, showRun } from './show.ts';

/** The run right after a control was taken. */
export interface ControlResult {
  readonly execution_id: string;
  readonly status: RunStatus;
}

/** A control waits this long for a worker, in ms. */
const UPDATE_MS = 10_000;

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

/** Stops the running step now and undoes everything; of a halted run, it is its rollback with reason `cancelled`. */
export async function cancelRun(cerebros: Cerebros, id: string): Promise<ControlResult> {
  checkRunId(id);
  const description = await requireDescription(cerebros, id);
  if (description.status.name === 'RUNNING') {
    await callTemporal(cerebros, (client) => client.workflow.getHandle(id).cancel());
    const row = await ledgerRow(cerebros, id).catch(() => undefined);
    return { execution_id: id, status: row?.status ?? 'running' };
  }
  const run = await showRun(cerebros, id);
  if (run.status !== 'halted') throw alreadyClosed(id, run.status);
  const started = await rollbackRun(cerebros, id, { reason: 'cancelled' });
  return { execution_id: id, status: started.status };
}

type Control = UpdateDefinition<ControlAnswer> | UpdateDefinition<ControlAnswer, [SkipInput]>;

async function control(cerebros: Cerebros, id: string, update: Control, args: [] | [SkipInput] = []): Promise<ControlResult> {
  checkRunId(id);
  try {
    const answer = await callTemporal(
      cerebros,
      (client) => client.workflow.getHandle(id).executeUpdate<ControlAnswer, [SkipInput]>(update.name, { args: args as [SkipInput] }),
      UPDATE_MS,
    );
    return { execution_id: id, status: answer.status };
  } catch (error) {
    throw await explain(cerebros, { id, update: update.name, error });
  }
}

interface Failed {
  readonly id: string;
  readonly update: string;
  readonly error: unknown;
}

async function explain(cerebros: Cerebros, { id, update, error }: Failed): Promise<unknown> {
  if (error instanceof WorkflowUpdateFailedError)
    return refused(`${update} of ${id}: ${error.cause?.message ?? error.message}`, `cerebros show ${id}`, error);
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return noWorker(`${update} of ${id}`, QUEUES.main);
  if (!isNotFound(error)) return error;
  const description = await describeRun(cerebros, id);
  if (!description) return runNotFound(id);
  const row = await ledgerRow(cerebros, id).catch(() => undefined);
  return alreadyClosed(id, row?.status ?? description.status.name.toLowerCase());
}

function alreadyClosed(id: string, status: string): Error {
  return refused(`run ${id}: expected an open run, got one that is ${status}`, `cerebros show ${id}`);
}
